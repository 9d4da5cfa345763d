// Package cpu says which instruction-set tier the kernels run on.
//
// There are three tiers. Every kernel gives the same bits on each of them, so
// the tier is a matter of speed alone:
//
//	PureGo   plain Go, any machine, also under -tags purego
//	AVX2     amd64 with AVX2 and FMA
//	AVX512   amd64 with AVX-512 F, BW, DQ and VL, enabled by the system
//
// The environment variable DESCENT_ISA (go, avx2, avx512) lowers the tier, for
// tests; a tier that the machine lacks is refused.
package cpu

import (
	"fmt"
	"os"
)

// ISA is an instruction-set tier. A higher one includes the lower ones.
type ISA uint8

const (
	PureGo ISA = iota
	AVX2
	AVX512
)

var names = [...]string{PureGo: "go", AVX2: "avx2", AVX512: "avx512"}

// String returns the name that DESCENT_ISA and exec.isa use.
func (i ISA) String() string { return names[i] }

// Parse returns the tier with a name of DESCENT_ISA.
func Parse(name string) (ISA, error) {
	for i, n := range names {
		if n == name {
			return ISA(i), nil
		}
	}
	return PureGo, fmt.Errorf("cpu: unknown isa %q (want go, avx2 or avx512)", name)
}

// Best returns the highest tier of this machine and this build.
func Best() ISA { return best }

// Active returns the tier in use: Best, or the one DESCENT_ISA asks for.
// The error says that DESCENT_ISA cannot be had; the tier is then Best.
func Active() (ISA, error) {
	name := os.Getenv("DESCENT_ISA")
	if name == "" || name == "auto" {
		return best, nil
	}
	want, err := Parse(name)
	if err != nil {
		return best, fmt.Errorf("DESCENT_ISA: %w", err)
	}
	if want > best {
		return best, fmt.Errorf("DESCENT_ISA=%s: this machine or build has no %s (best: %s)", name, want, best)
	}
	return want, nil
}

// Tiers returns every tier that can run here, lowest first.
func Tiers() []ISA {
	var t []ISA
	for i := PureGo; i <= best; i++ {
		t = append(t, i)
	}
	return t
}
