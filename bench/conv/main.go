//go:build linux

// Command conv times the convolutions of well-known nets, each direction by itself,
// beside PyTorch's (oneDNN), in processes pinned to one core, asked in turn.
//
//	go run ./bench/conv
//	go run ./bench/conv -only ResNet-20 -alone
//
// Operations are counted over taps inside the image. Time is the processor's, so that other
// work on the machine counts little. The peak is measured before each line, and the highest
// so far counts.
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

// table is the comparison while it is printed.
type table struct {
	*tabwriter.Writer
	peers   []*peer.Peer // ours first
	rounds  int
	highest float64 // rate of operations in registers
}

// compare prints a line for each layer and direction; nets have no use for the gradient
// of their images.
func compare(rounds, batch int, seconds float64, only string, alone bool) error {
	settings := peer.Settings{Cores: 1}
	ours, err := peer.Ours(settings, 1)
	if err != nil {
		return err
	}
	t := &table{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0), []*peer.Peer{ours}, rounds, 0}
	if !alone {
		t.peers = append(t.peers, peer.StartInstalled(settings, []peer.Command{peer.Python("torch", "conv_torch.py", "eager", "1")})...)
	}
	defer func() {
		for _, p := range t.peers {
			p.Stop()
		}
	}()
	fmt.Fprintln(t, "net\tlayer\tdirection\tms\tGFLOP/s\t% of peak\tGB/s\tPyTorch ms\ttimes ours\t")
	for _, l := range layers {
		if !strings.Contains(l.net+" "+l.String(), only) {
			continue
		}
		for _, direction := range directions {
			if direction == "input" && l.in <= 3 {
				continue
			}
			if err := t.line(l, peer.Request{Model: l.String(), Optimizer: direction, Batch: batch, Threads: 1, Seconds: seconds}); err != nil {
				return err
			}
		}
		t.Flush()
	}
	return nil
}

// line asks all peers for one direction of a layer.
func (t *table) line(l layer, q peer.Request) error {
	if err := t.measurePeak(); err != nil {
		return err
	}
	replies, err := peer.Rounds(t.peers, q, t.rounds, peer.CPU)
	if err != nil {
		return err
	}
	ours := replies[0]
	rate := ours.FLOPs / ours.CPUMS * 1e3
	fmt.Fprintf(t, "%s\t%v\t%s\t%.3f\t%.1f\t%.0f\t%.0f", l.net, l, q.Optimizer, ours.CPUMS, rate*1e-9, 100*rate/t.highest,
		l.bytes()*float64(q.Batch)/ours.CPUMS*1e-6)
	for _, r := range replies[1:] {
		fmt.Fprintf(t, "\t%.3f\t%.2f\t%s", r.CPUMS, r.CPUMS/ours.CPUMS, r.Error)
	}
	fmt.Fprintln(t, ours.Error)
	return nil
}

// measurePeak keeps the highest rate of multiply-adds in registers.
func (t *table) measurePeak() error {
	r, err := t.peers[0].Ask(peer.Request{Model: "peak", Optimizer: "none", Batch: 1, Threads: 1, Seconds: 0.02}.String())
	if err == nil {
		t.highest = max(t.highest, peak.Block(kernel.Active())/r.CPUMS*1e3)
	}
	return err
}
