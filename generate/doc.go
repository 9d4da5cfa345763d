// Package generate writes text with a trained language model: one token after
// the other, each drawn from what the model says of the next position.
//
//	logits of the last token of the text → Sampler → the next token → …
//
// The keys and values of past positions are kept (a KV cache), so that a token
// costs one position. The logits are those of the whole text at once, bit for
// bit, however it is cut into calls. Together with random numbers that are a
// function of their place this makes a text a function of the weights, the
// prompt and the options: the same on any machine, any number of threads, alone
// or beside others.
//
// Shapes: B sequences at once, n new positions, L positions of the context, V
// tokens of the vocabulary.
package generate
