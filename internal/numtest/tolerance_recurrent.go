package numtest

import (
	"math"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/oracle"
)

// bounded is a number in float64 with a bound on the error that float32
// arithmetic has made of it so far. Its methods round once, or as often as the
// function of their name does; products of errors are neglected.
type bounded struct{ v, e float64 }

func (a bounded) plus(b bounded) bounded { return rounded(a.v+b.v, a.e+b.e, 1) }

func (a bounded) minus(b bounded) bounded { return rounded(a.v-b.v, a.e+b.e, 1) }

func (a bounded) times(b bounded) bounded {
	return rounded(a.v*b.v, math.Abs(a.v)*b.e+math.Abs(b.v)*a.e, 1)
}

func (a bounded) sigmoid() bounded { return rounded(1/(1+math.Exp(-a.v)), a.e/4, 5) }

func (a bounded) tanh() bounded { return rounded(math.Tanh(a.v), a.e, 3) }

// fma is a·b + c.
func (a bounded) fma(b, c bounded) bounded {
	return rounded(a.v*b.v+c.v, math.Abs(a.v)*b.e+math.Abs(b.v)*a.e+c.e, 1)
}

// not is 1 - a.
func (a bounded) not() bounded { return bounded{v: 1}.minus(a) }

// rounded adds so many half units in the last place to an error.
func rounded(v, e float64, halves float64) bounded {
	return bounded{v, e + halves*u*math.Abs(v) + tiny}
}

// walker bounds a recurrent layer at one example: the values of a position by
// column blocks of its node.
type walker struct {
	in      []oracle.Array
	e, h    int         // example, hidden
	started bool        // the last operand is a state
	values  [][]bounded // by position: what the node has there
}

// of returns element j of column block part of operand i at position t.
func (w *walker) of(i, t, part, j int) bounded {
	a := w.in[i]
	if t < 0 {
		return bounded{}
	}
	return bounded{v: a.Data[((w.e*a.Dims[1]+t)*a.Dims[2])+part*w.h+j]}
}

// weight returns element (i, j) of column block part of the weight.
func (w *walker) weight(i, part, j int) float64 { return w.in[1].Data[i*w.in[1].Dims[1]+part*w.h+j] }

// state returns element j of block part of the state; 0 without one.
func (w *walker) state(part, j int) bounded {
	a := w.in[len(w.in)-1]
	if !w.started {
		return bounded{}
	}
	return bounded{v: a.Data[w.e*a.Dims[1]+part*w.h+j]}
}

// chain is start + Σ x·weight of n terms.
func (w *walker) chain(start bounded, n int, term func(i int) (x bounded, weight float64)) bounded {
	abs := math.Abs(start.v)
	for i := range n {
		x, weight := term(i)
		start.v += x.v * weight
		start.e += x.e * math.Abs(weight)
		abs += math.Abs(x.v * weight)
	}
	start.e += gamma(n+1)*abs + tiny
	return start
}

// forward is start plus row h[t-1], which is column block output of the node, or
// block in of the state, times column (part, j) of the weight.
func (w *walker) forward(start bounded, t, output, in, part, j int) bounded {
	if t == 0 && !w.started {
		return start
	}
	return w.chain(start, w.h, func(i int) (bounded, float64) {
		if t == 0 {
			return w.state(in, i), w.weight(i, part, j)
		}
		return w.values[t-1][output*w.h+i], w.weight(i, part, j)
	})
}

// back is start plus the cotangents behind position t times row j of the
// weight; parts are their column blocks.
func (w *walker) back(start bounded, t, j int, parts ...int) bounded {
	if t == len(w.values)-1 {
		return start
	}
	return w.chain(start, len(parts)*w.h, func(i int) (bounded, float64) {
		return w.values[t+1][parts[i/w.h]*w.h+i%w.h], w.weight(j, i/w.h, i%w.h)
	})
}

// recurrentBound makes a bound of what a layer computes at position t for
// element j, given a state that walks along; reverse walks from the last
// position to the first. The operands may have a state behind them.
func recurrentBound(reverse bool, operands int, f func(w *walker, t, j int, state *bounded) []bounded) func(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
	return func(n *graph.Node, in []oracle.Array, ref oracle.Array) []float64 {
		var tol []float64
		positions, cols := ref.Dims[1], ref.Dims[2]
		for e := range ref.Dims[0] {
			w := &walker{in: in, e: e, h: in[1].Dims[0], values: make([][]bounded, positions), started: len(in) > operands}
			state := make([]bounded, w.h)
			for j := range state {
				state[j] = w.state(0, j)
			}
			for k := range positions {
				t := k
				if reverse {
					t = positions - 1 - k
				}
				w.values[t] = make([]bounded, cols)
				for j := range w.h {
					for part, v := range f(w, t, j, &state[j]) {
						w.values[t][part*w.h+j] = v
					}
				}
			}
			for _, row := range w.values {
				for _, v := range row {
					tol = append(tol, v.e)
				}
			}
		}
		return tol
	}
}

func lstmBound(w *walker, t, j int, c *bounded) []bounded {
	z := func(part int) bounded { return w.forward(w.of(0, t, part, j), t, 5, 1, part, j) }
	i, f, g, o := z(0).sigmoid(), z(1).sigmoid(), z(2).tanh(), z(3).sigmoid()
	*c = f.fma(*c, i.times(g))
	return []bounded{i, f, g, o, *c, o.times(c.tanh())}
}

func lstmGradBound(w *walker, t, j int, dc *bounded) []bounded {
	i, f, g, o, th := w.of(0, t, 0, j), w.of(0, t, 1, j), w.of(0, t, 2, j), w.of(0, t, 3, j), w.of(0, t, 4, j).tanh()
	d := w.back(w.of(2, t, 0, j), t, j, 0, 1, 2, 3)
	*dc = d.times(o).fma(th.times(th).not(), *dc)
	all := []bounded{dc.times(g).times(i.times(i.not())), dc.times(w.of(0, t-1, 4, j)).times(f.times(f.not())),
		dc.times(i).times(g.times(g).not()), d.times(th).times(o.times(o.not()))}
	*dc = dc.times(f)
	return all
}

func gruBound(w *walker, t, j int, h *bounded) []bounded {
	a := func(part int) bounded { return w.forward(bounded{v: w.in[2].Data[part*w.h+j]}, t, 4, 0, part, j) }
	r, z, q := w.of(0, t, 0, j).plus(a(0)).sigmoid(), w.of(0, t, 1, j).plus(a(1)).sigmoid(), a(2)
	n := r.fma(q, w.of(0, t, 2, j)).tanh()
	*h = z.fma(h.minus(n), n)
	return []bounded{r, z, n, q, *h}
}

func gruGradBound(w *walker, t, j int, direct *bounded) []bounded {
	r, z, n, q := w.of(0, t, 0, j), w.of(0, t, 1, j), w.of(0, t, 2, j), w.of(0, t, 3, j)
	d := w.back(w.of(2, t, 0, j).plus(*direct), t, j, 0, 1, 3)
	dn := d.times(z.not()).times(n.times(n).not())
	all := []bounded{dn.times(q).times(r.times(r.not())), d.times(w.of(0, t-1, 4, j).minus(n)).times(z.times(z.not())), dn, dn.times(r)}
	*direct = d.times(z)
	return all
}
