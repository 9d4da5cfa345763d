// Package graph describes a computation: nodes of a few dozen operations over
// arrays of known shape, built by a Builder, differentiated by Gradient, and
// handed to an engine as a finished Graph.
//
// # Two halves
//
// A node is per-example or per-update. A per-example value has one row for
// each example of a batch: axis 0 of its shape is Batch. A per-update value
// exists once for each update of the weights: parameters, their gradients,
// the optimizer's state, the sum of the weights of a batch. Only the
// operations that sum over examples (DotExamples, SumExamples,
// ScatterExamples) lead from the first half to the second, and each owns one
// accumulator that lives across the micro-batches of a batch. No other
// operation may combine rows of different examples, so a program computes the
// same numbers however its batch is cut.
//
// Combining examples and then returning to the per-example half (batch norm)
// needs lock-step between micro-batches; Node.Phase counts those crossings.
//
// # Errors
//
// A Builder keeps its first error, which names the operation, the shapes of
// its operands and the caller's file and line; what follows it is ignored.
// Build returns it. Nothing panics.
package graph
