package kernel

import "math"

// Eval runs the program on one element: x[i] is the element of stream i, in and
// out. It is the definition of every execution.
func (p *Program) Eval(x, scalars []float32) {
	var temps [MaxTemps]float32
	at := func(r Ref) *float32 {
		switch r.Kind {
		case KindStream:
			return &x[r.Index]
		case KindScalar:
			return &scalars[r.Index]
		}
		return &temps[r.Index]
	}
	for i := range p.Code {
		in := &p.Code[i]
		var v [3]float32
		for j, r := range in.operands() {
			v[j] = *at(r)
		}
		*at(in.Dst) = in.Op.apply(v[0], v[1], v[2])
	}
}

// apply is the definition of the ops.
func (o Op) apply(a, b, c float32) float32 {
	switch o {
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case FMA:
		return fma32(a, b, c)
	case Max:
		return max32(a, b)
	case Min:
		return min32(a, b)
	case Neg:
		return -a
	case Abs:
		return abs32(a)
	case Sqrt:
		return sqrt32(a)
	case Recip:
		return 1 / a
	case Floor:
		return float32(math.Floor(float64(a)))
	case Sign:
		return sign32(a)
	case Gt:
		return one(a > b)
	case Ge:
		return one(a >= b)
	case Lt:
		return one(a < b)
	case Le:
		return one(a <= b)
	case Eq:
		return one(a == b)
	case Ne:
		return one(a != b)
	case Step:
		return one(a > 0)
	case Select:
		return pick(a != 0, b, c)
	case Exp:
		return exp32(a)
	case Log:
		return log32(a)
	case Log1p:
		return log1p32(a)
	case Tanh:
		return tanh32(a)
	case Sigmoid:
		return sigmoid32(a)
	case Softplus:
		return softplus32(a)
	case Erf:
		return erf32(a)
	case Relu:
		return pick(0 > a, 0, a)
	case ReluGrad:
		return pick(a > 0, b, 0)
	case Silu:
		return gate(a, sigmoid32(a))
	case SiluGrad:
		return siluGrad32(a, b)
	case Gelu:
		return gate(a, phi32(a))
	case GeluGrad:
		return geluGrad32(a, b)
	case GeluTanh:
		return gate(a, sigmoid32(geluTanhArg(a)))
	case GeluTanhGrad:
		return geluTanhGrad32(a, b)
	case HardSwish:
		return gate(a, hardSigmoid32(a))
	case HardSwishGrad:
		return b * pick(-3 >= a, 0, pick(a >= 3, 1, fma32(a, third, 0.5)))
	}
	panic("kernel: " + o.String())
}

func one(ok bool) float32 { return pick(ok, 1, 0) }

func pick(ok bool, a, b float32) float32 {
	if ok {
		return a
	}
	return b
}

func max32(a, b float32) float32 { return pick(a > b || a != a, a, b) }
func min32(a, b float32) float32 { return pick(a < b || a != a, a, b) }

func sqrt32(a float32) float32 { return float32(math.Sqrt(float64(a))) } // exact: 53 >= 2·24+2 bits

func sign32(a float32) float32 { return pick(a > 0, 1, pick(a < 0, -1, a)) }

// refTile runs op over a tile: operands in a.ptr[0..], the result in the next.
func (o Op) refTile(a *vecArgs) {
	n := o.Arity()
	for r := range a.rows {
		dst := a.row(n, r)
		var v [3][]float32
		for j := range 3 {
			v[j] = a.row(min(j, n-1), r)
		}
		for i := range dst {
			dst[i] = o.apply(v[0][i], v[1][i], v[2][i])
		}
	}
}
