//go:build linux

// Command recommend compares recommenders with their peers.
//
//	go run ./bench/recommend               # training steps, one thread, PyTorch beside ours in one run
//	go run ./bench/recommend -threads 2 -only mf-64-6040-3706/1024
//	go run ./bench/recommend -quality svd -data ../shared/data
//
// Steps are those of a dot product of two embeddings (mf) and of GMF with binary
// cross-entropy, 64 elements, tables of MovieLens 1M's sizes and rows by a power
// law; Adam. Each trainer is a process of its own, pinned to the same cores and
// asked in turn. Peers are optional: bench/peers has them.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/descent-ml/descent/bench/peer"
)

// settings are the command's flags.
type settings struct {
	peer.Comparison
	data    string
	seeds   int
	trainer bool
}

func main() {
	var s settings
	s.Flags(0.5, "torch", "mf-64-6040-3706/256")
	serve := flag.Bool("serve", false, "answer requests as a peer does (used by the command itself)")
	profile := flag.String("profile", "", "run ours alone and write a profile of the processor to this file")
	quality := flag.String("quality", "", "measure quality instead of steps: svd, gmf, mf or bpr")
	flag.BoolVar(&s.trainer, "trainer", false, "train ours for -quality and print a line of JSON for each (used by the command itself)")
	flag.StringVar(&s.data, "data", "../shared/data", "folder with movielens-100k and movielens-1m-ncf")
	flag.IntVar(&s.seeds, "seeds", 5, "seeds, from 1")
	flag.Parse()
	var err error
	switch {
	case *serve:
		err = peer.Serve(os.Stdin, os.Stdout, measurer(s.Micro))
	case *profile != "":
		err = writeProfile(s.Comparison, *profile)
	case *quality != "":
		err = compareQuality(s, *quality)
	default:
		err = compare(s.Comparison)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/recommend:", err)
		os.Exit(1)
	}
}
