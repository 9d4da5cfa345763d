// Package optim describes how gradients change parameters. An optimizer is
// itself a graph: its state is variables, its rule is nodes of the per-update
// half, so that every engine runs the same definition.
//
// # One update
//
// Optimizer.Build gets the gradients of Σ w·ℓ and the sum of the weights Σ w.
// It adds, in this order:
//
//	n² = Σ g²                     over all parameters, in float64
//	s  = 1/Σw · min(1, c/(n/Σw + 1e-6))    the second factor with ClipNorm c
//	g  = s·g                      for each parameter, the mean gradient
//	u  = the Chain's transforms of g, in order
//	w  = w - η·u
//
// with η the learning rate times the schedule and the group's factor. Scalars
// that change from update to update, such as η or Adam's bias corrections, are
// inputs of the graph: Update.Scalars computes them.
//
// # Transforms
//
// A Transform takes an update direction to another: AddDecay, Trace,
// ScaleByAdam, …. The named optimizers SGD, AdaGrad, RMSProp, Adam and AdamW
// are short chains of them with PyTorch's rules and defaults.
//
// # Batch sizes
//
// A Coupling changes the learning rate, and what goes with it, with the batch
// size: by κ, its ratio to Optimizer.Base, which Progress tells for each update.
//
// # Sparse parameters
//
// The gradient of a sparse table (graph.Builder.SparseParam) is of its touched
// rows, and its chain runs on those: p and u are (Touched, D), Context.State
// declares all rows and returns the touched ones, Context.Set writes those. So a
// Transform that works element by element is lazy on a table without knowing it;
// Fits tells which do not.
package optim
