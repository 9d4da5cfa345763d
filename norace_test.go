//go:build !race

package descent_test

const raceEnabled = false
