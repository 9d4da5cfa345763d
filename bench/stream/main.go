//go:build linux

// Command stream trains matrix factorization on interactions that stay on the
// disk: it makes a file up if there is none, converts it once, trains from the
// mapped columns, and says how fast that was, how much memory it took beside the model,
// and what was learned.
//
//	go run ./bench/stream -rows 20000000 -data clicks.csv
//	go run ./bench/stream -data clicks.csv -side       # examples alone, without training
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/descent-ml/descent/bench/clicks"
	"github.com/descent-ml/descent/dataset/interactions"
)

// settings are the command's flags.
type settings struct {
	data             string
	rows             int
	dim, batch       int
	negatives        int
	list             bool
	sampler          string
	optimizer        string
	lr               float64
	epochs           float64
	threads          int
	side             bool
	out              string
	memory, shuffled bool
	verbose          bool
}

func main() {
	var s settings
	flag.StringVar(&s.data, "data", "clicks.csv", "file of interactions; made up if it is not there")
	flag.IntVar(&s.rows, "rows", 20_000_000, "interactions of a file that is made up")
	flag.IntVar(&s.dim, "dim", 64, "elements of a vector")
	flag.IntVar(&s.batch, "batch", 1024, "examples of a batch")
	flag.IntVar(&s.negatives, "negatives", 4, "negatives for each positive")
	flag.BoolVar(&s.list, "list", false, "a positive and its negatives are one example (BPR) instead of one each (cross-entropy)")
	flag.StringVar(&s.sampler, "sampler", interactions.Uniform, "sampler of negatives: uniform or popularity")
	flag.StringVar(&s.optimizer, "optimizer", "rowwise", "sgd, adagrad, rowwise (AdaGrad), sparse_adam or adam")
	flag.Float64Var(&s.lr, "lr", 0.05, "learning rate")
	flag.Float64Var(&s.epochs, "epochs", 1, "epochs, or a part of one")
	flag.IntVar(&s.threads, "threads", 2, "threads")
	flag.BoolVar(&s.side, "side", false, "measure examples alone")
	flag.BoolVar(&s.shuffled, "shuffled", false, "take examples in any order instead of that by blocks")
	flag.BoolVar(&s.memory, "in-memory", false, "read the file into memory instead, however large it is")
	flag.StringVar(&s.out, "out", "", "run directory; empty: nothing is written")
	flag.BoolVar(&s.verbose, "v", false, "show the progress of training")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "stream:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	if err := makeUp(s); err != nil {
		return err
	}
	t, err := load(s)
	if err != nil {
		return err
	}
	if t.Close != nil {
		defer t.Close()
	}
	x, err := newExamples(t, s)
	if err != nil {
		return err
	}
	fmt.Printf("examples: %d, of %s\n", x.train.Len(), x.table)
	if s.side {
		return x.measureSide(s)
	}
	return x.fit(s)
}

// makeUp writes the file if there is none.
func makeUp(s settings) error {
	if _, err := os.Stat(s.data); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	start := time.Now()
	f, err := os.Create(s.data)
	if err != nil {
		return err
	}
	if err := errors.Join(clicks.Default(s.rows).Write(f), f.Close()); err != nil {
		return err
	}
	fmt.Printf("made up %s in %.1f s\n", s.data, time.Since(start).Seconds())
	return nil
}

// load reads or converts the file, and says how long each part took.
func load(s settings) (*interactions.Table, error) {
	if s.memory {
		return interactions.Read(s.data, interactions.Options{})
	}
	start, since, last := time.Now(), time.Now(), ""
	t, err := interactions.Load(context.Background(), s.data, interactions.Options{}, interactions.Cache{
		Limit: -1,
		Progress: func(doing string, _ float64) {
			if doing != last {
				if last != "" {
					fmt.Printf("  %-40s %6.1f s\n", last, time.Since(since).Seconds())
				}
				last, since = doing, time.Now()
			}
		},
	})
	fmt.Printf("opened in %.2f s, anonymous memory %.1f MiB\n", time.Since(start).Seconds(), anonymous())
	return t, err
}
