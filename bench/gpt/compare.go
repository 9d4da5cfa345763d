//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/bench/peer"
)

// compare runs every workload on every peer in turn and prints a table of each.
func compare(s settings) error {
	ours, err := startOurs(s)
	if err != nil {
		return err
	}
	all := append([]*peer.Peer{ours}, peer.StartInstalled(s.common(), s.installed(""))...)
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
		replies, err := peer.Rounds(all, j.request(s), s.rounds, by)
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

func (s settings) common() peer.Settings { return peer.Settings{Cores: s.threads, Verbose: s.verbose} }

func (j job) request(s settings) peer.Request {
	return peer.Request{Model: j.model(), Optimizer: "adamw", Batch: j.batch, Threads: s.threads, Seconds: s.seconds}
}

func startOurs(s settings) (*peer.Peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return peer.Start(s.common(), peer.Command{
		Label: "descent",
		Argv:  []string{self, "-serve", "-micro", strconv.Itoa(s.micro)},
		Env:   []string{"GOMAXPROCS=" + strconv.Itoa(s.threads)},
	})
}

// installed lists the peers of s.peers whose label contains a part.
func (s settings) installed(part string) []peer.Command {
	threads := strconv.Itoa(s.threads)
	all := []peer.Command{
		peer.Python("torch-eager", "step_gpt_torch.py", "eager", threads),
		peer.Python("torch-stored", "step_gpt_torch.py", "stored", threads),
		peer.Python("torch-compile", "step_gpt_torch.py", "compile", threads),
		peer.Python("jax-jit", "step_gpt_jax.py", "jit", threads),
		peer.Python("llm.c", "step_llmc.py", "openmp", threads),
	}
	return slices.DeleteFunc(all, func(c peer.Command) bool {
		kind, _, _ := strings.Cut(c.Label, "-")
		return !slices.Contains(strings.Split(s.peers, ","), kind) || !strings.Contains(c.Label, part)
	})
}

// printTable prints a workload, a line for each peer: its median, its tokens a
// second, the share of the FMA peak that its products of matrices reach, how
// many times ours it takes, and its memory over its start.
func printTable(s settings, j job, machine peak.Rates, all []*peer.Peer, replies []peer.Reply, by func(peer.Reply) float64) {
	fmt.Printf("\n%v: %.2f GFLOP an update in products of matrices\n", j, j.flops()*1e-9)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tms\ttokens/s\tof peak\tratio\tMiB\tcpu/wall\t")
	ours := by(replies[0])
	for i, p := range all {
		r := replies[i]
		if r.Error != "" {
			fmt.Fprintf(t, "%s\t%s\n", p.Label, r.Error)
			continue
		}
		ms := by(r)
		peak := j.flops() / (ms * 1e-3) / machine.FLOPs
		if !s.cpu {
			peak /= float64(s.threads)
		}
		fmt.Fprintf(t, "%s\t%.2f\t%.0f\t%.0f %%\t%.2f\t%.1f\t%.2f\t%s\n",
			p.Label, ms, float64(j.tokens())/ms*1e3, 100*peak, ms/ours, r.Peak-p.Hello.Import, r.CPU, r.How)
	}
	t.Flush()
	if r := replies[0]; r.Error == "" {
		threads := s.threads
		if s.cpu {
			threads = 1
		}
		roof := machine.Milliseconds(r.FLOPs, r.Bytes, r.Touched, threads)
		fmt.Printf("descent: roofline %.2f ms, %.0f %% of it; %.1f allocations a step\n", roof, 100*roof/ours, r.Allocs)
	}
	if best := bestOf("torch", all, replies, by); best > 0 {
		fmt.Printf("best of PyTorch: %.2f ms, %.2f times ours\n", best, best/ours)
	}
}

// bestOf is the least time of the peers whose label starts with kind, 0 if none.
func bestOf(kind string, all []*peer.Peer, replies []peer.Reply, by func(peer.Reply) float64) float64 {
	best := 0.0
	for i, p := range all {
		if ms := by(replies[i]); strings.HasPrefix(p.Label, kind) && replies[i].Error == "" && (best == 0 || ms < best) {
			best = ms
		}
	}
	return best
}
