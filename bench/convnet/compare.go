//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"text/tabwriter"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/bench/peer"
)

// compare runs every workload on every peer in turn, prints a table of each, and
// the geometric mean of the ratios to the best of PyTorch.
func compare(s peer.Comparison) error {
	all, err := s.Start(installed(s.Threads))
	if err != nil {
		return err
	}
	defer peer.Stop(all)
	machine := peak.Measure()
	fmt.Println(machine)
	var logs []float64
	for _, j := range jobs(s.Only) {
		replies, err := s.Ask(all, j.request(s))
		if err != nil {
			return err
		}
		printTable(s, j, machine, all, replies)
		if _, best := s.Best("torch", all, replies); best > 0 && replies[0].Error == "" {
			logs = append(logs, math.Log(best/s.By(replies[0])))
		}
	}
	if len(logs) > 1 {
		fmt.Printf("\ngeometric mean over %d workloads: the best of PyTorch takes %.2f times ours\n", len(logs), math.Exp(sum(logs)/float64(len(logs))))
	}
	return nil
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

func (j job) request(s peer.Comparison) peer.Request { return s.Request(j.model, j.optimizer, j.batch) }

// installed are the peers.
func installed(n int) []peer.Command {
	var all []peer.Command
	threads := strconv.Itoa(n)
	for _, variant := range []string{"eager", "eager-last", "compile", "compile-last"} {
		all = append(all, peer.Python("torch-"+variant, "step_convnet_torch.py", variant, threads))
	}
	return append(all, peer.Python("jax-jit", "step_convnet_jax.py", "jit", threads))
}

// printTable prints a workload, a line for each peer: its median, images a second,
// the share of the FMA peak that its products and convolutions reach, how many
// times ours it takes, and processor time over wall time, marked where the threads
// were not kept to.
func printTable(s peer.Comparison, j job, machine peak.Rates, all []*peer.Peer, replies []peer.Reply) {
	ours := replies[0]
	fmt.Printf("\n%v, %s: %.2f GFLOP an update in convolutions and products\n", j, j.optimizer, ours.Products*1e-9)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tms\timages/s\tof peak\tratio\tcpu/wall\t")
	for i, p := range all {
		r := replies[i]
		if r.Error != "" {
			fmt.Fprintf(t, "%s\t%s\n", p.Label, r.Error)
			continue
		}
		ms, note := s.By(r), ""
		if !r.CPUOK {
			note = "!"
		}
		peak := ours.Products / (ms * 1e-3) / machine.FLOPs / float64(s.Cores())
		fmt.Fprintf(t, "%s\t%.2f\t%.0f\t%.0f %%\t%.2f\t%.2f%s\t%s\n",
			p.Label, ms, float64(j.batch)/ms*1e3, 100*peak, ms/s.By(ours), r.CPU, note, r.How)
	}
	t.Flush()
	if ours.Error != "" {
		return
	}
	roof := machine.Milliseconds(ours.FLOPs, ours.Bytes, ours.Touched, s.Cores())
	fmt.Printf("descent: %.2f GFLOP, %.0f MiB moved over %.0f MiB: roofline %.2f ms, %.0f %% of it; %.1f allocations a step\n",
		ours.FLOPs*1e-9, ours.Bytes/(1<<20), ours.Touched/(1<<20), roof, 100*roof/s.By(ours), ours.Allocs)
	if label, best := s.Best("torch", all, replies); best > 0 {
		fmt.Printf("best of PyTorch: %s, %.2f ms, %.2f times ours\n", label, best, best/s.By(ours))
	}
}
