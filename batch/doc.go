// Package batch says how much: how many examples an update takes (Policy), how
// that batch is executed (Plan), and how long things last in typed units
// (Span): 3ep, 500up, 1e6ex, 5e7tok, 10min, 5%.
//
// A batch is the examples of one update. A micro-batch is what the engine
// executes at once; it decides memory and speed, never the result.
package batch
