package numtest

import (
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
)

// The bounds of attention. A score errs by a chain of D products, which an
// exponential makes a relative error; then sums and rescalings follow.

// norm2 is the length of a vector.
func norm2(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return math.Sqrt(s)
}

// heads is a value (B, rows, C) seen as heads of equal width.
type heads struct {
	rows, cols, dim int
	data            []float64
}

// at returns what row i of example e has from a column on.
func (x heads) at(e, i, column int) []float64 {
	return x.data[(e*x.rows+i)*x.cols+column:][:x.dim]
}

func headsOf(x oracle.Array, data []float64, a graph.Attention) heads {
	return heads{x.Dims[1], x.Dims[2], a.Dim, data}
}

// attended holds, for each query (e, h, i), the relative error of its
// probabilities and their sum before normalization.
type attended struct {
	graph.Attention
	rows, keys int     // of an example, at most
	keep       float64 // what dropout multiplies by, at most
	rel, sum   []float64
}

func (a *attended) at(s oracle.Score) int { return (s.E*a.Heads+s.H)*a.rows + s.I }

// probabilities bounds e^(s-m)/Σ and e^(s-stats): the errors of two scores and
// of their difference, then of sums in lanes and a rescaling for each tile.
func probabilities(n *graph.Node, in []oracle.Array) *attended {
	a := &attended{Attention: n.Attr.Attention, rows: in[0].Dims[1], keep: 1 / (1 - n.Attr.Attention.Dropout)}
	if a.keys = a.rows; n.Op.Name == "attentioncached" {
		a.keys += in[1].Dims[1]
	}
	a.rel, a.sum = make([]float64, in[0].Dims[0]*a.Heads*a.rows), make([]float64, in[0].Dims[0]*a.Heads*a.rows)
	sums := gamma(laneTerms(a.keys) + 4*(a.keys/64+1) + 8)
	oracle.EachScore(n, in, func(s oracle.Score) {
		ds := gamma(a.Dim+3) * norm2(s.Q) * norm2(s.K) / math.Sqrt(float64(a.Dim))
		at := a.at(s)
		a.rel[at] = max(a.rel[at], math.Expm1(2*ds+4*u*math.Abs(s.S))+sums)
		a.sum[at] += math.Exp(s.S)
	})
	return a
}

// attentionBound is that of Σ p·v, a chain over the keys.
func attentionBound(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	a, tol := probabilities(n, in), make([]float64, len(ref.Data))
	y := headsOf(ref, tol, a.Attention)
	oracle.EachScore(n, in, func(s oracle.Score) {
		at := a.at(s)
		p := math.Exp(s.S) / a.sum[at] * a.keep
		addAbs(y.at(s.E, s.I, s.H*a.Dim), p*(a.rel[at]+gamma(a.keys+2)), s.V)
	})
	return tol
}

// statsBound is that of m + ln Σ e^(s-m).
func statsBound(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	a := probabilities(n, in)
	for i, v := range ref.Data {
		a.rel[i] += 4*u*math.Abs(v) + 4*u*math.Log(float64(a.keys+1))
	}
	return a.rel
}

// attentionGradBound: ds = p·(dp - δ) has the errors of a probability, of two
// products of D and of their difference; then chains over keys or queries, of
// all heads that share a key.
func attentionGradBound(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	a, tol := probabilities(n, in), make([]float64, len(ref.Data))
	chain, scale := gamma(a.rows*a.Heads/a.KVHeads+4), 1/math.Sqrt(float64(a.Dim))
	d, os, dos := headsOf(ref, tol, a.Attention), headsOf(in[3], in[3].Data, a.Attention), headsOf(in[4], in[4].Data, a.Attention)
	oracle.EachScore(n, in, func(s oracle.Score) {
		at, column := a.at(s), s.H*a.Dim
		o, do := os.at(s.E, s.I, column), dos.at(s.E, s.I, column)
		p := math.Exp(s.S - in[2].Data[at])
		err := p * norm2(do) * (a.keep*norm2(s.V) + norm2(o)) * scale * (a.rel[at] + gamma(a.Dim+6) + chain)
		addAbs(d.at(s.E, s.I, column), err, s.K)
		addAbs(d.at(s.E, s.J, a.KeyColumn(s.H)), err, s.Q)
		addAbs(d.at(s.E, s.J, a.ValueColumn(s.H)), p*a.keep*(a.rel[at]+chain), do)
	})
	return tol
}

// addAbs adds f·|x| to y, and what may underflow.
func addAbs(y []float64, f float64, x []float64) {
	for i, v := range x {
		y[i] += f*math.Abs(v) + tiny
	}
}
