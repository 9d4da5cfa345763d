//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/bench/plot"
	"github.com/descent-ml/descent/bench/step"
)

// usage is what a training step takes: memory in MiB over the start of a process,
// of two steps alone, and time in ms.
type usage struct {
	planned    float64 // by our plan: arena and variables
	ours       float64
	torch      float64 // the least of the variants
	which      string  // the variant
	ms, theirs float64 // of a step; 0 if it was not asked for
}

// torch are PyTorch's variants whose label contains a part.
func torch(part string, threads int) []peer.Command {
	return slices.DeleteFunc(installed(threads), func(c peer.Command) bool {
		return !strings.HasPrefix(c.Label, "torch") || !strings.Contains(c.Label, part)
	})
}

// compareMemory prints the memory of every workload.
func compareMemory(s peer.Comparison) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tplan, MiB\tdescent\tPyTorch\tratio\t")
	for _, j := range jobs(s.Only) {
		u, err := measure(s, j, torch("", s.Threads), false)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%v\t%.1f\t%.1f\t%.1f (%s)\t%.0f %%\t\n", j, u.planned, u.ours, u.torch, u.which, 100*u.ours/u.torch)
		t.Flush()
	}
	return nil
}

// measure starts a fresh process of ours and of each of PyTorch's among commands:
// their memory after a step or two, and then, where it is wanted, the time of a
// step.
func measure(s peer.Comparison, j job, commands []peer.Command, time bool) (u usage, err error) {
	if u.planned, err = planned(s, j); err != nil {
		return u, err
	}
	ours, err := s.Ours()
	if err != nil {
		return u, err
	}
	if u.ours, u.ms, err = askFresh(s, ours, j, time); err != nil {
		return u, err
	}
	for _, p := range peer.StartInstalled(s.Settings(), s.Chosen(commands)) {
		mib, ms, err := askFresh(s, p, j, time)
		if err != nil {
			return u, err
		}
		if u.torch == 0 || mib < u.torch {
			u.torch, u.which = mib, strings.TrimPrefix(p.Label, "torch-")
		}
		if u.theirs == 0 || ms < u.theirs {
			u.theirs = ms
		}
	}
	return u, nil
}

// planned is the memory of our plan.
func planned(s peer.Comparison, j job) (float64, error) {
	w, err := j.workload(s.Threads, s.Micro)
	if err != nil {
		return 0, err
	}
	t, err := step.New(w)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	p := t.Program.Plan()
	return float64(p.Bytes+p.VarBytes) / (1 << 20), nil
}

// askFresh asks a process that has just started, and ends it.
func askFresh(s peer.Comparison, p *peer.Peer, j job, time bool) (mib, ms float64, err error) {
	defer p.Stop()
	q := j.request(s)
	q.Seconds = 0
	r, err := p.Demand(q)
	if err != nil || !time {
		return p.Over(r), 0, err
	}
	mib = p.Over(r)
	r, err = p.Demand(j.request(s))
	return mib, s.By(r), err
}

// depths are the layers of the nets that time and memory are plotted against.
var depths = []int{20, 56, 110}

// compareDepths measures residual nets of several depths, batch 32, prints a
// table, and plots both in a file. PyTorch is not compiled, which would take
// minutes at the larger depths.
func compareDepths(s peer.Comparison, path string) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "depth\tplan, MiB\tdescent\tPyTorch\tdescent, ms\tPyTorch, ms\tratio\t")
	var all []usage
	for _, depth := range depths {
		u, err := measure(s, job{fmt.Sprint("resnet", depth), "sgdm", 32}, torch("eager", s.Threads), true)
		if err != nil {
			return err
		}
		all = append(all, u)
		fmt.Fprintf(t, "%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t\n", depth, u.planned, u.ours, u.torch, u.ms, u.theirs, u.theirs/u.ms)
	}
	t.Flush()
	return os.WriteFile(path, []byte(drawDepths(all)), 0o644)
}

// drawDepths plots ours and PyTorch's time, and their memory dashed, against the
// depth.
func drawDepths(all []usage) string {
	const green, blue = "#0b6e4f", "#2c5aa0"
	lines := []plot.Line{
		{Name: "descent, ms", Color: green}, {Name: "PyTorch, ms", Color: blue},
		{Name: "descent, MiB (dashed)", Color: green, Dashed: true}, {Name: "PyTorch, MiB (dashed)", Color: blue, Dashed: true},
	}
	most := 0.0
	for i, u := range all {
		for k, v := range []float64{u.ms, u.theirs, u.ours, u.torch} {
			if v > 0 { // what is not installed has none
				lines[k].Points = append(lines[k].Points, [2]float64{float64(depths[i]), v})
				most = max(most, 1.05*v)
			}
		}
	}
	p := plot.Plot{Title: "Time and memory of a training step of a ResNet for 32x32 pixels against its depth, batch 32", Lines: lines}
	p.X = plot.Axis{Label: "layers", Ticks: []float64{0, 20, 56, 110}}
	p.Y = plot.Axis{Label: "ms; MiB over the start", Ticks: plot.Multiples(200, most), Limit: most}
	return p.SVG()
}
