//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/generate"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/tokenizer"
	"github.com/descent-ml/descent/train"
)

// As in generate_torch.py and peer.py.
const (
	tokens     = 500
	characters = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" // tiny Shakespeare's, 65
)

var options = map[string]generate.Options{
	"sample": {Sampling: generate.Sampling{Temperature: 0.8, TopK: 40}, Tokens: tokens},
	"greedy": {Tokens: tokens},
}

// measurer answers requests, with a generator for each job.
func measurer() func(peer.Request) (peer.Reply, error) {
	generators := map[job]*generate.Generator{}
	return func(q peer.Request) (r peer.Reply, err error) {
		j := job{q.Model, q.Optimizer, q.Batch}
		if generators[j] == nil {
			if generators[j], err = newGenerator(j, q.Threads); err != nil {
				return r, err
			}
		}
		return measure(generators[j], j, time.Duration(q.Seconds*float64(time.Second)))
	}
}

// newGenerator returns a generator for a model whose weights are its first.
func newGenerator(j job, threads int) (*generate.Generator, error) {
	c := nn.DefaultGPT()
	c.Bias, c.Vocab = false, len(characters)
	if _, err := fmt.Sscanf(j.model, "gpt-%d-%d-%d-%d", &c.Layers, &c.Heads, &c.Dim, &c.Context); err != nil {
		return nil, fmt.Errorf("model %q: %w", j.model, err)
	}
	if _, ok := options[j.how]; !ok || j.batch < 1 {
		return nil, fmt.Errorf("unknown workload %v", j)
	}
	tok, err := tokenizer.Chars(characters)
	if err != nil {
		return nil, err
	}
	model := nn.GPT(c)
	g, _, err := nn.Decoder(model, 1, c.Context)
	if err != nil {
		return nil, err
	}
	params, err := firstValues(g)
	if err != nil {
		return nil, err
	}
	e, err := cpu.New(cpu.Config{Threads: threads})
	if err != nil {
		return nil, err
	}
	vars, err := train.NewVars(e, g, params)
	if err != nil {
		return nil, err
	}
	return generate.New(e, vars, model, tok, generate.Config{Context: c.Context, Sequences: j.batch})
}

func firstValues(g *graph.Graph) (checkpoint.Tensors, error) {
	params := checkpoint.Tensors{}
	for _, v := range g.Vars {
		t := tensor.New(tensor.F32, v.Shape.Dims...)
		params[v.Attr.Name] = t
		if err := nn.Initialize(v.Attr.Init, v.Shape.Dims, 1, v.Attr.Name, t.F32()); err != nil {
			return nil, err
		}
	}
	return params, nil
}

// measure writes texts for a while. A step is a token of each text.
func measure(g *generate.Generator, j job, d time.Duration) (r peer.Reply, err error) {
	prompts := slices.Repeat([]string{"\n"}, j.batch)
	o := options[j.how]
	text := func() (time.Duration, error) {
		start := time.Now()
		for _, e := range g.GenerateAll(context.Background(), prompts, o) {
			err = errors.Join(err, e)
		}
		return time.Since(start), err
	}
	if _, err := text(); err != nil {
		return r, err
	}
	var times []time.Duration
	start, cpu := time.Now(), peer.CPUTime()
	for len(times) == 0 || time.Since(start) < d {
		t, err := text()
		if err != nil {
			return r, err
		}
		times = append(times, t)
	}
	wall, used := time.Since(start), peer.CPUTime()-cpu
	slices.Sort(times)
	r.Steps = tokens * len(times)
	r.MS = times[len(times)/2].Seconds() * 1e3 / tokens
	r.CPUMS, r.CPU = used.Seconds()*1e3/float64(r.Steps), used.Seconds()/wall.Seconds()
	return r, nil
}
