package nn

import (
	"math"

	"github.com/descent-ml/descent/graph"
)

// Initializer chooses the first values of a parameter from the number of
// inputs and outputs of its layer.
type Initializer func(fanIn, fanOut int) graph.Init

// uniformFan is U(-1/√in, 1/√in): PyTorch's default for Linear.
func uniformFan(fanIn, _ int) graph.Init { return uniform(1 / math.Sqrt(float64(fanIn))) }

func uniform(bound float64) graph.Init { return graph.Init{Rule: "uniform", A: -bound, B: bound} }

func normal(deviation float64) graph.Init { return graph.Init{Rule: "normal", B: deviation} }

// Kaiming is U(-b, b) with b = √(6/in), for layers before a ReLU (He, Zhang,
// Ren, Sun, ICCV 2015, equation 10, as a uniform distribution; PyTorch's
// kaiming_uniform with a = 0).
func Kaiming() Initializer {
	return func(fanIn, _ int) graph.Init { return uniform(math.Sqrt(6 / float64(fanIn))) }
}

// KaimingNormal is N(0, 2/in): Kaiming with a normal distribution.
func KaimingNormal() Initializer {
	return func(fanIn, _ int) graph.Init { return normal(math.Sqrt(2 / float64(fanIn))) }
}

// KaimingNormalOut is N(0, 2/out), out being the outputs that an input reaches:
// k·k·out for a convolution (PyTorch's kaiming_normal with mode fan_out, with
// which torchvision's nets start).
func KaimingNormalOut() Initializer {
	return func(_, fanOut int) graph.Init { return normal(math.Sqrt(2 / float64(fanOut))) }
}

// Xavier is U(-b, b) with b = √(6/(in + out)) (Glorot, Bengio, AISTATS 2010,
// equation 16; PyTorch's xavier_uniform with gain 1).
func Xavier() Initializer {
	return func(fanIn, fanOut int) graph.Init { return uniform(math.Sqrt(6 / float64(fanIn+fanOut))) }
}

// XavierNormal is N(0, 2/(in + out)): Xavier with a normal distribution.
func XavierNormal() Initializer {
	return func(fanIn, fanOut int) graph.Init { return normal(math.Sqrt(2 / float64(fanIn+fanOut))) }
}

// Uniform is U(low, high).
func Uniform(low, high float64) Initializer {
	return fixed(graph.Init{Rule: "uniform", A: low, B: high})
}

// Normal is a normal distribution with the given mean and deviation.
func Normal(mean, deviation float64) Initializer {
	return fixed(graph.Init{Rule: "normal", A: mean, B: deviation})
}

// TruncatedNormal is Normal restricted to mean ± 2 deviations. The deviation
// is that of the distribution before it is cut (after: 0.8796 times that).
// PyTorch's trunc_normal_ cuts at the absolute values ±2 by default instead.
func TruncatedNormal(mean, deviation float64) Initializer {
	return fixed(graph.Init{Rule: "truncated_normal", A: mean, B: deviation})
}

// Zeros starts a parameter at 0.
func Zeros() Initializer { return fixed(graph.Init{Rule: "zeros"}) }

// Constant starts a parameter at v.
func Constant(v float64) Initializer { return fixed(graph.Init{Rule: "constant", A: v}) }

func fixed(i graph.Init) Initializer { return func(int, int) graph.Init { return i } }
