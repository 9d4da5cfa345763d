//go:build race

package descent_test

// The race detector drops pooled values at random, so counts of allocations
// mean nothing under it.
const raceEnabled = true
