//go:build linux

// Command convnet times a training step of convolutional nets beside the peers'
// same step, in one run: each in a process of its own, pinned to the same cores,
// asked in turn, several rounds.
//
//	go run ./bench/convnet                 # one thread, every peer that is installed
//	go run ./bench/convnet -threads 2 -only resnet20/32
//	go run ./bench/convnet -memory         # of a step, each in a fresh process
//	go run ./bench/convnet -depth docs/convnet-depth.svg
//	go run ./bench/convnet -curve DIR      # the first epoch of ResNet-20, on what bench/cifar wrote
//
// The nets are ResNet-20 for 32x32 pixels, two convolutions of 32 and 64 channels
// for 28x28 ("lenet"), and MobileNetV3-Small at 96x96, ten classes. Peers are
// optional: bench/peers has them.
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
	s.Flags(1, "torch,jax", "resnet20/32")
	serve := flag.Bool("serve", false, "answer requests as a peer does (used by the command itself)")
	plan := flag.Bool("plan", false, "print the plan of each workload and stop")
	profile := flag.String("profile", "", "run ours alone and write a profile of the processor to this file")
	memory := flag.Bool("memory", false, "measure the memory of a step instead of its time")
	depth := flag.String("depth", "", "measure time and memory of ResNets of 20 to 110 layers, and plot them in this SVG file")
	curves := flag.String("curve", "", "train ResNet-20 for an epoch on the images in this folder, which bench/cifar writes")
	seeds := flag.Int("seeds", 3, "seeds of -curve, from 1")
	flag.Parse()
	var err error
	switch {
	case *serve:
		err = peer.Serve(os.Stdin, os.Stdout, measurer(s.Micro))
	case *plan:
		err = printPlans(s)
	case *profile != "":
		err = writeProfile(s, *profile)
	case *memory:
		err = compareMemory(s)
	case *curves != "":
		err = compareCurves(s, *curves, *seeds)
	case *depth != "":
		err = compareDepths(s, *depth)
	default:
		err = compare(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/convnet:", err)
		os.Exit(1)
	}
}

func printPlans(s peer.Comparison) error {
	for _, j := range jobs(s.Only) {
		w, err := j.workload(s.Threads, s.Micro)
		if err != nil {
			return err
		}
		t, err := step.New(w)
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
	w, err := j.workload(s.Threads, s.Micro)
	if err != nil {
		return err
	}
	return step.Profile(path, j.String(), w, time.Duration(s.Seconds*float64(s.Rounds)*float64(time.Second)))
}
