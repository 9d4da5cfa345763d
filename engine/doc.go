// Package engine is the seam between a graph and what executes it. A trainer
// speaks to a Program; the CPU engine, and later others, implement it.
package engine
