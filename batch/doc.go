// Package batch says how much: how many examples an update takes (Policy), how
// that batch is executed (Plan), and how long things last in typed units
// (Span): 3ep, 500up, 1e6ex, 5e7tok, 10min, 5%.
//
// A batch is the examples of one update. A micro-batch is what the engine
// executes at once; it decides memory and speed, never the result.
//
// A policy goes by the position of a run, the noise of its gradients and the
// time of its updates. Pieces are one measurement of the noise, Noise their
// average with an interval, Cost the fitted time. All are values that a checkpoint
// holds; policies are pure functions of them, and Decide says besides what a
// change is expected to bring, what it has brought, and whether to undo it.
package batch
