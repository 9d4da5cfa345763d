//go:build linux

// Command gpt times a training step of language models beside the peers' same
// step, in one run: each in a process of its own, pinned to the same cores,
// asked in turn, several rounds.
//
//	go run ./bench/gpt                     # one thread, every peer that is installed
//	go run ./bench/gpt -threads 2 -only 4-4-128-64/12
//	go run ./bench/gpt -memory docs/attention-memory.svg
//
// The models are nanoGPT's over 65 characters. Peers are optional: bench/peers
// has them.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"github.com/descent-ml/descent/bench/peer"
)

// settings are the command's flags.
type settings struct {
	threads int
	rounds  int
	seconds float64
	peers   string
	only    string
	micro   int
	cpu     bool
	verbose bool
}

func main() {
	var s settings
	serve := flag.Bool("serve", false, "answer requests as a peer does (used by the command itself)")
	plan := flag.Bool("plan", false, "print the plan of each workload and stop")
	profile := flag.String("profile", "", "run ours alone and write a profile of the processor to this file")
	memory := flag.String("memory", "", "measure memory against the context, and plot it in this SVG file")
	flag.IntVar(&s.threads, "threads", 1, "threads of every process, and cores that it is pinned to")
	flag.IntVar(&s.rounds, "rounds", 5, "rounds over all peers")
	flag.Float64Var(&s.seconds, "seconds", 1, "seconds of each measurement")
	flag.StringVar(&s.peers, "peers", "torch,jax,llm.c", "peers to run, or none")
	flag.StringVar(&s.only, "only", "", "workloads whose name contains this, such as 4-4-128-64/12")
	flag.IntVar(&s.micro, "micro", 0, "examples that ours executes at once; 0 as in training")
	flag.BoolVar(&s.cpu, "cpu", false, "compare the processor's time instead of wall time, for a machine with other jobs")
	flag.BoolVar(&s.verbose, "v", false, "print every answer and what peers write to standard error")
	flag.Parse()
	var err error
	switch {
	case *serve:
		err = peer.Serve(os.Stdin, os.Stdout, measurer(s.micro))
	case *plan:
		err = printPlans(s)
	case *profile != "":
		err = writeProfile(s, *profile)
	case *memory != "":
		err = compareMemory(s, *memory)
	default:
		err = compare(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/gpt:", err)
		os.Exit(1)
	}
}

func printPlans(s settings) error {
	for _, j := range jobs(s.only) {
		t, err := j.trainer(s.threads, s.micro)
		if err != nil {
			return err
		}
		fmt.Printf("%v\n%v\n", j, t.Program.Plan())
		t.Close()
	}
	return nil
}

// writeProfile runs our steps for s.seconds a round.
func writeProfile(s settings, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, j := range jobs(s.only) {
		t, err := j.trainer(s.threads, s.micro)
		if err != nil {
			return err
		}
		t.Step()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		r := t.Measure(time.Duration(s.seconds * float64(s.rounds) * float64(time.Second)))
		pprof.StopCPUProfile()
		fmt.Printf("%v: %d steps, %.3f ms, %.3f ms of the processor\n", j, r.Steps, r.MS, r.CPUMS)
		t.Close()
		if s.only == "" {
			break // a profile holds one workload
		}
	}
	return nil
}
