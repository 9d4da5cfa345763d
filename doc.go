// Package descent trains neural networks by mini-batch gradient descent:
//
//	w := w − η · (1/m) · Σ ∇Qᵢ(w)
//
// The packages around that line, from a model to a run:
//
//	descent     Load: a predictor that takes raw rows; LoadLM: a writer of text
//	nn          layers, losses and initializers
//	optim       optimizers, clipping and schedules
//	batch       the size of a batch, and typed units
//	dataset     examples from files and from Go
//	train       the loop, evaluation, resumption
//	generate    text from a language model
//	checkpoint  files that hold a model or the state of a run
//	report      progress and metrics, for people and programs
//	metric      scores of predictions, with intervals
//	graph       the computation, its gradients and its two halves
//	engine      what executes a graph; engine/cpu is the one there is
//	tensor      host arrays
//
// Start with train.Fit, or with the command cmd/descent. The promise that sets
// descent apart, and how it is kept, is in docs/exactness.md: how a batch is
// executed never changes the result.
package descent
