//go:build !linux && !darwin

package cpu

func adviseHuge([]byte) {}

// physical is not known here.
func physical() int64 { return 0 }
