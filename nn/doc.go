// Package nn describes models: layers that add their computation and their
// parameters to a graph, losses, and the first values of parameters.
//
// # Layers
//
// A Layer is a small immutable value. Build adds it to a graph for one input
// and returns its output; the sizes of its parameters follow from the shape of
// the input, so a model never repeats them:
//
//	model := nn.Sequential(nn.Dense(256), nn.ReLU(), nn.Dropout(0.2), nn.Dense(10))
//
// A Func is a layer written as a Go function over the graph, for what
// containers cannot say: shared weights, several inputs, odd connections.
//
// Shapes in the documentation leave out the batch axis unless they name it B;
// (.., n) has any number of axes before the last.
//
// # Names
//
// Parameters are named as in PyTorch's state_dict: the children of Sequential
// are "0", "1", …, so the first layer of the model above has "0.weight" and
// "0.bias". Dense keeps its matrix as (in, out) and marks it as transposed in
// files, which hold (out, in). Transformers have the names and the layout of
// Hugging Face's GPT-2, (in, out) in files too.
//
// # Text
//
// GPT is a language model and Encoder makes a vector of a text; Attention and
// Block are their parts. They read tokens, i32 (T), and where positions do not
// hide each other the field "length", how many of them are no padding. Decoder
// builds the graph that generates text token by token.
//
// # Images
//
// An image is (H, W, C), channels last, where PyTorch has (C, H, W). Conv2d,
// ConvTranspose2d and the pooling layers work on images, Conv1d on positions
// (T, C); BatchNorm and GroupNorm take the last axis as channels. Convolutions
// keep their weights as (kh, kw, in, out) and mark them: files hold (out, in, kh,
// kw), a transposed convolution's (in, out, kh, kw). Flatten says what a Dense
// behind it does so that files fit PyTorch's. LeNet, ResNet, ResNet18 and
// MobileNetSmall are whole nets; the last two read and write torchvision's files.
//
// # Batch normalization
//
// BatchNorm is the one layer whose examples depend on each other. In training it
// takes the statistics of the whole batch, however the batch is divided into
// micro-batches and shards, at the price of passes over the batch: one forward
// and one backward for each layer. Group normalizes groups of consecutive
// examples instead, at no price. Its running statistics (running_mean and
// running_var) are variables of the model without gradient; predictions use
// them, and so do layers in Frozen. Estimation computes them anew.
//
// # Losses
//
// A Loss gives each example (or each token) its loss ℓ and its weight w. The
// loss of a batch is Σ w·ℓ / Σ w: Objective returns the two sums, and the
// division happens once per update, in package optim.
package nn
