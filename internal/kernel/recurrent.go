package kernel

// Recurrent layers over a block of examples. Every operand is dense, (n, t, k):
// n examples, t positions, k columns. At each position the examples are the
// rows of one matrix product, whose chains begin at what the position has from
// outside, so a value depends neither on n nor on how examples are cut. A
// state of nil is 0 before the first position.

// Columns of what LSTM makes of a position, in units of hidden: the gates i, f,
// g, o behind their functions, the cell and the output; and of GRU: the gates
// r, z, n, what r multiplies, and the output.
const (
	LSTMColumns = 6
	GRUColumns  = 5
	GRUGrads    = 4 // of the sums before r, z and n, and of what r multiplies
)

// The programs of one position, over examples and hidden units. s0 is 1; z are
// the sums that the gates are functions of, a those of the recurrent product.
//
//	lstmCell      z_i z_f z_g c[t-1]  to i f g c
//	lstmOut       z_o c               to o h h: the result, and the next product's operand
//	lstmOutGrad   c o dh dc           to dc, with what comes through h, and dz_o
//	lstmCellGrad  i f g c[t-1] dc     to dz_i dz_f dz_g, and dc of c[t-1]
//	gruGates      a g                 to r or z
//	gruOut        q g r z h           to n h h, as in lstmOut
//	gruOutGrad    dh z n h[t-1]       to dz_z dz_n, and z·dh
//	gruGateGrad   dz_n q r            to dz_r dq
var (
	lstmCell     = lazily("x4=sigmoid(x0);x5=sigmoid(x1);x6=tanh(x2);t0=mul(x4,x6);x7=fma(x5,x3,t0)")
	lstmOut      = lazily("x2=sigmoid(x0);t0=tanh(x1);x3=mul(x2,t0);x4=mul(x2,t0)")
	lstmOutGrad  = lazily("t0=tanh(x0);t1=mul(x2,x1);t2=mul(t0,t0);t3=sub(s0,t2);x3=fma(t1,t3,x3);t4=mul(x2,t0);t5=sub(s0,x1);t6=mul(x1,t5);x4=mul(t4,t6)")
	lstmCellGrad = lazily("t0=mul(x4,x2);t1=sub(s0,x0);t2=mul(x0,t1);x5=mul(t0,t2);t3=mul(x4,x3);t4=sub(s0,x1);t5=mul(x1,t4);x6=mul(t3,t5);" +
		"t6=mul(x4,x0);t7=mul(x2,x2);t8=sub(s0,t7);x7=mul(t6,t8);x4=mul(x4,x1)")

	gruGates    = lazily("t0=add(x0,x1);x2=sigmoid(t0)")
	gruOut      = lazily("t0=fma(x2,x0,x1);x5=tanh(t0);t1=sub(x4,x5);x6=fma(x3,t1,x5);x4=fma(x3,t1,x5)")
	gruOutGrad  = lazily("t0=sub(x3,x2);t1=mul(x0,t0);t2=sub(s0,x1);t3=mul(x1,t2);x4=mul(t1,t3);t4=mul(x0,t2);t5=mul(x2,x2);t6=sub(s0,t5);x5=mul(t4,t6);x0=mul(x0,x1)")
	gruGateGrad = lazily("t0=mul(x0,x1);t1=sub(s0,x2);t2=mul(x2,t1);x3=mul(t0,t2);x4=mul(x0,x2)")
)

// slotStates is the Scratch slot of recurrent layers.
const slotStates = 10

// steps are the positions of a block: an operand's columns at one of them are a
// Stream whose rows are the examples.
type steps struct{ n, t, hidden int }

// at returns the columns of position t, from column block part on, of an
// operand with so many blocks of hidden columns.
func (b steps) at(x []float32, blocks, t, part int) Stream {
	k := blocks * b.hidden
	return Stream{Data: x[t*k+part*b.hidden:], Stride: b.t * k}
}

// before is at of the position before t: first before all.
func (b steps) before(x []float32, blocks, t, part int, first Stream) Stream {
	if t == 0 {
		return first
	}
	return b.at(x, blocks, t-1, part)
}

// state returns column block part of a matrix with a row for each example.
func (b steps) state(x []float32, blocks, part int) Stream {
	return Stream{Data: x[part*b.hidden:], Stride: blocks * b.hidden}
}

// none is a row of zeros for every example.
func none(zeros []float32) Stream { return Stream{Data: zeros, Access: Row} }

// pick copies column block part of x, which has so many, to rows (n, hidden).
func (b steps) pick(rows, x []float32, blocks, part int) {
	for e := range b.n {
		copy(rows[e*b.hidden:(e+1)*b.hidden], x[(e*blocks+part)*b.hidden:])
	}
}

// load copies position t of x (n, t, k) to rows (n, k); store does the reverse.
func (b steps) load(rows, x []float32, t, k int) {
	for e := range b.n {
		copy(rows[e*k:(e+1)*k], x[(e*b.t+t)*k:])
	}
}

func (b steps) store(x, rows []float32, t, k int) {
	for e := range b.n {
		copy(x[(e*b.t+t)*k:][:k], rows[e*k:])
	}
}

// carve cuts memory into pieces of the given lengths.
func carve(x []float32, lengths ...int) (pieces [4][]float32) {
	for i, n := range lengths {
		pieces[i], x = x[:n:n], x[n:]
	}
	return pieces
}

// LSTM runs h[t] = o·tanh(c[t]), c[t] = f·c[t-1] + i·g with the gates
// [i, f, g, o] = g[t] + h[t-1]·w: g (n, t, 4H), w (H, 4H), to y (n, t, 6H): the
// gates behind their functions (sigmoid, of g tanh), c and h. state (n, 2H) is c
// and h before the first position.
func LSTM(y, g, w, state []float32, n, t, hidden int, s *Scratch) {
	b := steps{n, t, hidden}
	need("y", len(y), n*t*LSTMColumns*hidden)
	need("g", len(g), n*t*4*hidden)
	work := carve(s.F32(slotStates, (5*n+1)*hidden), 4*n*hidden, n*hidden, hidden)
	z, h := work[0], work[1]
	first := none(work[2]) // c before the first position
	clear(work[2])
	if state != nil {
		first = b.state(state, 2, 0)
		b.pick(h, state, 2, 1)
	}
	for t := range b.t {
		b.load(z, g, t, 4*hidden)
		if t > 0 || state != nil {
			GemmNN(n, 4*hidden, hidden, h, hidden, w, 4*hidden, z, 4*hidden, Accumulate, nil, s)
		}
		out := func(part int) Stream { return b.at(y, LSTMColumns, t, part) }
		cell := [8]Stream{b.state(z, 4, 0), b.state(z, 4, 1), b.state(z, 4, 2), b.before(y, LSTMColumns, t, 4, first), out(0), out(1), out(2), out(4)}
		lstmCell().Run(n, hidden, cell[:], nil, s)
		last := [5]Stream{b.state(z, 4, 3), out(4), out(3), out(5), b.state(h, 1, 0)}
		lstmOut().Run(n, hidden, last[:], nil, s)
	}
}

// LSTMGrad sets dz (n, t, 4H) to the gradient of what LSTM added up for its
// gates, given y (n, t, 6H), its result, w (H, 4H) and dh (n, t, H):
// the gradient of h[t] is a chain from dh[t] over dz[t+1]·wᵀ.
func LSTMGrad(dz, y, w, dh []float32, n, t, hidden int, s *Scratch) {
	b := steps{n, t, hidden}
	need("dz", len(dz), n*t*4*hidden)
	need("dh", len(dh), n*t*hidden)
	turned, work := b.turn(w, 4, 6*n+1, s)
	pieces := carve(work, 4*n*hidden, n*hidden, n*hidden, hidden)
	z, d, dc, zeros := pieces[0], pieces[1], pieces[2], pieces[3]
	clear(dc)
	clear(zeros)
	one := [1]float32{1}
	for t := b.t - 1; t >= 0; t-- {
		b.load(d, dh, t, hidden)
		if t < b.t-1 {
			GemmNN(n, hidden, 4*hidden, z, 4*hidden, turned, hidden, d, hidden, Accumulate, nil, s)
		}
		at := func(part int) Stream { return b.at(y, LSTMColumns, t, part) }
		out := [5]Stream{at(4), at(3), b.state(d, 1, 0), b.state(dc, 1, 0), b.state(z, 4, 3)}
		lstmOutGrad().Run(n, hidden, out[:], one[:], s)
		cell := [8]Stream{at(0), at(1), at(2), b.before(y, LSTMColumns, t, 4, none(zeros)), b.state(dc, 1, 0), b.state(z, 4, 0), b.state(z, 4, 1), b.state(z, 4, 2)}
		lstmCellGrad().Run(n, hidden, cell[:], one[:], s)
		b.store(dz, z, t, 4*hidden)
	}
}

// turn returns w (H, gates·H) transposed, and rows·H elements beside it.
func (b steps) turn(w []float32, gates, rows int, s *Scratch) (turned, work []float32) {
	size := gates * b.hidden * b.hidden
	all := s.F32(slotStates, size+rows*b.hidden)
	Transpose(b.hidden, gates*b.hidden, w, gates*b.hidden, all, b.hidden)
	return all[:size], all[size:]
}

// GRU runs h[t] = n + z·(h[t-1] - n), n = tanh(g_n + r·q), with the gates
// r, z = sigmoid(g + a) and [a_r, a_z, q] = bias + h[t-1]·w: g (n, t, 3H),
// w (H, 3H), bias (3H), to y (n, t, 5H): r, z, n, q and h. state (n, H) is h
// before the first position.
func GRU(y, g, w, bias, state []float32, n, t, hidden int, s *Scratch) {
	b := steps{n, t, hidden}
	need("y", len(y), n*t*GRUColumns*hidden)
	need("g", len(g), n*t*3*hidden)
	work := carve(s.F32(slotStates, 4*n*hidden), 3*n*hidden, n*hidden)
	a, h := work[0], work[1]
	clear(h)
	copy(h, state)
	for t := range b.t {
		k := hidden
		if t == 0 && state == nil {
			k = 0 // the chains are their beginnings
		}
		GemmNN(n, 3*hidden, k, h, hidden, w, 3*hidden, a, 3*hidden, Bias, bias, s)
		in, out := b.at(g, 3, t, 0), b.at(y, GRUColumns, t, 0)
		gates := [3]Stream{b.state(a, 3, 0), in, out}
		gruGates().Run(n, 2*hidden, gates[:], nil, s)
		for e := range n {
			copy(y[((e*b.t+t)*GRUColumns+3)*hidden:][:hidden], a[(3*e+2)*hidden:])
		}
		at := func(part int) Stream { return b.at(y, GRUColumns, t, part) }
		last := [7]Stream{b.state(a, 3, 2), b.at(g, 3, t, 2), at(0), at(1), b.state(h, 1, 0), at(2), at(4)}
		gruOut().Run(n, hidden, last[:], nil, s)
	}
}

// GRUGrad sets dz (n, t, 4H) to the gradients of the sums before r, z and n and
// of q, given y (n, t, 5H), the result of GRU, w (H, 3H) and dh (n, t, H): the
// gradient of h[t] is a chain from dh[t] + z[t+1]·dh[t+1] over
// [dz_r, dz_z, dq][t+1]·wᵀ.
func GRUGrad(dz, y, w, dh []float32, n, t, hidden int, s *Scratch) {
	b := steps{n, t, hidden}
	need("dz", len(dz), n*t*GRUGrads*hidden)
	need("dh", len(dh), n*t*hidden)
	turned, work := b.turn(w, 3, 6*n+1, s)
	pieces := carve(work, 4*n*hidden, n*hidden, n*hidden, hidden)
	z, d, direct, zeros := pieces[0], pieces[1], pieces[2], pieces[3]
	clear(direct)
	clear(zeros)
	one := [1]float32{1}
	for t := b.t - 1; t >= 0; t-- {
		b.load(d, dh, t, hidden)
		sum := [3]Stream{b.state(d, 1, 0), b.state(direct, 1, 0), b.state(direct, 1, 0)}
		plus().Run(n, hidden, sum[:], nil, s)
		if t < b.t-1 {
			GemmNN(n, hidden, 2*hidden, z, 4*hidden, turned, hidden, direct, hidden, Accumulate, nil, s)
			GemmNN(n, hidden, hidden, z[3*hidden:], 4*hidden, turned[2*hidden*hidden:], hidden, direct, hidden, Accumulate, nil, s)
		}
		at := func(part int) Stream { return b.at(y, GRUColumns, t, part) }
		out := [6]Stream{b.state(direct, 1, 0), at(1), at(2), b.before(y, GRUColumns, t, 4, none(zeros)), b.state(z, 4, 1), b.state(z, 4, 2)}
		gruOutGrad().Run(n, hidden, out[:], one[:], s)
		gate := [5]Stream{b.state(z, 4, 2), at(3), at(0), b.state(z, 4, 0), b.state(z, 4, 3)}
		gruGateGrad().Run(n, hidden, gate[:], one[:], s)
		b.store(dz, z, t, 4*hidden)
	}
}

var plus = lazily("x2=add(x0,x1)")
