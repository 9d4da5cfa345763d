//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/bench/step"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

const classes = 10

// rate is so small that weights hardly move while a batch is repeated.
const rate = 1e-9

// job is a net by its name, and a batch.
type job struct {
	model, optimizer string
	batch            int
}

func (j job) String() string { return fmt.Sprintf("%s/%d", j.model, j.batch) }

// jobs lists the workloads.
func jobs(only string) []job {
	var all []job
	for _, model := range []string{"resnet20", "lenet", "mobilenet"} {
		for _, batch := range []int{32, 128} {
			all = append(all, job{model, optimizerOf(model), batch})
		}
	}
	return slices.DeleteFunc(all, func(j job) bool { return !strings.Contains(j.String(), only) })
}

// optimizerOf is SGD with momentum for the residual nets, as in their papers,
// and Adam for the small one.
func optimizerOf(model string) string {
	if model == "lenet" {
		return "adam"
	}
	return "sgdm"
}

var optimizers = map[string]func() optim.Optimizer{
	"sgdm": func() optim.Optimizer { return optim.SGD(rate).Momentum(0.9) },
	"adam": func() optim.Optimizer { return optim.Adam(rate) },
}

// net is a model by name, and the images that it takes.
func net(model string) (nn.Layer, tensor.Shape, error) {
	var depth int
	switch {
	case model == "lenet":
		return nn.Sequential(nn.Conv2d(32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 3), nn.ReLU(), nn.MaxPool2d(2),
			nn.Flatten(), nn.Dense(128), nn.ReLU(), nn.Dense(classes)), tensor.Shape{28, 28, 1}, nil
	case model == "mobilenet":
		return nn.MobileNetSmall(classes), tensor.Shape{96, 96, 3}, nil
	}
	if _, err := fmt.Sscanf(model, "resnet%d", &depth); err != nil {
		return nil, nil, fmt.Errorf("unknown model %q (want resnetDEPTH, lenet or mobilenet)", model)
	}
	return nn.ResNet(depth, classes), tensor.Shape{32, 32, 3}, nil
}

func (j job) workload(threads, micro int) (step.Workload, error) {
	model, image, err := net(j.model)
	if err == nil && optimizers[j.optimizer] == nil {
		err = fmt.Errorf("unknown optimizer %q", j.optimizer)
	}
	if err != nil {
		return step.Workload{}, err
	}
	return step.Workload{
		Model:     model,
		X:         nn.Input{Name: "x", DType: tensor.F32, Shape: image},
		Y:         nn.Input{Name: "y", DType: tensor.I32},
		Classes:   classes,
		Optimizer: optimizers[j.optimizer](),
		Batch:     j.batch,
		Micro:     micro,
		Threads:   threads,
	}, nil
}

// measurer answers requests.
func measurer(micro int) func(peer.Request) (peer.Reply, error) {
	return step.Measurer(func(q peer.Request) (step.Workload, error) {
		return job{q.Model, q.Optimizer, q.Batch}.workload(q.Threads, micro)
	})
}
