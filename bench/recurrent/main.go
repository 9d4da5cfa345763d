//go:build linux

// Command recurrent times a training step of recurrent language models beside
// PyTorch's, each in a process of its own, pinned to the same cores, asked in
// turn, several rounds.
//
//	go run ./bench/recurrent
//	go run ./bench/recurrent -threads 2 -only gru
//
// A model is an embedding of 65 characters, LSTM or GRU, and a linear layer at
// each position, trained with Adam. bench/peers has PyTorch's.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/bench/step"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// models are KIND-HIDDEN-POSITIONS, each with the batch that it is timed with.
var models = []struct {
	name  string
	batch int
}{{"lstm-128-64", 32}, {"gru-128-64", 32}, {"lstm-256-64", 32}, {"lstm-128-64", 4}, {"lstm-512-32", 64}}

const characters = 65

func main() {
	serve := flag.Bool("serve", false, "answer requests as a peer does (used by the command itself)")
	threads := flag.Int("threads", 1, "threads of every process, and cores that it is pinned to")
	rounds := flag.Int("rounds", 5, "rounds over both")
	seconds := flag.Float64("seconds", 0.5, "seconds of each measurement")
	only := flag.String("only", "", "models whose name contains this")
	flag.Parse()
	var err error
	if *serve {
		err = peer.Serve(os.Stdin, os.Stdout, measure)
	} else {
		err = compare(*threads, *rounds, *seconds, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/recurrent:", err)
		os.Exit(1)
	}
}

// measure answers a request.
func measure(q peer.Request) (peer.Reply, error) {
	kind, sizes, _ := strings.Cut(q.Model, "-")
	var hidden, positions int
	if _, err := fmt.Sscanf(sizes, "%d-%d", &hidden, &positions); err != nil {
		return peer.Reply{}, fmt.Errorf("model %s (want KIND-HIDDEN-POSITIONS)", q.Model)
	}
	layer := nn.LSTM(hidden)
	if kind == "gru" {
		layer = nn.GRU(hidden)
	}
	row := tensor.Shape{positions}
	t, err := step.New(step.Workload{
		Model: nn.Sequential(nn.Embedding(characters, hidden), layer, nn.Dense(characters)),
		X:     nn.Input{Name: "x", DType: tensor.I32, Shape: row}, Y: nn.Input{Name: "y", DType: tensor.I32, Shape: row},
		Symbols: characters, Classes: characters, Optimizer: optim.Adam(1e-9), Batch: q.Batch, Threads: q.Threads,
	})
	if err != nil {
		return peer.Reply{}, err
	}
	defer t.Close()
	return t.Measure(time.Duration(q.Seconds * float64(time.Second))), nil
}

// compare prints a line for each model: the processor's time of a step, which
// other jobs on the machine do not change, and wall time.
func compare(threads, rounds int, seconds float64, only string) error {
	s := peer.Settings{Cores: threads}
	ours, err := peer.Ours(s, threads)
	if err != nil {
		return err
	}
	theirs := peer.StartInstalled(s, []peer.Command{peer.Python("torch", "step_recurrent_torch.py", "eager", strconv.Itoa(threads))})
	all := append([]*peer.Peer{ours}, theirs...)
	defer peer.Stop(all)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model, batch\tpeer\tprocessor ms\twall ms\ttokens/s\ttimes ours\t")
	for _, m := range models {
		if !strings.Contains(m.name, only) {
			continue
		}
		q := peer.Request{Model: m.name, Optimizer: "adam", Batch: m.batch, Threads: threads, Seconds: seconds}
		replies, err := peer.Rounds(all, q, rounds, peer.CPU)
		if err != nil {
			return err
		}
		for i, r := range replies {
			positions, _ := strconv.Atoi(m.name[strings.LastIndexByte(m.name, '-')+1:])
			fmt.Fprintf(t, "%s, %d\t%s\t%.2f\t%.2f\t%.0f\t%.2f\t%s\n", m.name, m.batch, all[i].Label, r.CPUMS, r.MS,
				float64(m.batch*positions)/r.MS*1e3, r.CPUMS/replies[0].CPUMS, r.Error)
		}
	}
	return t.Flush()
}
