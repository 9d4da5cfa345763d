//go:build linux

package peer

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Comparison is what commands that compare training steps have in common; its
// fields are their flags.
type Comparison struct {
	Threads int     // of every process, and cores that it is pinned to
	Rounds  int     // over all peers
	Seconds float64 // of each measurement
	Peers   string  // labels or kinds, their first parts, with commas between them
	Only    string  // a part of the names of workloads
	Micro   int     // examples that ours executes at once; 0: as in training
	CPU     bool    // the processor's time counts instead of wall time
	Verbose bool
}

// Flags defines the flags, with these defaults; example is a workload's name.
func (c *Comparison) Flags(seconds float64, peers, example string) {
	flag.IntVar(&c.Threads, "threads", 1, "threads of every process, and cores that it is pinned to")
	flag.IntVar(&c.Rounds, "rounds", 5, "rounds over all peers")
	flag.Float64Var(&c.Seconds, "seconds", seconds, "seconds of each measurement")
	flag.StringVar(&c.Peers, "peers", peers, "peers to run, such as torch or torch-eager, or none")
	flag.StringVar(&c.Only, "only", "", "workloads whose name contains this, such as "+example)
	flag.IntVar(&c.Micro, "micro", 0, "examples that ours executes at once; 0 as in training")
	flag.BoolVar(&c.CPU, "cpu", false, "compare the processor's time instead of wall time, for a machine with other jobs")
	flag.BoolVar(&c.Verbose, "v", false, "print every answer and what peers write to standard error")
}

// Settings are those of the processes.
func (c Comparison) Settings() Settings { return Settings{Cores: c.Threads, Verbose: c.Verbose} }

// Request asks for a step of a model.
func (c Comparison) Request(model, optimizer string, batch int) Request {
	return Request{Model: model, Optimizer: optimizer, Batch: batch, Threads: c.Threads, Seconds: c.Seconds}
}

// By is what is compared.
func (c Comparison) By(r Reply) float64 {
	if c.CPU {
		return r.CPUMS
	}
	return r.MS
}

// Cores is how many of them the time By runs on: one, if it is the processor's.
func (c Comparison) Cores() int {
	if c.CPU {
		return 1
	}
	return c.Threads
}

// Chosen are the commands that the flag names.
func (c Comparison) Chosen(commands []Command) []Command {
	names := strings.Split(c.Peers, ",")
	return slices.DeleteFunc(commands, func(p Command) bool {
		kind, _, _ := strings.Cut(p.Label, "-")
		return !slices.Contains(names, kind) && !slices.Contains(names, p.Label)
	})
}

// Ours starts this program as a peer, with the micro-batch of the flag.
func (c Comparison) Ours() (*Peer, error) {
	return Ours(c.Settings(), c.Threads, "-micro", strconv.Itoa(c.Micro))
}

// Start starts ours and then the chosen peers that are installed.
func (c Comparison) Start(commands []Command) ([]*Peer, error) {
	ours, err := c.Ours()
	if err != nil {
		return nil, err
	}
	return append([]*Peer{ours}, StartInstalled(c.Settings(), c.Chosen(commands))...), nil
}

// Ask is Rounds by the flags.
func (c Comparison) Ask(all []*Peer, q Request) ([]Reply, error) {
	replies, err := Rounds(all, q, c.Rounds, c.By)
	if err == nil && c.Verbose {
		fmt.Fprintf(os.Stderr, "%+v\n", replies)
	}
	return replies, err
}

// Best is the peer of a kind that takes the least time, and that time; 0 if
// there is none.
func (c Comparison) Best(kind string, all []*Peer, replies []Reply) (label string, best float64) {
	for i, p := range all {
		if t := c.By(replies[i]); strings.HasPrefix(p.Label, kind) && replies[i].Error == "" && (best == 0 || t < best) {
			label, best = p.Label, t
		}
	}
	return label, best
}
