package nn

import (
	"fmt"
	"strconv"

	"github.com/descent-ml/descent/graph"
)

// BagLayer is what Bag returns; its methods return changed copies.
type BagLayer struct {
	rows, out      int
	grams, buckets int
	scale          float64
	init           Initializer
}

// Defaults of a bag.
const (
	bagBuckets = 1 << 16
	bagScale   = 20
)

// Bag scores a text by what occurs in it, wherever it does: i32 tokens below
// rows, (T), to (out):
//
//	y = scale · mean over t of (W[x[t]] + W₂[hash(x[t-1], x[t])] + …)
//
// With a field "length", i32 () per example, only the first length tokens count;
// of none it is 0. It is a linear model of the frequencies of tokens and of
// hashed runs of tokens (Weinberger et al., ICML 2009; the features of fastText:
// Joulin et al., EACL 2017, without a layer between). A token at the beginning
// of a text makes a pair with a mark before it. Parameters: weight (rows, out),
// and for runs of n = 2 … grams weight_n (buckets, out), all 0 at first, since the loss
// is convex in them. The scale, 20 by default, stands for the length of a short
// text: an optimizer with steps of one size, such as Adam, would move means too
// slowly.
func Bag(rows, out int) BagLayer {
	return BagLayer{rows: rows, out: out, grams: 2, buckets: bagBuckets, scale: bagScale, init: Zeros()}
}

// Grams sets the longest run of tokens, 2 by default, and the buckets of each
// length, 65536 by default.
func (l BagLayer) Grams(n, buckets int) BagLayer { l.grams, l.buckets = n, buckets; return l }

// Scale sets the factor of the mean.
func (l BagLayer) Scale(s float64) BagLayer { l.scale = s; return l }

// Init sets how the tables start, such as Normal(0, 0.1) where layers follow;
// it is given their rows as inputs and out outputs.
func (l BagLayer) Init(i Initializer) BagLayer { l.init = i; return l }

// Build adds the layer to a graph.
func (l BagLayer) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Bag", x) {
		return c.failed()
	}
	if l.rows < 1 || l.out < 1 || l.grams < 1 || l.buckets < 1 || l.init == nil || len(x.Shape.Inner()) != 1 {
		return c.Failf("nn.Bag", []*graph.Node{x}, "%d rows, %d outputs, runs of %d tokens, %d buckets, want at least 1 of each, over tokens on one axis (and make the layer with Bag)", l.rows, l.out, l.grams, l.buckets)
	}
	sum := c.Gather(c.Param("weight", l.init(l.rows, l.out), l.rows, l.out), x)
	for n := 2; n <= l.grams; n++ {
		table := c.Param("weight_"+strconv.Itoa(n), l.init(l.buckets, l.out), l.buckets, l.out)
		sum = c.Add(sum, c.Gather(table, c.Grams(x, n, l.buckets)))
	}
	return c.Mul(c.MeanOver(sum, c.Inputs["length"]), c.Const(l.scale))
}

// String returns, for example, "Bag(8000 tokens, runs of 2)".
func (l BagLayer) String() string {
	if l.grams == 1 {
		return fmt.Sprintf("Bag(%d tokens)", l.rows)
	}
	return fmt.Sprintf("Bag(%d tokens, runs of %d)", l.rows, l.grams)
}
