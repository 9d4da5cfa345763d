//go:build linux

// Command generate times the generation of text by descent beside PyTorch, in
// one run: each in a process of its own, pinned to the same cores, asked in
// turn, several rounds. It prints tokens per second and ratios.
//
//	go run ./bench/generate              # one thread
//	go run ./bench/generate -threads 2
//
// PyTorch is run as nanoGPT does it, which computes the whole window for each
// token, and with a cache of keys and values: bench/peers/generate_torch.py.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"

	"github.com/descent-ml/descent/bench/peer"
)

// settings are the command's flags.
type settings struct {
	threads, rounds int
	seconds         float64
	verbose         bool
}

func main() {
	var s settings
	serve := flag.Bool("serve", false, "answer requests as a peer does (used by the command itself)")
	flag.IntVar(&s.threads, "threads", 1, "threads of every process, and cores that it is pinned to")
	flag.IntVar(&s.rounds, "rounds", 5, "rounds over all peers")
	flag.Float64Var(&s.seconds, "seconds", 1, "seconds of each measurement")
	flag.BoolVar(&s.verbose, "v", false, "print every answer")
	flag.Parse()
	err := error(nil)
	if *serve {
		err = peer.Serve(os.Stdin, os.Stdout, measurer())
	} else {
		err = compare(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/generate:", err)
		os.Exit(1)
	}
}

// job is what is timed: a model, how tokens are drawn, texts at once.
type job struct {
	model, how string
	batch      int
}

// jobs are nanoGPT's models for a processor and for tiny Shakespeare on a GPU,
// named by layers, heads, channels and context.
var jobs = []job{
	{"gpt-4-4-128-64", "sample", 1}, {"gpt-4-4-128-64", "greedy", 1}, {"gpt-4-4-128-64", "sample", 16},
	{"gpt-6-6-384-256", "sample", 1}, {"gpt-6-6-384-256", "greedy", 1}, {"gpt-6-6-384-256", "sample", 16},
}

// compare asks all for every job and prints the table. What is compared is the
// processor's time where there is one thread, which neighbours disturb less.
func compare(s settings) error {
	all, err := start(s)
	if err != nil {
		return err
	}
	defer peer.Stop(all)
	by, what := peer.CPU, "time of the processor"
	if s.threads > 1 {
		by, what = peer.Wall, "time"
	}
	fmt.Printf("tokens/s by %s, threads: %d\n%-18s %-7s %5s", what, s.threads, "model", "tokens", "texts")
	for _, p := range all {
		fmt.Printf(" %22s", p.Label)
	}
	fmt.Println()
	for _, j := range jobs {
		q := peer.Request{Model: j.model, Optimizer: j.how, Batch: j.batch, Threads: s.threads, Seconds: s.seconds}
		replies, err := peer.Rounds(all, q, s.rounds, by)
		if err != nil {
			return err
		}
		if s.verbose {
			fmt.Fprintf(os.Stderr, "%+v\n", replies)
		}
		printRow(j, replies, by)
	}
	return nil
}

// start starts ours first, then the peers that are installed.
func start(s settings) ([]*peer.Peer, error) {
	threads := strconv.Itoa(s.threads)
	to := peer.Settings{Cores: s.threads, Verbose: s.verbose}
	ours, err := peer.Ours(to, s.threads)
	if err != nil {
		return nil, err
	}
	return append([]*peer.Peer{ours}, peer.StartInstalled(to, []peer.Command{
		peer.Python("torch, nanoGPT's", "generate_torch.py", "recompute", threads),
		peer.Python("torch with a cache", "generate_torch.py", "cache", threads),
	})...), nil
}

// printRow prints the tokens per second of each, and how many times those of a
// peer ours are.
func printRow(j job, replies []peer.Reply, by func(peer.Reply) float64) {
	fmt.Printf("%-18s %-7s %5d", j.model, j.how, j.batch)
	ours := by(replies[0])
	for i, r := range replies {
		cell := fmt.Sprintf("%.0f", float64(j.batch)*1e3/by(r))
		if i > 0 {
			cell += fmt.Sprintf(" (%.1fx)", by(r)/ours)
		}
		if r.Error != "" {
			cell = r.Error
		}
		fmt.Printf(" %22s", cell)
	}
	fmt.Println()
}
