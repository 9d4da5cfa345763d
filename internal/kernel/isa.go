package kernel

import (
	"fmt"

	"github.com/descent-ml/descent/internal/cpu"
)

// active is the tier in use; families holds one dispatch function for each
// family of kernels (gemm, vec, ...).
var (
	active   = startTier()
	families []func(cpu.ISA)
)

// startTier is the tier that DESCENT_ISA asks for. A wrong DESCENT_ISA is the
// command's to report; kernels then run on the best tier.
func startTier() cpu.ISA {
	isa, _ := cpu.Active()
	return isa
}

// Use sets the tier of all kernels: for exec.isa and for tests. It must not run
// beside a kernel. It panics on a tier that the machine lacks.
func Use(isa cpu.ISA) {
	if isa > cpu.Best() {
		panic(fmt.Sprintf("kernel: isa %v, best here %v", isa, cpu.Best()))
	}
	active = isa
	for _, use := range families {
		use(isa)
	}
}

// Active returns the tier in use.
func Active() cpu.ISA { return active }

// onUse registers a family: use fills its dispatch variables for a tier, now
// and at each Use. Families call it from init.
func onUse(use func(cpu.ISA)) {
	families = append(families, use)
	use(active)
}
