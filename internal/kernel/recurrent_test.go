package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The definitions of the recurrent layers, for one example: plain loops over
// scalars.

func lstmRef(y, g, w []float32, steps, hidden int) {
	for t := range steps {
		row, z := y[t*6*hidden:][:6*hidden], g[t*4*hidden:]
		for j := range hidden {
			var gate [4]float32
			for k := range gate {
				gate[k] = z[k*hidden+j]
				for i := range hidden {
					if t > 0 {
						gate[k] = fma32(y[(t-1)*6*hidden+5*hidden+i], w[i*4*hidden+k*hidden+j], gate[k])
					}
				}
			}
			before := float32(0)
			if t > 0 {
				before = y[(t-1)*6*hidden+4*hidden+j]
			}
			i, f, g, o := sigmoid32(gate[0]), sigmoid32(gate[1]), tanh32(gate[2]), sigmoid32(gate[3])
			c := fma32(f, before, float32(i*g))
			for k, v := range []float32{i, f, g, o, c, o * tanh32(c)} {
				row[k*hidden+j] = v
			}
		}
	}
}

func lstmGradRef(dz, y, w, dh []float32, steps, hidden int) {
	dc := make([]float32, hidden)
	for t := steps - 1; t >= 0; t-- {
		at := func(t, k, j int) float32 {
			if t < 0 {
				return 0
			}
			return y[(t*6+k)*hidden+j]
		}
		for j := range hidden {
			d := dh[t*hidden+j]
			if t < steps-1 {
				d = chainRef(d, dz[(t+1)*4*hidden:][:4*hidden], w[j*4*hidden:])
			}
			i, f, g, o, c := at(t, 0, j), at(t, 1, j), at(t, 2, j), at(t, 3, j), at(t, 4, j)
			th := tanh32(c)
			dc[j] = fma32(d*o, 1-float32(th*th), dc[j])
			for k, v := range []float32{
				float32(dc[j]*g) * float32(i*(1-i)), float32(dc[j]*at(t-1, 4, j)) * float32(f*(1-f)),
				float32(dc[j]*i) * (1 - float32(g*g)), float32(d*th) * float32(o*(1-o)),
			} {
				dz[(t*4+k)*hidden+j] = v
			}
			dc[j] *= f
		}
	}
}

// chainRef is acc + Σ x[i]·y[i], ascending.
func chainRef(acc float32, x, y []float32) float32 {
	for i, v := range x {
		acc = fma32(v, y[i], acc)
	}
	return acc
}

func gruRef(y, g, w, bias []float32, steps, hidden int) {
	for t := range steps {
		for j := range hidden {
			var a [3]float32
			before := float32(0)
			for k := range a {
				a[k] = bias[k*hidden+j]
				for i := range hidden {
					if t > 0 {
						a[k] = fma32(y[((t-1)*5+4)*hidden+i], w[(i*3+k)*hidden+j], a[k])
						before = y[((t-1)*5+4)*hidden+j]
					}
				}
			}
			r, z := sigmoid32(a[0]+g[t*3*hidden+j]), sigmoid32(a[1]+g[(t*3+1)*hidden+j])
			n := tanh32(fma32(r, a[2], g[(t*3+2)*hidden+j]))
			for k, v := range []float32{r, z, n, a[2], fma32(z, before-n, n)} {
				y[(t*5+k)*hidden+j] = v
			}
		}
	}
}

func gruGradRef(dz, y, w, dh []float32, steps, hidden int) {
	direct := make([]float32, hidden)
	for t := steps - 1; t >= 0; t-- {
		d := make([]float32, hidden)
		for j := range hidden {
			d[j] = dh[t*hidden+j] + direct[j]
			if t < steps-1 {
				next := dz[(t+1)*4*hidden:]
				d[j] = chainRef(d[j], next[:2*hidden], w[j*3*hidden:])
				d[j] = chainRef(d[j], next[3*hidden:4*hidden], w[j*3*hidden+2*hidden:])
			}
		}
		for j := range hidden {
			at := func(k int) float32 { return y[(t*5+k)*hidden+j] }
			r, z, n, q, before := at(0), at(1), at(2), at(3), float32(0)
			if t > 0 {
				before = y[((t-1)*5+4)*hidden+j]
			}
			dn := float32(d[j]*(1-z)) * (1 - float32(n*n))
			for k, v := range []float32{float32(dn*q) * float32(r*(1-r)), float32(d[j]*(before-n)) * float32(z*(1-z)), dn, dn * r} {
				dz[(t*4+k)*hidden+j] = v
			}
			direct[j] = d[j] * z
		}
	}
}

// TestRecurrent compares blocks of examples with the definitions, bit by bit.
func TestRecurrent(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		var s Scratch
		for _, c := range [][3]int{{1, 1, 1}, {1, 4, 3}, {3, 1, 5}, {2, 5, 16}, {7, 3, 17}, {33, 2, 40}} {
			r := rand.New(rand.NewPCG(31, uint64(c[0])))
			n, steps, hidden := c[0], c[1], c[2]
			per := steps * hidden
			g, w, bias, dh := plain(r, 4*n*per), plain(r, 4*hidden*hidden), plain(r, 3*hidden), plain(r, n*per)
			what := func(name string) string { return fmt.Sprint(name, c) }
			want, got := make([]float32, n*6*per), make([]float32, n*6*per)
			wantD, gotD := make([]float32, n*4*per), make([]float32, n*4*per)

			LSTM(got, g, w, nil, n, steps, hidden, &s)
			LSTMGrad(gotD, got, w, dh, n, steps, hidden, &s)
			for e := range n {
				lstmRef(want[e*6*per:], g[e*4*per:], w, steps, hidden)
				lstmGradRef(wantD[e*4*per:], want[e*6*per:], w, dh[e*per:], steps, hidden)
			}
			checkSame(t, what("LSTM"), got, want)
			checkSame(t, what("LSTMGrad"), gotD, wantD)

			got, want = got[:n*5*per], want[:n*5*per]
			GRU(got, g, w, bias, nil, n, steps, hidden, &s)
			GRUGrad(gotD, got, w, dh, n, steps, hidden, &s)
			for e := range n {
				gruRef(want[e*5*per:], g[e*3*per:], w, bias, steps, hidden)
				gruGradRef(wantD[e*4*per:], want[e*5*per:], w, dh[e*per:], steps, hidden)
			}
			checkSame(t, what("GRU"), got, want)
			checkSame(t, what("GRUGrad"), gotD, wantD)
		}
	})
}

func TestRecurrentAllocs(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		const n, steps, hidden = 5, 3, 20
		r := rand.New(rand.NewPCG(32, 1))
		var s Scratch
		g, w, bias := plain(r, n*steps*4*hidden), plain(r, 4*hidden*hidden), plain(r, 3*hidden)
		y, dz := make([]float32, n*steps*6*hidden), make([]float32, n*steps*4*hidden)
		run := func() {
			LSTM(y, g, w, nil, n, steps, hidden, &s)
			LSTMGrad(dz, y, w, g, n, steps, hidden, &s)
			GRU(y, g, w, bias, nil, n, steps, hidden, &s)
			GRUGrad(dz, y, w, g, n, steps, hidden, &s)
		}
		run()
		if got := testing.AllocsPerRun(5, run); got != 0 {
			t.Errorf("%v allocations", got)
		}
	})
}

// TestRecurrentState: positions in two calls, the second from the state that the
// first leaves, are the positions in one.
func TestRecurrentState(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		const n, first, rest, hidden = 3, 2, 3, 5
		r := rand.New(rand.NewPCG(33, 1))
		var s Scratch
		g, w, bias := plain(r, n*(first+rest)*4*hidden), plain(r, 4*hidden*hidden), plain(r, 3*hidden)
		run := func(gates, columns, width int, f func(y, g, state []float32, t int)) {
			t.Helper()
			y := make([]float32, n*(first+rest)*columns*hidden)
			f(y, g, nil, first+rest)
			cut := func(x []float32, k, from, to int) (part []float32) {
				for e := range n {
					part = append(part, x[(e*(first+rest)+from)*k:(e*(first+rest)+to)*k]...)
				}
				return part
			}
			var state []float32
			last := cut(y, columns*hidden, first-1, first)
			for e := range n {
				state = append(state, last[(e*columns+4)*hidden:(e*columns+4+width)*hidden]...)
			}
			got := make([]float32, n*rest*columns*hidden)
			f(got, cut(g, gates*hidden, first, first+rest), state, rest)
			checkSame(t, fmt.Sprint(gates, " gates from a state"), got, cut(y, columns*hidden, first, first+rest))
		}
		run(4, LSTMColumns, 2, func(y, g, state []float32, t int) { LSTM(y, g, w, state, n, t, hidden, &s) })
		run(3, GRUColumns, 1, func(y, g, state []float32, t int) { GRU(y, g, w, bias, state, n, t, hidden, &s) })
	})
}
