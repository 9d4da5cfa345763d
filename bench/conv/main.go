//go:build linux

// Command conv times the convolutions of well-known nets, each direction by itself,
// beside PyTorch's (oneDNN), in processes pinned to one core, asked in turn.
//
//	go run ./bench/conv
//	go run ./bench/conv -only ResNet-20 -alone
//
// Operations are counted over taps inside the image. Time is the processor's, so that other
// work on the machine counts little. The peak is measured before each layer.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/internal/kernel"
)

func main() {
	serve := flag.Bool("serve", false, "answer requests as a peer does (used by the command itself)")
	rounds := flag.Int("rounds", 3, "rounds over both")
	seconds := flag.Float64("seconds", 0.2, "seconds of each measurement")
	batch := flag.Int("batch", 32, "examples")
	only := flag.String("only", "", "layers whose net or name contains this")
	alone := flag.Bool("alone", false, "without PyTorch")
	flag.Parse()
	var err error
	if *serve {
		err = peer.Serve(os.Stdin, os.Stdout, measure)
	} else {
		err = compare(*rounds, *batch, *seconds, *only, *alone)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/conv:", err)
		os.Exit(1)
	}
}

// compare prints a line for each layer and direction.
func compare(rounds, batch int, seconds float64, only string, alone bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	commands := []peer.Command{{Label: "descent", Argv: []string{self, "-serve"}, Env: []string{"GOMAXPROCS=1", "GOGC=off"}}}
	if !alone {
		commands = append(commands, peer.Python("torch", "conv_torch.py", "eager", "1"))
	}
	all := peer.StartInstalled(peer.Settings{Cores: 1}, commands)
	defer func() {
		for _, p := range all {
			p.Stop()
		}
	}()
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "net\tlayer\tdirection\tms\tGFLOP/s\t% of peak\tGB/s\tPyTorch ms\ttimes ours\t")
	for _, l := range layers {
		if !strings.Contains(l.net+" "+l.String(), only) {
			continue
		}
		for _, direction := range directions {
			q := peer.Request{Model: l.String(), Optimizer: direction, Batch: batch, Threads: 1, Seconds: seconds}
			highest, err := highest(all[0])
			if err != nil {
				return err
			}
			replies, err := peer.Rounds(all, q, rounds, peer.CPU)
			if err != nil {
				return err
			}
			ours := replies[0]
			rate := ours.FLOPs / ours.CPUMS * 1e3
			fmt.Fprintf(t, "%s\t%v\t%s\t%.3f\t%.1f\t%.0f\t%.0f", l.net, l, direction, ours.CPUMS, rate*1e-9, 100*rate/highest,
				l.bytes()*float64(batch)/ours.CPUMS*1e-6)
			for _, r := range replies[1:] {
				fmt.Fprintf(t, "\t%.3f\t%.2f\t%s", r.CPUMS, r.CPUMS/ours.CPUMS, r.Error)
			}
			fmt.Fprintln(t, ours.Error)
		}
		t.Flush()
	}
	return nil
}

// highest is the peak rate of operations now.
func highest(p *peer.Peer) (float64, error) {
	r, err := p.Ask(peer.Request{Model: "peak", Optimizer: "none", Batch: 1, Threads: 1, Seconds: 0.02}.String())
	return peak.Block(kernel.Active()) / r.CPUMS * 1e3, err
}
