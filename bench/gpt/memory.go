//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/bench/step"
)

// contexts are the windows that memory is measured at, of a model with 4 layers,
// 4 heads and 128 channels and a batch of one.
var contexts = []int{64, 512, 1024, 2048, 4096}

// usage is the memory of a training step in MiB.
type usage struct {
	context int
	planned float64 // by our plan: arena and variables
	ours    float64 // the peak of our process over its start
	stored  float64 // what the probabilities alone would take, a matrix for each head and layer
	eager   float64 // PyTorch's peak over its import
	matrix  float64 // PyTorch's with stored probabilities
}

// compareMemory starts a fresh process for each context and trainer.
func compareMemory(s peer.Comparison, path string) error {
	s.Seconds = 0 // a step or two
	var all []usage
	for _, context := range contexts {
		u, err := measureMemory(s, job{4, 4, 128, context, 1})
		if err != nil {
			return err
		}
		all = append(all, u)
		if s.Verbose {
			fmt.Fprintf(os.Stderr, "%+v\n", u)
		}
	}
	printMemory(all)
	return os.WriteFile(path, []byte(plotMemory(all)), 0o644)
}

func measureMemory(s peer.Comparison, j job) (usage, error) {
	const mib = 1 << 20
	u := usage{context: j.context, stored: float64(4*j.layers*j.heads*j.context*j.context) / mib}
	t, err := step.New(j.workload(s.Threads, s.Micro))
	if err != nil {
		return u, err
	}
	plan := t.Program.Plan()
	u.planned = float64(plan.Bytes+plan.VarBytes) / mib
	t.Close()
	ours, err := s.Ours()
	if err != nil {
		return u, err
	}
	if u.ours, err = memoryOf(ours, j.request(s)); err != nil {
		return u, err
	}
	into := map[string]*float64{"torch-eager": &u.eager, "torch-stored": &u.matrix}
	commands := slices.DeleteFunc(s.Chosen(installed(s.Threads)), func(c peer.Command) bool { return into[c.Label] == nil })
	for _, p := range peer.StartInstalled(s.Settings(), commands) {
		if *into[p.Label], err = memoryOf(p, j.request(s)); err != nil {
			return u, err
		}
	}
	return u, nil
}

// memoryOf makes one request of a fresh process and ends it.
func memoryOf(p *peer.Peer, q peer.Request) (float64, error) {
	defer p.Stop()
	r, err := p.Demand(q)
	return p.Over(r), err
}

func printMemory(all []usage) {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "context\tplan, MiB\tmeasured\tKiB a position\ta T×T matrix a head\tPyTorch\twith stored probabilities\t")
	for _, u := range all {
		fmt.Fprintf(t, "%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t\n",
			u.context, u.planned, u.ours, u.planned*1024/float64(u.context), u.stored, u.eager, u.matrix)
	}
	t.Flush()
}
