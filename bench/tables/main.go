// Command tables compares descent's zero-configuration training on tables with
// scikit-learn's multi-layer perceptrons and gradient boosting, with XGBoost
// and with a plain PyTorch perceptron: the same files of the same rows for
// everyone, several seeds, one scorer for all predictions.
//
//	go run ./bench/tables                             # every set, five seeds
//	go run ./bench/tables -sets adult -seeds 1 -peers sklearn
//	go run ./bench/tables -results r.jsonl -markdown  # keep results; tables for the docs
//
// README.md describes the protocol. Peers are optional: what is missing is
// said, and left out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// settings are the command's flags.
type settings struct {
	data, sets, peers  string
	python, binary     string
	results, extra     string
	seeds, threads     int
	cores              string
	markdown, onlyShow bool
}

func main() {
	var s settings
	flag.StringVar(&s.data, "data", "../shared/data", "folder of the data sets")
	flag.StringVar(&s.sets, "sets", "", "data sets, separated by commas (default all: "+names()+")")
	flag.IntVar(&s.seeds, "seeds", 5, "seeds, from 1: of the split and of every model")
	flag.StringVar(&s.peers, "peers", "sklearn,xgboost,torch", "peers to run, or none")
	flag.StringVar(&s.python, "python", filepath.Join("bench", "peers", ".venv", "bin", "python"), "Python with the peers' packages")
	flag.StringVar(&s.binary, "descent", "", "descent binary (default: build it; none: leave it out)")
	flag.StringVar(&s.extra, "set", "", "settings for descent, separated by spaces, such as model=linear (default: none)")
	flag.StringVar(&s.results, "results", "", "JSON-lines file that keeps results; peers found there are not run again")
	flag.IntVar(&s.threads, "threads", 1, "threads of every model")
	flag.StringVar(&s.cores, "cores", "", "cores that every process is pinned to, as taskset takes them (default the first -threads)")
	flag.BoolVar(&s.markdown, "markdown", false, "print the tables as Markdown")
	flag.BoolVar(&s.onlyShow, "show", false, "measure nothing, print the tables of -results")
	flag.Parse()
	if s.cores == "" {
		s.cores = fmt.Sprintf("0-%d", s.threads-1)
	}
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "tables:", err)
		os.Exit(1)
	}
}

// run measures what the settings ask for and prints a table for each data set.
func run(s settings) error {
	chosen, err := choose(s.sets)
	if err != nil {
		return err
	}
	book, err := openBook(s.results)
	if err != nil {
		return err
	}
	defer book.close()
	if !s.onlyShow {
		if err := measure(s, chosen, book); err != nil {
			return err
		}
	}
	for _, d := range chosen {
		book.print(os.Stdout, d, s.markdown)
	}
	return nil
}

// measure runs everyone on each data set and seed in turn. A model that fails
// is said and left out; a data set that is missing too.
func measure(s settings, chosen []set, book *book) error {
	work, err := os.MkdirTemp("", "descent-tables")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if s.binary == "" {
		s.binary = filepath.Join(work, "descent")
		if out, err := exec.Command("go", "build", "-o", s.binary, "./cmd/descent").CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	for _, d := range chosen {
		for seed := 1; seed <= s.seeds; seed++ {
			t, err := d.split(s.data, filepath.Join(work, fmt.Sprint(d.name, "-", seed)), seed)
			if errors.Is(err, os.ErrNotExist) {
				fmt.Fprintf(os.Stderr, "%s is left out: %v\n", d.name, err)
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			if err := everyone(s, t, book); err != nil {
				return err
			}
		}
	}
	return nil
}

// everyone runs descent and the peers on one split.
func everyone(s settings, t task, book *book) error {
	defer os.RemoveAll(t.dir)
	if s.binary != "none" {
		r, err := ours(s, t)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s, seed %d: descent: %v\n", t.name, t.seed, err)
		} else if err := book.add(r); err != nil {
			return err
		}
	}
	for peer := range strings.SplitSeq(s.peers, ",") {
		if peer == "none" || peer == "" || book.has(t, peer) {
			continue
		}
		all, err := theirs(s, t, peer)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s, seed %d: %s: %v\n", t.name, t.seed, peer, err)
		}
		for _, r := range all {
			if err := book.add(r); err != nil {
				return err
			}
		}
	}
	return nil
}
