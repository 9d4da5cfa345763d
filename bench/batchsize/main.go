// Command batchsize is what the choice of a batch size is judged by: the time
// that training takes to reach a target, for each of several fixed batch sizes
// with a learning rate tuned for it, beside `batch: auto` and the choice of
// `descent advise`, which see none of it.
//
//	go run ./bench/batchsize -data ../shared/data                 # what is missing in the results, then curves and table
//	go run ./bench/batchsize -report                              # curves and table of the results as they are
//	go run ./bench/batchsize -data ../shared/data -only fashion -seeds 5
//	go run ./bench/batchsize -data ../shared/data -clock          # measure the time of updates again: wants a quiet machine
//	go run ./bench/batchsize -data ../shared/data -advise         # ask the adviser: wants one too
//	go run ./bench/batchsize -data ../shared/data -wall 3         # besides, runs against the clock on the wall
//
// A run is a function of its configuration and seed, bit by bit. So the updates
// that it takes to the target, and the examples of each, are counted once, on a
// machine however busy; what an update of B examples takes, τ(B), is measured
// apart on a quiet one; and the time to the target is Σ τ(B) over the updates.
// Validation is not counted: it is the same for all. -wall checks that sum against runs
// on the clock.
//
// The protocol is that of Shallue et al. (2019, "Measuring the Effects of Data
// Parallelism on Neural Network Training", JMLR 20): the first time that a validation
// meets the target, with a constant learning rate, tuned for each batch
// size on seeds of its own on a geometric grid, which is extended until its best is no edge.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

// options are the command's flags.
type options struct {
	data, results, only, svg string
	seeds, wall              int
	clock, ask, report       bool
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "../shared/data", "folder with mnist, fashion-mnist, adult, california-housing and movielens-100k")
	flag.StringVar(&o.results, "results", "bench/batchsize/results", "folder of what has been measured; trials in it are not repeated")
	flag.StringVar(&o.only, "only", "", "tasks whose name contains this")
	flag.IntVar(&o.seeds, "seeds", 30, "paired seeds, from 1")
	flag.BoolVar(&o.clock, "clock", false, "measure the time of updates, and nothing else")
	flag.BoolVar(&o.ask, "advise", false, "ask the adviser, and nothing else")
	flag.IntVar(&o.wall, "wall", 0, "runs of the best size and of auto against the clock on the wall, and nothing else")
	flag.BoolVar(&o.report, "report", false, "run nothing")
	flag.StringVar(&o.svg, "svg", "", "write the curves to this file")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/batchsize:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	book, err := openBook(o.results)
	if err != nil {
		return err
	}
	defer book.close()
	var chosen []*task
	for _, t := range tasks {
		if strings.Contains(t.name, o.only) {
			chosen = append(chosen, t)
		}
	}
	switch {
	case o.clock:
		return measureClocks(book, chosen, o)
	case o.ask:
		return askAll(book, chosen, o)
	case o.wall > 0:
		return each(chosen, func(t *task) error { return onTheWall(book, t, o) })
	case !o.report:
		if err := judge(book, chosen, o); err != nil {
			return err
		}
	}
	if err := each(chosen, func(t *task) error { return printTask(book, t) }); err != nil {
		return err
	}
	if err := printVerdict(book, chosen); err != nil {
		return err
	}
	if o.svg != "" {
		return draw(book, chosen, o.svg)
	}
	return nil
}

// each does something for each task, up to the first error.
func each(chosen []*task, do func(*task) error) error {
	for _, t := range chosen {
		if err := do(t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}
