package main

import "math"

// The transcendental functions, operation by operation as in vec_math_ref.go.

const (
	log2e      = 1.44269504
	ln2High    = 0.693359375
	ln2Low     = -2.12194440e-4
	magic      = 12582912
	expMax     = 89
	expMin     = -104.5
	sqrtHalf   = con(0x3f3504f3)
	mantissa   = con(0x7fffff)
	signBit    = con(1 << 31)
	absBits    = con(1<<31 - 1)
	nan        = con(0x7fc00000)
	far        = 128
	invSqrt2   = 0.707106781
	invSqrt2Pi = 0.398942280
	geluB      = 1.59576912
	geluA      = 0.0713548163
	geluA3     = 0.214064449
)

var (
	expQ    = []float64{0.49999994, 0.166665211, 0.0416682884, 0.00836870354, 0.00138189388}
	logQ    = []float64{0.333333135, -0.250000089, 0.20002073, -0.166679963, 0.142203271, -0.124060318, 0.11883568, -0.116714492, 0.0675095618}
	tanhQ   = []float64{-0.333332807, 0.133314088, -0.0537369438, 0.0206300281, -0.00569480425}
	erfNear = []float64{0.128379166, -0.376126289, 0.112836257, -0.0268557314, 0.00519240508, -0.000804976968, 7.99664922e-05}
	erfFar  = []float64{-0.000195666507, -1.12767565, -0.637182236, -0.103931561, 0.0222268682, -0.00304319081, 0.000195932458}
	inf     = c(math.Inf(1))
	negInf  = c(math.Inf(-1))
)

func (g *gen) abs(a src) vec { return g.and(a, absBits) }
func (g *gen) neg(a src) vec { return g.xor(a, signBit) }

func (g *gen) signOf(a, s src) vec { return g.or(a, g.and(s, signBit)) }

func (g *gen) exp(a src) vec {
	x := g.smaller(c(expMax), a)
	x = g.larger(c(expMin), x)
	t := g.fma(x, c(log2e), c(magic))
	n := g.sub(t, c(magic))
	r := g.fma(n, c(-ln2High), x)
	r = g.fma(n, c(-ln2Low), r)
	y := g.add(g.fma(g.horner(r, expQ), g.mul(r, r), r), c(1))
	return g.scale(y, n, t)
}

func (g *gen) split(a src) (e, m vec) {
	i := g.subI(a, sqrtHalf)
	return g.sar(i, 23), g.addI(g.and(i, mantissa), sqrtHalf)
}

func (g *gen) logSum(f, e vec) vec {
	ff := g.mul(f, f)
	p := g.mul(g.horner(f, logQ), f)
	p = g.fma(p, ff, g.mul(e, c(ln2Low)))
	p = g.fma(ff, c(-0.5), p)
	return g.fma(e, c(ln2High), g.add(p, f))
}

func (g *gen) logEnds(r, a vec) vec {
	r = g.pick(g.cmp(notLt, a, inf), a, r)
	r = g.pick(g.cmp(eq, a, c(0)), negInf, r)
	return g.pick(g.cmp(lt, a, c(0)), nan, r)
}

func (g *gen) log(s src) vec {
	a := g.in(s)
	small := g.cmp(lt, a, c(0x1p-126))
	e, m := g.split(g.pick(small, g.mul(a, c(0x1p23)), a))
	ef := g.add(g.toFloat(e), g.only(small, c(-23)))
	return g.logEnds(g.logSum(g.sub(m, c(1)), ef), a)
}

func (g *gen) log1p(s src) vec {
	a := g.in(s)
	u := g.add(a, c(1))
	k := g.pick(g.cmp(lt, a, c(1)), g.sub(a, g.sub(u, c(1))), g.sub(c(1), g.sub(u, a)))
	e, m := g.split(u)
	k = g.mul(k, g.shl(g.subI(con(127), e), 23))
	k = g.only(g.cmp(lt, a, c(0x1p25)), k)
	r := g.logSum(g.add(g.sub(m, c(1)), k), g.toFloat(e))
	r = g.logEnds(r, u)
	return g.pick(g.cmp(eq, a, c(0)), a, r)
}

func (g *gen) tanh(a src) vec {
	x := g.abs(a)
	xx := g.mul(x, x)
	near := g.fma(g.horner(xx, tanhQ), g.mul(xx, x), x)
	big := g.sub(c(1), g.div(c(2), g.add(g.exp(g.add(x, x)), c(1))))
	return g.signOf(g.pick(g.cmp(lt, x, c(0.625)), near, big), a)
}

func (g *gen) sigmoid(a src) vec {
	e := g.exp(g.or(a, signBit))
	return g.div(g.pick(g.cmp(lt, a, c(0)), e, c(1)), g.add(e, c(1)))
}

func (g *gen) softplus(a src) vec {
	l := g.log1p(g.exp(g.or(a, signBit)))
	return g.add(g.larger(c(0), a), l)
}

func (g *gen) erf(a src) vec {
	x := g.abs(a)
	near := g.fma(g.horner(g.mul(x, x), erfNear), x, x)
	big := g.sub(c(1), g.exp(g.horner(g.smaller(c(4), x), erfFar)))
	return g.signOf(g.pick(g.cmp(lt, x, c(0.92)), near, big), a)
}

func (g *gen) clampFar(a src) vec { return g.larger(c(-far), g.smaller(c(far), a)) }

func (g *gen) gate(a src, s vec) vec { return g.mul(g.larger(c(-far), a), s) }

func (g *gen) sigmoidGrad(a vec) (s, ds vec) {
	e := g.exp(g.or(a, signBit))
	r := g.div(c(1), g.add(e, c(1)))
	er := g.mul(e, r)
	return g.pick(g.cmp(lt, a, c(0)), er, r), g.mul(er, r)
}

func (g *gen) siluGrad(a, b src) vec {
	x := g.clampFar(a)
	s, ds := g.sigmoidGrad(x)
	return g.mul(b, g.fma(x, ds, s))
}

// hardSigmoid is a/6 + 1/2 in [0, 1].
func (g *gen) hardSigmoid(a src) vec {
	return g.smaller(c(1), g.larger(c(0), g.fma(a, c(1.0/6), c(0.5))))
}

func hardSwishGrad(g *gen, a, b, _ src) vec {
	x := g.in(a)
	d := g.pick(g.cmp(ge, x, c(3)), c(1), g.fma(x, c(1.0/3), c(0.5)))
	return g.mul(b, g.pick(g.cmp(le, x, c(-3)), c(0), d))
}

func (g *gen) phi(a src) vec { return g.fma(g.erf(g.mul(a, c(invSqrt2))), c(0.5), c(0.5)) }

func (g *gen) geluGrad(a, b src) vec {
	x := g.clampFar(a)
	d := g.mul(g.exp(g.mul(g.mul(x, x), c(-0.5))), c(invSqrt2Pi))
	return g.mul(b, g.fma(x, d, g.phi(x)))
}

func (g *gen) geluTanhArg(a src) vec {
	x := g.in(a)
	return g.mul(g.fma(g.mul(x, x), c(geluA), c(geluB)), x)
}

func (g *gen) geluTanhGrad(a, b src) vec {
	x := g.clampFar(a)
	s, ds := g.sigmoidGrad(g.geluTanhArg(x))
	du := g.fma(g.mul(x, x), c(geluA3), c(geluB))
	return g.mul(b, g.fma(g.mul(x, ds), du, s))
}

// fix puts a back where it is NaN: larger and smaller lose it.
func (g *gen) fix(r vec, a src) vec {
	x := g.in(a)
	return g.pick(g.cmp(isNaN, x, x), x, r)
}

func (g *gen) one(m mask) vec { return g.only(m, c(1)) }

// ops has each op by its name in a key, and the number of operands.
var ops = map[string]struct {
	arity int
	emit  func(g *gen, a, b, k src) vec
}{
	"add":           {2, func(g *gen, a, b, _ src) vec { return g.add(a, b) }},
	"sub":           {2, func(g *gen, a, b, _ src) vec { return g.sub(a, b) }},
	"mul":           {2, func(g *gen, a, b, _ src) vec { return g.mul(a, b) }},
	"div":           {2, func(g *gen, a, b, _ src) vec { return g.div(a, b) }},
	"fma":           {3, func(g *gen, a, b, k src) vec { return g.fma(a, b, k) }},
	"max":           {2, func(g *gen, a, b, _ src) vec { return g.fix(g.larger(a, b), a) }},
	"min":           {2, func(g *gen, a, b, _ src) vec { return g.fix(g.smaller(a, b), a) }},
	"neg":           {1, func(g *gen, a, _, _ src) vec { return g.neg(a) }},
	"abs":           {1, func(g *gen, a, _, _ src) vec { return g.abs(a) }},
	"sqrt":          {1, func(g *gen, a, _, _ src) vec { return g.sqrt(a) }},
	"recip":         {1, func(g *gen, a, _, _ src) vec { return g.div(c(1), a) }},
	"floor":         {1, func(g *gen, a, _, _ src) vec { return g.floor(a) }},
	"sign":          {1, sign},
	"gt":            {2, func(g *gen, a, b, _ src) vec { return g.one(g.cmp(gt, a, b)) }},
	"ge":            {2, func(g *gen, a, b, _ src) vec { return g.one(g.cmp(ge, a, b)) }},
	"lt":            {2, func(g *gen, a, b, _ src) vec { return g.one(g.cmp(lt, a, b)) }},
	"le":            {2, func(g *gen, a, b, _ src) vec { return g.one(g.cmp(le, a, b)) }},
	"eq":            {2, func(g *gen, a, b, _ src) vec { return g.one(g.cmp(eq, a, b)) }},
	"ne":            {2, func(g *gen, a, b, _ src) vec { return g.one(g.cmp(ne, a, b)) }},
	"step":          {1, func(g *gen, a, _, _ src) vec { return g.one(g.cmp(gt, a, c(0))) }},
	"select":        {3, func(g *gen, a, b, k src) vec { return g.pick(g.cmp(ne, a, c(0)), b, k) }},
	"exp":           {1, func(g *gen, a, _, _ src) vec { return g.exp(a) }},
	"log":           {1, func(g *gen, a, _, _ src) vec { return g.log(a) }},
	"log1p":         {1, func(g *gen, a, _, _ src) vec { return g.log1p(a) }},
	"tanh":          {1, func(g *gen, a, _, _ src) vec { return g.tanh(a) }},
	"sigmoid":       {1, func(g *gen, a, _, _ src) vec { return g.sigmoid(a) }},
	"softplus":      {1, func(g *gen, a, _, _ src) vec { return g.softplus(a) }},
	"erf":           {1, func(g *gen, a, _, _ src) vec { return g.erf(a) }},
	"relu":          {1, func(g *gen, a, _, _ src) vec { return g.larger(c(0), a) }},
	"relugrad":      {2, func(g *gen, a, b, _ src) vec { return g.only(g.cmp(gt, a, c(0)), b) }},
	"silu":          {1, func(g *gen, a, _, _ src) vec { return g.gate(a, g.sigmoid(a)) }},
	"silugrad":      {2, func(g *gen, a, b, _ src) vec { return g.siluGrad(a, b) }},
	"gelu":          {1, func(g *gen, a, _, _ src) vec { return g.gate(a, g.phi(a)) }},
	"gelugrad":      {2, func(g *gen, a, b, _ src) vec { return g.geluGrad(a, b) }},
	"gelutanh":      {1, func(g *gen, a, _, _ src) vec { return g.gate(a, g.sigmoid(g.geluTanhArg(a))) }},
	"gelutanhgrad":  {2, func(g *gen, a, b, _ src) vec { return g.geluTanhGrad(a, b) }},
	"hardswish":     {1, func(g *gen, a, _, _ src) vec { return g.gate(a, g.hardSigmoid(a)) }},
	"hardswishgrad": {2, hardSwishGrad},
}

func sign(g *gen, a, _, _ src) vec {
	x := g.in(a)
	r := g.pick(g.cmp(lt, x, c(0)), c(-1), x)
	return g.pick(g.cmp(gt, x, c(0)), c(1), r)
}

// opOrder is the numbering of vec.go.
var opOrder = []string{
	"add", "sub", "mul", "div", "fma", "max", "min", "neg", "abs", "sqrt", "recip", "floor", "sign",
	"gt", "ge", "lt", "le", "eq", "ne", "step", "select", "exp", "log", "log1p", "tanh", "sigmoid",
	"softplus", "erf", "relu", "relugrad", "silu", "silugrad", "gelu", "gelugrad", "gelutanh", "gelutanhgrad", "hardswish", "hardswishgrad",
}
