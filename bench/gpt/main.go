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
	"time"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/bench/step"
)

func main() {
	var s peer.Comparison
	s.Flags(1, "torch,jax,llm.c", "4-4-128-64/12")
	serve := flag.Bool("serve", false, "answer requests as a peer does (used by the command itself)")
	plan := flag.Bool("plan", false, "print the plan of each workload and stop")
	profile := flag.String("profile", "", "run ours alone and write a profile of the processor to this file")
	memory := flag.String("memory", "", "measure memory against the context, and plot it in this SVG file")
	flag.Parse()
	var err error
	switch {
	case *serve:
		err = peer.Serve(os.Stdin, os.Stdout, measurer(s.Micro))
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

func printPlans(s peer.Comparison) error {
	for _, j := range jobs(s.Only) {
		t, err := step.New(j.workload(s.Threads, s.Micro))
		if err != nil {
			return err
		}
		fmt.Printf("%v\n%v\n", j, t.Program.Plan())
		t.Close()
	}
	return nil
}

// writeProfile runs our steps of the first workload for s.Seconds a round.
func writeProfile(s peer.Comparison, path string) error {
	j := jobs(s.Only)[0]
	return step.Profile(path, j.String(), j.workload(s.Threads, s.Micro), time.Duration(s.Seconds*float64(s.Rounds)*float64(time.Second)))
}
