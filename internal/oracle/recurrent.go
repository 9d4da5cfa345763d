package oracle

import "math"

// recurrence is the walk along the positions of one example: blocks of columns
// of its operands, by position. What lies before the first position is 0, or a
// state.
type recurrence struct {
	c         *call
	e, hidden int
}

// at returns columns [part·H, (part+1)·H) of position t of a value (T, ..).
func (r recurrence) at(a Array, t, part int) []float64 {
	if t < 0 {
		return make([]float64, r.hidden)
	}
	return a.row(r.e*a.Dims[1] + t)[part*r.hidden : (part+1)*r.hidden]
}

// before returns columns of the result at the position before t; part of the
// state, operand i, before the first.
func (r recurrence) before(t, column, i, part int) []float64 {
	if t == 0 && len(r.c.in) > i {
		return r.c.in[i].row(r.e)[part*r.hidden : (part+1)*r.hidden]
	}
	return r.at(r.c.out, t-1, column)
}

// product returns element j of column block part of x·w.
func (r recurrence) product(x []float64, part, j int) float64 {
	s := 0.0
	for i, v := range x {
		s += v * r.c.in[1].row(i)[part*r.hidden+j]
	}
	return s
}

// back returns element i of d·wᵀ, d being column blocks of a position.
func (r recurrence) back(i int, d ...[]float64) float64 {
	s := 0.0
	for part, block := range d {
		for j, v := range block {
			s += v * r.c.in[1].row(i)[part*r.hidden+j]
		}
	}
	return s
}

// forward calls f for each position, backward from the last to the first.
func forward(f func(r recurrence, t int)) func(*call) {
	return func(c *call) {
		for e := range c.out.Dims[0] {
			for t := range c.out.Dims[1] {
				f(recurrence{c, e, c.in[1].Dims[0]}, t)
			}
		}
	}
}

func backward(f func(r recurrence, t, last int, carry []float64)) func(*call) {
	return func(c *call) {
		for e := range c.out.Dims[0] {
			carry := make([]float64, c.in[1].Dims[0])
			for t := c.out.Dims[1] - 1; t >= 0; t-- {
				f(recurrence{c, e, c.in[1].Dims[0]}, t, c.out.Dims[1]-1, carry)
			}
		}
	}
}

func lstm(r recurrence, t int) {
	y, g := r.c.out, r.c.in[0]
	h, c := r.before(t, 5, 2, 1), r.before(t, 4, 2, 0)
	for j := range r.hidden {
		z := func(part int) float64 { return r.at(g, t, part)[j] + r.product(h, part, j) }
		i, f, s, o := sigmoid(z(0)), sigmoid(z(1)), math.Tanh(z(2)), sigmoid(z(3))
		cell := f*c[j] + i*s
		for part, v := range []float64{i, f, s, o, cell, o * math.Tanh(cell)} {
			r.at(y, t, part)[j] = v
		}
	}
}

// lstmGrad carries the cotangent of the cell.
func lstmGrad(r recurrence, t, last int, dc []float64) {
	y, dz := r.c.in[0], r.c.out
	for j := range r.hidden {
		d := r.at(r.c.in[2], t, 0)[j]
		if t < last {
			d += r.back(j, r.at(dz, t+1, 0), r.at(dz, t+1, 1), r.at(dz, t+1, 2), r.at(dz, t+1, 3))
		}
		i, f, s, o := r.at(y, t, 0)[j], r.at(y, t, 1)[j], r.at(y, t, 2)[j], r.at(y, t, 3)[j]
		th := math.Tanh(r.at(y, t, 4)[j])
		dc[j] += d * o * (1 - th*th)
		for part, v := range []float64{dc[j] * s * i * (1 - i), dc[j] * r.at(y, t-1, 4)[j] * f * (1 - f), dc[j] * i * (1 - s*s), d * th * o * (1 - o)} {
			r.at(dz, t, part)[j] = v
		}
		dc[j] *= f
	}
}

func gru(r recurrence, t int) {
	y, g, bias := r.c.out, r.c.in[0], r.c.in[2]
	h := r.before(t, 4, 3, 0)
	for j := range r.hidden {
		a := func(part int) float64 { return bias.Data[part*r.hidden+j] + r.product(h, part, j) }
		u, z, q := sigmoid(r.at(g, t, 0)[j]+a(0)), sigmoid(r.at(g, t, 1)[j]+a(1)), a(2)
		n := math.Tanh(r.at(g, t, 2)[j] + u*q)
		for part, v := range []float64{u, z, n, q, n + z*(h[j]-n)} {
			r.at(y, t, part)[j] = v
		}
	}
}

// gruGrad carries z·dh.
func gruGrad(r recurrence, t, last int, direct []float64) {
	y, dz := r.c.in[0], r.c.out
	for j := range r.hidden {
		d := r.at(r.c.in[2], t, 0)[j] + direct[j]
		if t < last {
			d += r.back(j, r.at(dz, t+1, 0), r.at(dz, t+1, 1), r.at(dz, t+1, 3))
		}
		u, z, n, q := r.at(y, t, 0)[j], r.at(y, t, 1)[j], r.at(y, t, 2)[j], r.at(y, t, 3)[j]
		dn := d * (1 - z) * (1 - n*n)
		for part, v := range []float64{dn * q * u * (1 - u), d * (r.at(y, t-1, 4)[j] - n) * z * (1 - z), dn, dn * u} {
			r.at(dz, t, part)[j] = v
		}
		direct[j] = d * z
	}
}
