//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/bench/step"
)

// jobs lists the workloads.
func jobs(only string) []job {
	var all []job
	for _, kind := range []string{"mf", "gmf"} {
		for _, batch := range []int{256, 1024, 8192} {
			all = append(all, job{kind, 64, 6040, 3706, batch})
		}
	}
	return slices.DeleteFunc(all, func(j job) bool { return !strings.Contains(j.String(), only) })
}

// compare runs every workload on every peer in turn and prints a table of each.
func compare(s peer.Comparison) error {
	var commands []peer.Command
	for _, variant := range []string{"eager", "sparse", "compile"} {
		commands = append(commands, peer.Python("torch-"+variant, "step_recommend_torch.py", variant, strconv.Itoa(s.Threads)))
	}
	all, err := s.Start(commands)
	if err != nil {
		return err
	}
	defer peer.Stop(all)
	machine := peak.Measure()
	fmt.Println(machine)
	for _, j := range jobs(s.Only) {
		replies, err := s.Ask(all, s.Request(j.model(), "adam", j.batch))
		if err != nil {
			return err
		}
		printTable(s, j, machine, all, replies)
	}
	return nil
}

// printTable prints a workload, a line for each peer: the time of a step,
// interactions a second, how many times ours it takes, and processor time over
// wall time, marked where the threads were not kept to.
func printTable(s peer.Comparison, j job, machine peak.Rates, all []*peer.Peer, replies []peer.Reply) {
	fmt.Printf("\n%v\n", j)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tms\tmillion/s\tratio\tcpu/wall\t")
	ours := s.By(replies[0])
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
		fmt.Fprintf(t, "%s\t%.4f\t%.2f\t%.2f\t%.2f%s\t%s\n", p.Label, ms, float64(j.batch)/ms*1e-3, ms/ours, r.CPU, note, r.How)
	}
	t.Flush()
	if r := replies[0]; r.Error == "" {
		printRoofline(j, machine, r, ours, s.Cores())
		_, best := s.Best("torch", all, replies)
		fmt.Printf("descent: %.1f allocations a step; best of PyTorch %.2f times\n", r.Allocs, best/ours)
	}
}

// printRoofline prints the least time of our step of ms milliseconds twice: with
// its bytes streamed in order, and as rows in random order, which look-ups are.
func printRoofline(j job, machine peak.Rates, r peer.Reply, ms float64, threads int) {
	rate := peak.Rows(int(r.Touched), j.dim)
	rows := machine.MillisecondsAt(rate, r.FLOPs, r.Bytes, threads)
	streamed := machine.Milliseconds(r.FLOPs, r.Bytes, r.Touched, threads)
	fmt.Printf("descent: %.0f KiB moved, %.1f MFLOP; roofline of random rows %.4f ms (%.1f GB/s over %.0f KiB), %.0f %% of it; of streams %.4f ms, %.0f %%\n",
		r.Bytes/1024, r.FLOPs*1e-6, rows, rate*1e-9, r.Touched/1024, 100*rows/ms, streamed, 100*streamed/ms)
}

// writeProfile runs our steps of the first workload for s.Seconds a round.
func writeProfile(s peer.Comparison, path string) error {
	j := jobs(s.Only)[0]
	return step.Profile(path, j.String(), j.workload(s.Threads, s.Micro), time.Duration(s.Seconds*float64(s.Rounds)*float64(time.Second)))
}
