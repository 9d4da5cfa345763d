//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/internal/kernel"
)

// directions of a convolution, as requests name them.
var directions = []string{"forward", "input", "weights"}

// measure answers a request: a layer for the model, a direction for the optimizer. The
// model "peak" is multiply-adds in registers.
func measure(q peer.Request) (peer.Reply, error) {
	if q.Model == "peak" {
		return timed(q.Seconds, 0, func() { peak.Block(kernel.Active()) }), nil
	}
	l, err := parse(q.Model)
	if err != nil {
		return peer.Reply{}, fmt.Errorf("layer %s: %w", q.Model, err)
	}
	run, err := prepare(l, q.Optimizer, q.Batch)
	if err != nil {
		return peer.Reply{}, err
	}
	return timed(q.Seconds, l.flops()*float64(q.Batch), run), nil
}

// prepare makes operands and returns a call for the whole batch.
func prepare(l layer, direction string, batch int) (func(), error) {
	s := l.size()
	c := kernel.NewConv(s)
	image, made := s.H*s.W*s.In, s.OutH*s.OutW*s.Out
	rows := l.kernel * l.kernel * l.in / l.groups
	x, y, w := random(batch*image), random(batch*made), random(rows*l.out)
	var scratch kernel.Scratch
	switch direction {
	case "forward":
		return func() { c.Forward(y, x, w, nil, batch, &scratch) }, nil
	case "input":
		return func() { c.Input(x, y, w, batch, &scratch) }, nil
	case "weights":
		leaf := min(batch, max(1, 512/(s.OutH*s.OutW)))
		return func() {
			for e := 0; e < batch; e += leaf {
				c.Weights(w, x[e*image:], y[e*made:], min(leaf, batch-e), 0, rows, kernel.Zero, &scratch)
			}
		}, nil
	}
	return nil, fmt.Errorf("direction %s (want one of %v)", direction, directions)
}

func random(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32() - 0.5
	}
	return x
}

// timed runs blocks of 2 ms of the processor's time or one run; the median block counts.
func timed(seconds, flops float64, run func()) peer.Reply {
	run()
	var cpu []float64
	runs, n := 0, 1
	for end := time.Now().Add(time.Duration(seconds * float64(time.Second))); time.Now().Before(end) || len(cpu) < 3; {
		start := peer.CPUTime()
		for range n {
			run()
		}
		took := peer.CPUTime() - start
		cpu, runs = append(cpu, took.Seconds()/float64(n)*1e3), runs+n
		n = max(1, int(float64(n)*float64(2*time.Millisecond)/max(1, float64(took))))
	}
	slices.Sort(cpu)
	middle := cpu[len(cpu)/2]
	return peer.Reply{MS: middle, CPUMS: middle, Steps: runs, FLOPs: flops}
}
