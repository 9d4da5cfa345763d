//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"text/tabwriter"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/bench/peer"
)

// compare runs every workload on every peer in turn and prints a table of each.
func compare(s peer.Comparison) error {
	all, err := s.Start(installed(s.Threads))
	if err != nil {
		return err
	}
	defer peer.Stop(all)
	machine := peak.Measure()
	fmt.Println(machine)
	for _, j := range jobs(s.Only) {
		replies, err := s.Ask(all, j.request(s))
		if err != nil {
			return err
		}
		printTable(s, j, machine, all, replies)
	}
	return nil
}

func (j job) request(s peer.Comparison) peer.Request { return s.Request(j.model(), "adamw", j.batch) }

// installed are the peers.
func installed(n int) []peer.Command {
	threads := strconv.Itoa(n)
	return []peer.Command{
		peer.Python("torch-eager", "step_gpt_torch.py", "eager", threads),
		peer.Python("torch-stored", "step_gpt_torch.py", "stored", threads),
		peer.Python("torch-compile", "step_gpt_torch.py", "compile", threads),
		peer.Python("jax-jit", "step_gpt_jax.py", "jit", threads),
		peer.Python("llm.c", "step_llmc.py", "openmp", threads),
	}
}

// printTable prints a workload, a line for each peer: its median, its tokens a
// second, the share of the FMA peak that its products of matrices reach, how
// many times ours it takes, and its memory over its start.
func printTable(s peer.Comparison, j job, machine peak.Rates, all []*peer.Peer, replies []peer.Reply) {
	fmt.Printf("\n%v: %.2f GFLOP an update in products of matrices\n", j, j.flops()*1e-9)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tms\ttokens/s\tof peak\tratio\tMiB\tcpu/wall\t")
	ours := s.By(replies[0])
	for i, p := range all {
		r := replies[i]
		if r.Error != "" {
			fmt.Fprintf(t, "%s\t%s\n", p.Label, r.Error)
			continue
		}
		ms := s.By(r)
		peak := j.flops() / (ms * 1e-3) / machine.FLOPs / float64(s.Cores())
		fmt.Fprintf(t, "%s\t%.2f\t%.0f\t%.0f %%\t%.2f\t%.1f\t%.2f\t%s\n",
			p.Label, ms, float64(j.tokens())/ms*1e3, 100*peak, ms/ours, p.Over(r), r.CPU, r.How)
	}
	t.Flush()
	if r := replies[0]; r.Error == "" {
		roof := machine.Milliseconds(r.FLOPs, r.Bytes, r.Touched, s.Cores())
		fmt.Printf("descent: roofline %.2f ms, %.0f %% of it; %.1f allocations a step\n", roof, 100*roof/ours, r.Allocs)
	}
	if label, best := s.Best("torch", all, replies); best > 0 {
		fmt.Printf("best of PyTorch: %s, %.2f ms, %.2f times ours\n", label, best, best/ours)
	}
}
