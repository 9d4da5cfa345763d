//go:build linux

package main

import (
	"fmt"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/bench/step"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// sizes are the widths of the nets: input, hidden layers, classes.
var sizes = map[string][]int{"mlp784": {784, 512, 256, 10}, "mlp64": {64, 32, 10}}

// rate is so small that weights hardly move: a batch repeated for thousands of
// steps must not saturate the softmax. The peers use the same.
const rate = 1e-9

var optimizers = map[string]func() optim.Optimizer{
	"sgd":  func() optim.Optimizer { return optim.SGD(rate) },
	"sgdm": func() optim.Optimizer { return optim.SGD(rate).Momentum(0.9) },
	"adam": func() optim.Optimizer { return optim.Adam(rate) },
}

func mlp(widths []int) nn.Layer {
	var layers []nn.Layer
	for i, w := range widths[1:] {
		if i > 0 {
			layers = append(layers, nn.ReLU())
		}
		layers = append(layers, nn.Dense(w))
	}
	return nn.Sequential(layers...)
}

func workload(j job, threads int) (step.Workload, error) {
	widths := sizes[j.model]
	if widths == nil || optimizers[j.optimizer] == nil || j.batch < 1 {
		return step.Workload{}, fmt.Errorf("unknown workload %v", j)
	}
	return step.Workload{
		Model:     mlp(widths),
		X:         nn.Input{Name: "x", DType: tensor.F32, Shape: tensor.Shape{widths[0]}},
		Y:         nn.Input{Name: "y", DType: tensor.I32},
		Classes:   widths[len(widths)-1],
		Optimizer: optimizers[j.optimizer](),
		Batch:     j.batch,
		Threads:   threads,
	}, nil
}

// newTrainer is the step of a job.
func newTrainer(j job, threads int) (*step.Trainer, error) {
	w, err := workload(j, threads)
	if err != nil {
		return nil, err
	}
	return step.New(w)
}

// measurer answers requests.
func measurer() func(peer.Request) (peer.Reply, error) {
	return step.Measurer(func(q peer.Request) (step.Workload, error) {
		return workload(job{q.Model, q.Optimizer, q.Batch}, q.Threads)
	})
}
