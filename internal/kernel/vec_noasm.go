//go:build !amd64 || purego

package kernel

func fusedIndex(string) int { return -1 }

func vecCall(uintptr, *vecArgs) { panic("kernel: no generated kernels in this build") }
