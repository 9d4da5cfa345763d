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

// vocabulary is tiny Shakespeare's characters.
const vocabulary = 65

// rate is so small that weights hardly move while a batch is repeated.
const rate = 1e-9

// job is a model by its sizes, and a batch.
type job struct {
	layers, heads, channels, context int
	batch                            int
}

func (j job) model() string {
	return fmt.Sprintf("gpt-%d-%d-%d-%d", j.layers, j.heads, j.channels, j.context)
}

func (j job) String() string { return fmt.Sprintf("%s/%d", j.model(), j.batch) }

func (j job) tokens() int { return j.batch * j.context }

// jobs lists the workloads: nanoGPT's setting for a processor, the same with a
// larger batch, and its model for tiny Shakespeare with a batch of eight.
func jobs(only string) []job {
	all := []job{{4, 4, 128, 64, 12}, {4, 4, 128, 64, 64}, {6, 6, 384, 256, 8}}
	return slices.DeleteFunc(all, func(j job) bool { return !strings.Contains(j.String(), only) })
}

// flops counts the products of matrices in an update, forward and backward: 6 for
// each weight and token, and 6·T·C for each layer and token of causal attention,
// half of what all pairs of positions take (Chowdhery et al., arXiv:2204.02311,
// appendix B).
func (j job) flops() float64 {
	weights := 12*j.layers*j.channels*j.channels + vocabulary*j.channels
	attention := j.layers * j.context * j.channels
	return 6 * float64(weights+attention) * float64(j.tokens())
}

// workload is the step of nanoGPT's model: no bias, no dropout, tied
// embeddings; the gradient's norm is clipped at 1, and matrices decay.
func (j job) workload(threads, micro int) step.Workload {
	c := nn.DefaultGPT()
	c.Vocab, c.Context, c.Layers, c.Heads, c.Dim = vocabulary, j.context, j.layers, j.heads, j.channels
	c.Bias, c.MLP = false, "gelu"
	window := tensor.Shape{j.context}
	return step.Workload{
		Model:     nn.GPT(c),
		X:         nn.Input{Name: "x", DType: tensor.I32, Shape: window},
		Y:         nn.Input{Name: "y", DType: tensor.I32, Shape: window},
		Symbols:   vocabulary,
		Classes:   vocabulary,
		Optimizer: optim.AdamW(rate).Betas(0.9, 0.99).WeightDecay(0.1).WithClipNorm(1).WithGroups(optim.NoDecay()),
		Batch:     j.batch,
		Micro:     micro,
		Threads:   threads,
	}
}

// measurer answers requests.
func measurer(micro int) func(peer.Request) (peer.Reply, error) {
	return step.Measurer(func(q peer.Request) (step.Workload, error) {
		j := job{batch: q.Batch}
		if _, err := fmt.Sscanf(q.Model, "gpt-%d-%d-%d-%d", &j.layers, &j.heads, &j.channels, &j.context); err != nil || q.Optimizer != "adamw" {
			return step.Workload{}, fmt.Errorf("unknown workload %s %s", q.Model, q.Optimizer)
		}
		return j.workload(q.Threads, micro), nil
	})
}
