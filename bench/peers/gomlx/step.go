package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/backends/simplego"
	. "github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
)

// The constants of peer.py; the rate keeps the weights nearly still, see there.
const (
	rate     = 1e-9
	momentum = 0.9
	beta1    = 0.9
	beta2    = 0.999
	epsilon  = 1e-8
)

var models = map[string][]int{"mlp784": {784, 512, 256, 10}, "mlp64": {64, 32, 10}}

// A step owns the parameters and the optimizer's state and hands them to the graph and back.
type step struct {
	backend backends.Backend
	exec    *Exec
	state   []*tensors.Tensor // parameters, then moments, then Adam's count
	x, y    *tensors.Tensor
}

func newStep(q request) (*step, error) {
	sizes, ok := models[q.model]
	if !ok {
		return nil, fmt.Errorf("model %q (want mlp784 or mlp64)", q.model)
	}
	moments, ok := map[string]int{"sgd": 0, "sgdm": 1, "adam": 2}[q.optimizer]
	if !ok {
		return nil, fmt.Errorf("optimizer %q (want sgd, sgdm or adam)", q.optimizer)
	}
	config := fmt.Sprintf("parallelism=%d", q.threads)
	if q.threads == 1 {
		config = "parallelism=0,ops_sequential"
	}
	backend, err := simplego.New(config)
	if err != nil {
		return nil, err
	}
	s := &step{backend: backend}
	s.fill(sizes, moments, q.batch)
	params := 2 * (len(sizes) - 1)
	s.exec, err = NewExec(backend, func(in []*Node) []*Node {
		state, x, y := in[:len(in)-2], in[len(in)-2], in[len(in)-1]
		grads := Gradient(loss(state[:params], x, y), state[:params]...)
		return update(moments, state, grads)
	})
	return s, err
}

// fill draws parameters as PyTorch does, uniform within 1/sqrt(in), and one random batch.
func (s *step) fill(sizes []int, moments, batch int) {
	r := rand.New(rand.NewPCG(1, 2))
	for i, in := range sizes[:len(sizes)-1] {
		bound := 1 / math.Sqrt(float64(in))
		for _, dims := range [][]int{{in, sizes[i+1]}, {sizes[i+1]}} {
			s.state = append(s.state, random(dims, func() float32 { return float32(bound * (2*r.Float64() - 1)) }))
		}
	}
	params := s.state
	for range moments {
		for _, p := range params {
			s.state = append(s.state, random(p.Shape().Dimensions, func() float32 { return 0 }))
		}
	}
	if moments == 2 {
		s.state = append(s.state, tensors.FromScalar(float32(0)))
	}
	s.x = random([]int{batch, sizes[0]}, func() float32 { return float32(r.NormFloat64()) })
	labels := make([]int32, batch)
	for i := range labels {
		labels[i] = r.Int32N(int32(sizes[len(sizes)-1]))
	}
	s.y = tensors.FromFlatDataAndDimensions(labels, batch)
}

func random(dims []int, draw func() float32) *tensors.Tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = draw()
	}
	return tensors.FromFlatDataAndDimensions(data, dims...)
}

func loss(params []*Node, x, y *Node) *Node {
	for i := 0; i < len(params); i += 2 {
		x = Add(Dot(x, params[i]), ExpandAxes(params[i+1], 0))
		if i+2 < len(params) {
			x = Max(x, ZerosLike(x))
		}
	}
	truth := OneHot(y, x.Shape().Dimensions[1], x.DType())
	return Neg(ReduceAllMean(ReduceSum(Mul(truth, LogSoftmax(x)), -1)))
}

// update returns the new state in the order of the old.
func update(moments int, state, grads []*Node) []*Node {
	n := len(grads)
	out := make([]*Node, len(state))
	if moments < 2 {
		for i, g := range grads {
			if moments == 1 {
				g = Add(MulScalar(state[n+i], momentum), g)
				out[n+i] = g
			}
			out[i] = Sub(state[i], MulScalar(g, rate))
		}
		return out
	}
	count := AddScalar(state[3*n], 1)
	power := func(beta float64) *Node { return OneMinus(Exp(MulScalar(count, math.Log(beta)))) }
	scale := Div(Scalar(count.Graph(), count.DType(), rate), power(beta1))
	root := Sqrt(power(beta2))
	for i, g := range grads {
		m := Add(MulScalar(state[n+i], beta1), MulScalar(g, 1-beta1))
		v := Add(MulScalar(state[2*n+i], beta2), MulScalar(Square(g), 1-beta2))
		out[i] = Sub(state[i], Div(Mul(scale, m), AddScalar(Div(Sqrt(v), root), epsilon)))
		out[n+i], out[2*n+i] = m, v
	}
	out[3*n] = count
	return out
}

// run does k steps and returns how long they took.
func (s *step) run(k int) (time.Duration, error) {
	start := time.Now()
	args := make([]any, len(s.state)+2)
	for range k {
		for i, t := range s.state {
			buf, err := DonateTensorBuffer(t, s.backend, 0)
			if err != nil {
				return 0, err
			}
			args[i] = buf
		}
		args[len(s.state)], args[len(s.state)+1] = s.x, s.y
		out, err := s.exec.Exec(args...)
		if err != nil {
			return 0, err
		}
		s.state = out
	}
	return time.Since(start), nil
}
