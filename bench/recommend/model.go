//go:build linux

package main

import (
	"fmt"
	"strings"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/bench/step"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// rate is so small that weights hardly move while batches are repeated.
const rate = 1e-9

// batches is how many different ones the steps go round: which rows are in the
// caches is part of what is timed.
const batches = 16

// job is a model by its sizes, and a batch.
type job struct {
	kind              string // mf or gmf
	dim, users, items int
	batch             int
}

// parse reads a job from a request.
func parse(q peer.Request) (job, error) {
	kind, sizes, _ := strings.Cut(q.Model, "-")
	j := job{kind: kind, batch: q.Batch}
	_, err := fmt.Sscanf(sizes, "%d-%d-%d", &j.dim, &j.users, &j.items)
	if err != nil || kind != "mf" && kind != "gmf" || q.Optimizer != "adam" {
		return j, fmt.Errorf("unknown workload %s %s", q.Model, q.Optimizer)
	}
	return j, nil
}

func (j job) model() string { return fmt.Sprintf("%s-%d-%d-%d", j.kind, j.dim, j.users, j.items) }

func (j job) String() string { return fmt.Sprintf("%s/%d", j.model(), j.batch) }

// layer is the model: for mf the dot product of two embeddings alone, as that is
// what PyTorch's takes; nn.MF has biases besides.
func (j job) layer() nn.Layer {
	if j.kind == "gmf" {
		return nn.GMF(j.users, j.items, j.dim)
	}
	return nn.Func(func(c *nn.Context, _ *graph.Node) *graph.Node {
		user := c.Apply("user", nn.Embedding(j.users, j.dim).Sparse(), c.Inputs["user"])
		item := c.Apply("item", nn.Embedding(j.items, j.dim).Sparse(), c.Inputs["item"])
		return c.Score(user, item)
	})
}

// draw fills a field of a batch: labels 0 and 1, or rows by the power law.
func (j job) draw(s *rng.Stream, field string, batch *tensor.Tensor) {
	switch field {
	case "user":
		powerLaw(s, batch.I32(), j.users)
	case "item":
		powerLaw(s, batch.I32(), j.items)
	default:
		for i := range batch.F32() {
			batch.F32()[i] = float32(s.Uint32() % 2)
		}
	}
}

// powerLaw draws rows below n of which the i-th most frequent has a probability
// proportional to about i^(-1/2), the quantile of u being n·u². Number i is row
// i·stride mod n, so that frequent rows are not neighbours; stride is a prime.
func powerLaw(s *rng.Stream, rows []int32, n int) {
	const stride = 2654435761
	for i := range rows {
		u := s.Float64()
		number := uint64(float64(n) * u * u)
		rows[i] = int32(number * stride % uint64(n))
	}
}

func (j job) workload(threads, micro int) step.Workload {
	return step.Workload{
		Model:     j.layer(),
		Fields:    []nn.Input{{Name: "user", DType: tensor.I32}, {Name: "item", DType: tensor.I32}, {Name: "y", DType: tensor.F32}},
		Draw:      j.draw,
		Loss:      nn.BCEWithLogits(),
		Optimizer: optim.Adam(rate),
		Batch:     j.batch,
		Batches:   batches,
		Micro:     micro,
		Threads:   threads,
	}
}

// measurer answers requests; what a step moves is counted by work, since the plan
// does not know which rows a batch touches.
func measurer(micro int) func(peer.Request) (peer.Reply, error) {
	measure := step.Measurer(func(q peer.Request) (step.Workload, error) {
		j, err := parse(q)
		return j.workload(q.Threads, micro), err
	})
	return func(q peer.Request) (peer.Reply, error) {
		r, err := measure(q)
		if err == nil {
			j, _ := parse(q)
			r.FLOPs, r.Bytes, r.Touched = j.work()
		}
		return r, err
	}
}
