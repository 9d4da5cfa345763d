//go:build race

package images

// The race detector allocates on its own.
const raceEnabled = true
