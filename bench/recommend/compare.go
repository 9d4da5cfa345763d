//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/bench/peer"
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
func compare(s settings) error {
	all, err := startAll(s)
	if err != nil {
		return err
	}
	defer func() {
		for _, p := range all {
			p.Stop()
		}
	}()
	machine := peak.Measure()
	fmt.Println(machine)
	by := peer.Wall
	if s.cpu {
		by = peer.CPU
	}
	for _, j := range jobs(s.only) {
		q := peer.Request{Model: j.model(), Optimizer: "adam", Batch: j.batch, Threads: s.threads, Seconds: s.seconds}
		replies, err := peer.Rounds(all, q, s.rounds, by)
		if err != nil {
			return err
		}
		if s.verbose {
			fmt.Fprintf(os.Stderr, "%+v\n", replies)
		}
		printTable(s, j, machine, all, replies, by)
	}
	return nil
}

// startAll starts ours first, then the peers that are installed.
func startAll(s settings) ([]*peer.Peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	threads := strconv.Itoa(s.threads)
	common := peer.Settings{Cores: s.threads, Verbose: s.verbose}
	ours, err := peer.Start(common, peer.Command{
		Label: "descent",
		Argv:  []string{self, "-serve", "-micro", strconv.Itoa(s.micro)},
		Env:   []string{"GOMAXPROCS=" + threads},
	})
	if err != nil {
		return nil, err
	}
	var commands []peer.Command
	if s.peers != "none" {
		for _, variant := range []string{"eager", "sparse", "compile"} {
			commands = append(commands, peer.Python("torch-"+variant, "step_recommend_torch.py", variant, threads))
		}
	}
	return append([]*peer.Peer{ours}, peer.StartInstalled(common, commands)...), nil
}

// printTable prints a workload, a line for each peer: the time of a step,
// interactions a second, how many times ours it takes, and processor time over
// wall time, marked where the threads were not kept to.
func printTable(s settings, j job, machine peak.Rates, all []*peer.Peer, replies []peer.Reply, by func(peer.Reply) float64) {
	fmt.Printf("\n%v\n", j)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tms\tmillion/s\tratio\tcpu/wall\t")
	ours, best := by(replies[0]), 0.0
	for i, p := range all {
		r := replies[i]
		if r.Error != "" {
			fmt.Fprintf(t, "%s\t%s\n", p.Label, r.Error)
			continue
		}
		ms, note := by(r), ""
		if !r.CPUOK {
			note = "!"
		}
		fmt.Fprintf(t, "%s\t%.4f\t%.2f\t%.2f\t%.2f%s\t%s\n", p.Label, ms, float64(j.batch)/ms*1e-3, ms/ours, r.CPU, note, r.How)
		if i > 0 && (best == 0 || ms < best) {
			best = ms
		}
	}
	t.Flush()
	if r := replies[0]; r.Error == "" {
		threads := s.threads
		if s.cpu {
			threads = 1
		}
		printRoofline(j, machine, r, ours, threads)
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

// writeProfile runs our steps of the first workload for s.seconds a round.
func writeProfile(s settings, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, j := range jobs(s.only)[:1] {
		t, err := j.trainer(s.threads, s.micro)
		if err != nil {
			return err
		}
		defer t.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		r := t.Measure(time.Duration(s.seconds * float64(s.rounds) * float64(time.Second)))
		pprof.StopCPUProfile()
		fmt.Printf("%v: %d steps, %.4f ms, %.4f ms of the processor\n", j, r.Steps, r.MS, r.CPUMS)
	}
	return nil
}
