//go:build race

package interactions

// The race detector keeps memory of its own for what is read and written.
const raceEnabled = true
