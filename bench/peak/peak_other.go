//go:build !amd64

package peak

import "github.com/descent-ml/descent/internal/cpu"

func Block(cpu.ISA) float64 { return 0 }
