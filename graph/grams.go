package graph

import (
	"fmt"

	"github.com/descent-ml/descent/tensor"
)

// mostBuckets bounds the buckets of Grams: indices are exact in a float64 and
// a table of them fits into memory.
const mostBuckets = 1 << 30

var opGrams = register(Op{Name: "grams", Doc: "y[t] is the bucket, of Attr.Int, of the hash of x[t-n+1], …, x[t], n = Attr.Dims[0]: see Builder.Grams", Class: Row, Arity: 1,
	shape: gramsShape, flops: func(n *Node) int64 { return int64(n.Shape.Size() * n.Attr.Dims[0] * 4) }})

func gramsShape(n *Node) (Shape, error) {
	x := n.In[0].Shape
	switch size := n.Attr.Dims[0]; {
	case x.DType != tensor.I32 || len(x.Inner()) != 1:
		return x, fmt.Errorf("want i32 tokens on one axis: (T)")
	case size < 1 || n.Attr.Int < 1 || n.Attr.Int > mostBuckets:
		return x, fmt.Errorf("%d tokens in a row into %d buckets, want at least 1 of each, and at most %d buckets", size, n.Attr.Int, mostBuckets)
	}
	return x, nil
}

// Grams numbers the runs of n tokens that end at each position of x, i32 (T):
// y[t] is in [0, buckets), a hash of the tokens x[t-n+1] to x[t]. Before the
// first position stands a token of its own, so runs at the beginning of a text
// are told from others. It has no gradient. In arithmetic modulo 2³²:
//
//	h = 0
//	for i from t-n+1 to t:  h = (h ^ (x[i]+1))·0x9e3779b1;  h ^= h >> 15
//	h = h·0x85ebca6b;  h ^= h >> 13;  h = h·0xc2b2ae35;  h ^= h >> 16
//	y[t] = ⌊h·buckets / 2³²⌋
//
// with x[i]+1 = 0 for i < 0. The last line of h is the finalizer of MurmurHash3
// (A. Appleby), the multiplication in place of a remainder is D. Lemire's.
func (b *Builder) Grams(x *Node, n, buckets int) *Node {
	return b.add(opGrams, Attr{Int: buckets, Dims: []int{n}}, x)
}
