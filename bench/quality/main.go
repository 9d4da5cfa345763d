// Command quality trains the built-in configurations of the quality bars over
// several seeds, and the peers' versions of them, and prints mean and spread.
//
//	go run ./bench/quality -data ../shared/data            # five seeds, about half an hour
//	go run ./bench/quality -data ../shared/data -seeds 1 -only sklearn
//
// Peers are optional: bench/peers/setup.sh installs them.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// contest is one configuration: ours by name, and the peers' scripts.
type contest struct {
	name, folder string
	peers        [][]string // script and variant
}

var contests = []contest{
	{"mnist-mlp", "mnist", [][]string{{"quality_torch.py", "dropout"}}},
	{"fashion-mlp", "fashion-mnist", [][]string{{"quality_torch.py", "dropout"}}},
	{"mnist-sklearn", "mnist", [][]string{{"quality_torch.py", "sklearn"}, {"quality_sklearn.py", "sklearn"}}},
}

func main() {
	data := flag.String("data", "../shared/data", "folder with mnist and fashion-mnist")
	seeds := flag.Int("seeds", 5, "seeds, from 1")
	only := flag.String("only", "", "configurations whose name contains this")
	peers := flag.Bool("peers", true, "run the peers too")
	flag.Parse()
	if err := run(*data, *seeds, *only, *peers); err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run(data string, seeds int, only string, peers bool) error {
	work, err := os.MkdirTemp("", "descent-quality")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	binary := filepath.Join(work, "descent")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/descent").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	for _, c := range contests {
		if !strings.Contains(c.name, only) {
			continue
		}
		if err := ours(c, binary, work, data, seeds); err != nil {
			return err
		}
		for _, p := range c.peers {
			if peers {
				theirs(c, p, data, seeds)
			}
		}
	}
	return nil
}

// ours trains a built-in configuration with each seed on one thread.
func ours(c contest, binary, work, data string, seeds int) error {
	var accuracy, seconds []float64
	for seed := 1; seed <= seeds; seed++ {
		cmd := exec.Command(binary, "train", c.name, "--data", data, "--set", "seed="+strconv.Itoa(seed), "--set", "exec.threads=1",
			"--out", filepath.Join(work, fmt.Sprint(c.name, seed)), "--quiet", "--json")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s, seed %d: %w", c.name, seed, err)
		}
		var s struct {
			Seconds float64
			Test    struct{ Accuracy float64 }
		}
		if err := json.Unmarshal(out, &s); err != nil {
			return fmt.Errorf("%s: summary: %w", c.name, err)
		}
		accuracy, seconds = append(accuracy, s.Test.Accuracy), append(seconds, s.Seconds)
	}
	report(c.name, "descent", accuracy, seconds)
	return nil
}

// theirs runs a peer's script, which prints a line for each seed.
func theirs(c contest, script []string, data string, seeds int) {
	python := filepath.Join("bench", "peers", ".venv", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		fmt.Printf("%-14s %s is left out: no %s (see bench/peers/README.md)\n", c.name, script[0], python)
		return
	}
	cmd := exec.Command(python, filepath.Join("bench", "peers", script[0]), script[1], "--data", filepath.Join(data, c.folder), "--seeds", strconv.Itoa(seeds))
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OPENBLAS_") })
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		fmt.Printf("%-14s %s failed: %v\n", c.name, script[0], err)
		return
	}
	var peer string
	var accuracy, seconds []float64
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var r struct {
			Peer              string
			Accuracy, Seconds float64
		}
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Accuracy > 0 {
			peer, accuracy, seconds = r.Peer, append(accuracy, r.Accuracy), append(seconds, r.Seconds)
		}
	}
	report(c.name, peer, accuracy, seconds)
}

// report prints mean, deviation and range.
func report(name, who string, accuracy, seconds []float64) {
	mean, deviation := moments(accuracy)
	time, _ := moments(seconds)
	fmt.Printf("%-14s %-24s accuracy %.4f ± %.4f (%.4f to %.4f), error %.4f, %.1f s a seed, %d seeds\n",
		name, who, mean, deviation, slices.Min(accuracy), slices.Max(accuracy), 1-mean, time, len(accuracy))
}

func moments(x []float64) (mean, deviation float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean) / float64(max(1, len(x)-1))
	}
	return mean, math.Sqrt(deviation)
}
