//go:build !amd64 || purego

package kernel

func findFused(*Program) match { return match{} }

func vecCall(uintptr, *vecArgs) { panic("kernel: no generated kernels in this build") }
