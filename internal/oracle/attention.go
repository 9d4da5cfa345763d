package oracle

import (
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
)

// attend is attention over the positions of one example, one query at a time.
type attend struct {
	graph.Attention
	qkv     Array // (positions, width) of the example
	past    int   // the first position with a query
	segment int
	length  int // keys from there on are not seen
	mask    func(h, i, j int) float64
}

// examples calls f for each example of an attention node.
func examples(c *call, f func(e int, a *attend)) {
	for e := range c.in[0].Dims[0] {
		if c.n.Op.Name == "attentioncached" {
			f(e, c.cached(e))
			continue
		}
		t := c.in[0].Dims[1]
		a := &attend{Attention: c.n.Attr.Attention, qkv: example(c.in[0], e), segment: int(c.in[1].Data[0]), length: t}
		if c.n.Lengths() != nil {
			a.length = int(c.in[len(c.in)-1].Data[e])
		}
		a.mask = c.probabilityMask(e, t)
		f(e, a)
	}
}

// cached lays the past and the new positions of an example behind each other.
func (c *call) cached(e int) *attend {
	now, cache, past := example(c.in[0], e), example(c.in[1], e), int(c.in[2].Data[e])
	a := &attend{Attention: c.n.Attr.Attention, past: past, length: past + now.Dims[0], mask: whole}
	a.qkv = Array{Dims: []int{a.length, a.Width()}, Data: make([]float64, past*a.Width())}
	for j := range past {
		copy(a.qkv.row(j)[a.Out():], cache.row(j))
	}
	a.qkv.Data = append(a.qkv.Data, now.Data...)
	return a
}

// whole is the mask without dropout.
func whole(int, int, int) float64 { return 1 }

// example returns the value of one example.
func example(x Array, e int) Array {
	size := len(x.Data) / x.Dims[0]
	return Array{Dims: x.Dims[1:], Data: x.Data[e*size : (e+1)*size]}
}

// probabilityMask is the dropout mask of an example: element (h·T + i)·T' + j
// of its row, T' = T rounded up to a multiple of 16.
func (c *call) probabilityMask(e, t int) func(h, i, j int) float64 {
	a := c.n.Attr.Attention
	if a.Dropout == 0 {
		return whole
	}
	key := rng.Key(c.seed, "dropout:"+a.Stream)
	threshold := uint64(math.Round(a.Dropout * (1 << 32)))
	pos, ld := c.first+uint64(e), (t+15)/16*16
	return func(h, i, j int) float64 {
		at := (h*t+i)*ld + j
		words := rng.Philox([4]uint32{uint32(pos), uint32(pos >> 32), uint32(at / 4), 0}, key)
		if uint64(words[at%4]) < threshold {
			return 0
		}
		return 1 / (1 - a.Dropout)
	}
}

func (a *attend) query(h, i int) []float64 { return a.qkv.row(i)[h*a.Dim:][:a.Dim] }

func (a *attend) key(h, j int) []float64 { return a.qkv.row(j)[a.KeyColumn(h):][:a.Dim] }

func (a *attend) value(h, j int) []float64 { return a.qkv.row(j)[a.ValueColumn(h):][:a.Dim] }

func (a *attend) sees(i, j int) bool {
	return j < a.length && (!a.Causal || j <= i) && (a.segment <= 0 || i/a.segment == j/a.segment)
}

// scores returns q·k/√D of the keys that head h sees at position i, and -Inf
// for the others.
func (a *attend) scores(h, i int) (s []float64, seen bool) {
	s = make([]float64, a.qkv.Dims[0])
	for j := range s {
		s[j] = math.Inf(-1)
		if a.sees(i, j) {
			s[j], seen = dot(a.query(h, i), a.key(h, j))/math.Sqrt(float64(a.Dim)), true
		}
	}
	return s, seen
}

// attention is also the definition of attentioncached.
func attention(c *call) {
	examples(c, func(e int, a *attend) {
		out := example(c.out, e)
		for i := a.past; i < a.qkv.Dims[0]; i++ {
			for h := range a.Heads {
				a.mix(out.row(i - a.past)[h*a.Dim:][:a.Dim], h, i)
			}
		}
	})
}

// mix adds Σ p·v of head h at position i to y.
func (a *attend) mix(y []float64, h, i int) {
	s, seen := a.scores(h, i)
	if !seen {
		return
	}
	l := logSumExp(s)
	for j := range s {
		if a.sees(i, j) {
			axpy(y, math.Exp(s[j]-l)*a.mask(h, i, j), a.value(h, j))
		}
	}
}

// axpy adds f·x to y.
func axpy(y []float64, f float64, x []float64) {
	for i := range y {
		y[i] += f * x[i]
	}
}

func attentionStats(c *call) {
	examples(c, func(e int, a *attend) {
		out := example(c.out, e)
		for h := range a.Heads {
			for i := range out.row(h) {
				if s, seen := a.scores(h, i); seen {
					out.row(h)[i] = logSumExp(s)
				}
			}
		}
	})
}

func attentionGrad(c *call) {
	examples(c, func(e int, a *attend) {
		stats, o, do := example(c.in[2], e), example(c.in[3], e), example(c.in[4], e)
		d := *a // where the cotangents of q, k and v are
		d.qkv = example(c.out, e)
		for h := range a.Heads {
			for i := range a.qkv.Dims[0] {
				at := func(x Array) []float64 { return x.row(i)[h*a.Dim:][:a.Dim] }
				a.back(&d, h, i, stats.row(h)[i], at(o), at(do))
			}
		}
	})
}

// back adds what the result of head h at position i owes to its query, and to
// the keys and values that it sees.
func (a *attend) back(d *attend, h, i int, stats float64, o, do []float64) {
	scale := 1 / math.Sqrt(float64(a.Dim))
	s, _ := a.scores(h, i)
	for j := range s {
		if !a.sees(i, j) {
			continue
		}
		p, m := math.Exp(s[j]-stats), a.mask(h, i, j)
		ds := p * (m*dot(do, a.value(h, j)) - dot(do, o)) * scale
		axpy(d.query(h, i), ds, a.key(h, j))
		axpy(d.key(h, j), ds, a.query(h, i))
		axpy(d.value(h, j), p*m, do)
	}
}

// Score is q·k/√D of a key that a head sees.
type Score struct {
	E, H, I int // example, head, row of the result
	S       float64
	Q, K, V []float64
	J       int // position of the key
}

// EachScore calls f for every score of an attention node or its gradient.
func EachScore(n *graph.Node, in []Array, f func(s Score)) {
	examples(&call{n: n, in: in}, func(e int, a *attend) {
		for h := range a.Heads {
			for i := a.past; i < a.qkv.Dims[0]; i++ {
				scores, _ := a.scores(h, i)
				for j, s := range scores {
					if a.sees(i, j) {
						f(Score{e, h, i - a.past, s, a.query(h, i), a.key(h, j), a.value(h, j), j})
					}
				}
			}
		}
	})
}
