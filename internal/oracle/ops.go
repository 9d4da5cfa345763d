package oracle

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
)

// call is one application of an operation. out has the result's shape and is
// zero, except for a sum over examples, which adds to what is there.
type call struct {
	n     *graph.Node
	in    []Array
	out   Array
	seed  uint64
	first uint64 // the stream position of row 0
}

// Apply returns the value of n for the given operands, as its Op.Doc defines
// it. rows is the number of examples; seed and first, the stream position of
// the first of them, matter to random operations only.
func Apply(n *graph.Node, in []Array, rows int, seed, first uint64) Array {
	if n.Shape.Touched() {
		rows = touchedRows(n, in)
	}
	c := &call{n, in, zeros(n, rows), seed, first}
	c.run()
	return c.out
}

func (c *call) run() {
	f := table[c.n.Op.Name]
	if f == nil {
		panic(fmt.Sprintf("oracle: operation %q has no definition", c.n.Op.Name))
	}
	f(c)
}

// table defines every operation but the leaves, and part, which is of a sum as it
// stood: see watch.go.
var table = map[string]func(*call){
	"add": binary(func(x, y float64) float64 { return x + y }),
	"sub": binary(func(x, y float64) float64 { return x - y }),
	"mul": binary(func(x, y float64) float64 { return x * y }),
	"div": binary(func(x, y float64) float64 { return x / y }),
	"max": binary(func(x, y float64) float64 { return max(x, y) }),
	"min": binary(func(x, y float64) float64 { return min(x, y) }),
	"gt":  binary(func(x, y float64) float64 { return truth(x > y) }),
	"ge":  binary(func(x, y float64) float64 { return truth(x >= y) }),
	"eq":  binary(func(x, y float64) float64 { return truth(x == y) }),

	"fma": ternary(math.FMA),
	"select": ternary(func(x, y, z float64) float64 {
		if x != 0 {
			return y
		}
		return z
	}),

	"neg": unary(func(x float64) float64 { return -x }),
	"abs": unary(math.Abs),
	"sign": unary(func(x float64) float64 {
		if math.IsNaN(x) {
			return x
		}
		return truth(x > 0) - truth(x < 0)
	}),
	"floor":    unary(math.Floor),
	"sqrt":     unary(math.Sqrt),
	"exp":      unary(math.Exp),
	"log":      unary(math.Log),
	"log1p":    unary(math.Log1p),
	"tanh":     unary(math.Tanh),
	"sigmoid":  unary(sigmoid),
	"erf":      unary(math.Erf),
	"softplus": unary(func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }),
	"relu":     unary(func(x float64) float64 { return max(x, 0) }),
	"gelu":     unary(func(x float64) float64 { return gate(x, normalCDF(x)) }),
	"gelutanh": unary(func(x float64) float64 { t, _ := geluTanh(x); return gate(x, t) }),
	"silu":     unary(func(x float64) float64 { return gate(x, sigmoid(x)) }),

	"relugrad": binary(func(x, dy float64) float64 {
		if x > 0 {
			return dy
		}
		return 0
	}),
	"gelugrad": binary(func(x, dy float64) float64 {
		return dy * (normalCDF(x) + gate(x, math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)))
	}),
	"gelutanhgrad": binary(func(x, dy float64) float64 {
		t, dt := geluTanh(x)
		return dy * (t + gate(x, dt))
	}),
	"hardswish": unary(func(x float64) float64 { return gate(x, min(max(x/6+0.5, 0), 1)) }),
	"hardswishgrad": binary(func(x, dy float64) float64 {
		switch {
		case x <= -3:
			return 0
		case x >= 3:
			return dy
		}
		return dy * (x/3 + 0.5)
	}),
	"silugrad": binary(func(x, dy float64) float64 {
		s := sigmoid(x)
		return dy * (s + gate(x, s*sigmoid(-x)))
	}),

	"linear":     linear,
	"linearbias": linear,
	"lineart":    linearT,

	"conv":        conv,
	"convinput":   convInput,
	"convweights": convWeights,

	"dotexamples":     dotExamples,
	"sumexamples":     sumExamples,
	"scatterexamples": scatterExamples,
	"touched":         touched,
	"sumrows":         sumRows,
	"gathertouched":   gatherTouched,

	"momentsums":         momentSums,
	"gradsums":           gradSums,
	"moment":             moment,
	"momentgrad":         momentGrad,
	"groupnormalize":     groupNormalize,
	"groupnormalizegrad": groupNormalizeGrad,
	"groupsums":          groupSums,

	"reducesum":  reduce(func(x []float64) float64 { return sum(x) }),
	"reducemax":  reduce(maximum),
	"sumsquares": sumSquares,

	"softmax":          rows(softmax),
	"softmaxgrad":      rowGrads(softmaxGrad),
	"logsoftmax":       rows(logSoftmax),
	"logsoftmaxgrad":   rowGrads(logSoftmaxGrad),
	"normalize":        rows(normalize),
	"normalizegrad":    rowGrads(normalizeGrad),
	"rmsnormalize":     rows(rmsNormalize),
	"rmsnormalizegrad": rowGrads(rmsNormalizeGrad),
	"crossentropy":     crossEntropy,
	"crossentropygrad": crossEntropyGrad,
	"gather":           gather,
	"dropoutmask":      dropoutMask,

	"grams":            grams,
	"shift":            sequential(shift),
	"reverse":          sequential(reverse),
	"pickat":           pickAt,
	"placeat":          placeAt,
	"meanover":         sequential(meanOver),
	"sumover":          sequential(sumOver),
	"spreadover":       spreadOver,
	"maxover":          sequential(maxOver),
	"maxovergrad":      maxOverGrad,
	"maxpool":          maxPool,
	"maxpoolgrad":      maxPoolGrad,
	"avgpool":          avgPool,
	"avgpoolgrad":      avgPoolGrad,
	"rotary":           rotary,
	"positionrows":     positionRows,
	"positionrowsgrad": positionRowsGrad,
	"sinusoids":        sinusoids,
	"lstm":             forward(lstm),
	"lstmgrad":         backward(lstmGrad),
	"gru":              forward(gru),
	"grugrad":          backward(gruGrad),

	"dots":         dots,
	"mix":          mix,
	"outer":        outer,
	"pairdots":     pairDots,
	"pairdotsgrad": pairDotsGrad,
	"groupdots":    groupDots,
	"groupmix":     groupMix,
	"groupmixt":    groupMixT,
	"groupkeep":    groupKeep,
	"groupplace":   groupPlace,

	"attention":       attention,
	"attentionstats":  attentionStats,
	"attentiongrad":   attentionGrad,
	"attentioncached": attention,

	"broadcast": broadcast,
	"reshape":   func(c *call) { copy(c.out.Data, c.in[0].Data) },
	"barrier":   func(c *call) { copy(c.out.Data, c.in[0].Data) },
	"custom":    func(c *call) { copy(c.out.Data, c.in[0].Data) },
	"transpose": transpose,
	"slice":     slice,
	"pad":       pad,
	"concat":    concat,
	"cast":      cast,
}

func unary(f func(x float64) float64) func(*call) {
	return func(c *call) {
		for i, x := range c.in[0].Data {
			c.out.Data[i] = f(x)
		}
	}
}

func binary(f func(x, y float64) float64) func(*call) {
	return func(c *call) {
		for i, x := range c.in[0].Data {
			c.out.Data[i] = f(x, c.in[1].Data[i])
		}
	}
}

func ternary(f func(x, y, z float64) float64) func(*call) {
	return func(c *call) {
		for i, x := range c.in[0].Data {
			c.out.Data[i] = f(x, c.in[1].Data[i], c.in[2].Data[i])
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// sigmoid keeps its precision, and its exponential finite, on both sides.
func sigmoid(x float64) float64 {
	if x < 0 {
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

// gate returns x·t with the limit 0 where t vanishes: at x = -Inf too.
func gate(x, t float64) float64 {
	if t == 0 {
		return math.Copysign(0, x)
	}
	return x * t
}

func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// geluTanh returns the factor of x in the tanh form of GELU, which is
// ½(1 + tanh u) = sigmoid(2u), and its derivative.
func geluTanh(x float64) (t, dt float64) {
	c := math.Sqrt(2 / math.Pi)
	u, du := c*(x+0.044715*x*x*x), c*(1+3*0.044715*x*x)
	t = sigmoid(2 * u)
	return t, gate(2*du, t*sigmoid(-2*u))
}

// dropoutMask reads word e%4 of block (position, e/4) for element e of a row.
func dropoutMask(c *call) {
	rate := c.n.Attr.Float
	key := rng.Key(c.seed, "dropout:"+c.n.Attr.Name)
	threshold := uint64(math.Round(rate * (1 << 32)))
	size := c.n.Shape.Size()
	for i := range c.out.Data {
		pos, e := c.first+uint64(i/size), i%size
		words := rng.Philox([4]uint32{uint32(pos), uint32(pos >> 32), uint32(e / 4), 0}, key)
		if uint64(words[e%4]) >= threshold {
			c.out.Data[i] = 1 / (1 - rate)
		}
	}
}
