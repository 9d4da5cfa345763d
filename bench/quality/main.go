// Command quality trains the built-in configurations of the quality bars over
// several seeds, and the peers' versions of them, and prints mean and spread.
//
//	go run ./bench/quality -data ../shared/data            # five seeds, about half an hour
//	go run ./bench/quality -data ../shared/data -seeds 1 -only sklearn
//	go run ./bench/quality -data ../shared/data -seeds 3 -only mnist-cnn
//	go run ./bench/quality -data ../shared/data -seeds 3 -only shakespeare -threads 2
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
	score        score
	peers        [][]string // script and variant, if it has any
}

// score is what a contest is judged by.
type score string

const (
	accuracy score = "accuracy" // on the test data
	loss     score = "loss"     // on the validation data
)

var contests = []contest{
	{"mnist-mlp", "mnist", accuracy, [][]string{{"quality_torch.py", "dropout"}}},
	{"fashion-mlp", "fashion-mnist", accuracy, [][]string{{"quality_torch.py", "dropout"}}},
	{"mnist-sklearn", "mnist", accuracy, [][]string{{"quality_torch.py", "sklearn"}, {"quality_sklearn.py", "sklearn"}}},
	{"mnist-cnn", "mnist", accuracy, [][]string{{"quality_convnet_torch.py", "mnist"}}},
	{"fashion-cnn", "fashion-mnist", accuracy, nil},
	{"fashion-resnet", "fashion-mnist", accuracy, nil},
	{"shakespeare", "tinyshakespeare", loss, [][]string{{"quality_gpt_torch.py"}}},
}

// options are the command's flags.
type options struct {
	data           string
	seeds, threads int
	only           string
	peers          bool
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "../shared/data", "folder with mnist, fashion-mnist and tinyshakespeare")
	flag.IntVar(&o.seeds, "seeds", 5, "seeds, from 1")
	flag.IntVar(&o.threads, "threads", 1, "threads of every process")
	flag.StringVar(&o.only, "only", "", "configurations whose name contains this")
	flag.BoolVar(&o.peers, "peers", true, "run the peers too")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run(o options) error {
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
		if !strings.Contains(c.name, o.only) {
			continue
		}
		if err := ours(c, binary, work, o); err != nil {
			return err
		}
		for _, p := range c.peers {
			if o.peers {
				theirs(c, p, o)
			}
		}
	}
	return nil
}

// result is what a run prints, as far as it matters here.
type result struct {
	Peer                    string
	Accuracy, Loss, Seconds float64
}

func (r result) of(s score) float64 {
	if s == loss {
		return r.Loss
	}
	return r.Accuracy
}

// ours trains a built-in configuration with each seed.
func ours(c contest, binary, work string, o options) error {
	var scores, seconds []float64
	for seed := 1; seed <= o.seeds; seed++ {
		cmd := exec.Command(binary, "train", c.name, "--data", filepath.Join(o.data, c.folder), "--set", "seed="+strconv.Itoa(seed),
			"--set", "exec.threads="+strconv.Itoa(o.threads), "--out", filepath.Join(work, fmt.Sprint(c.name, seed)), "--quiet", "--json")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s, seed %d: %w", c.name, seed, err)
		}
		var s struct {
			Seconds   float64
			Test, Val result
		}
		if err := json.Unmarshal(out, &s); err != nil {
			return fmt.Errorf("%s: summary: %w", c.name, err)
		}
		value := s.Test.of(c.score)
		if c.score == loss {
			value = s.Val.of(c.score)
		}
		scores, seconds = append(scores, value), append(seconds, s.Seconds)
	}
	report(c, "descent", scores, seconds)
	return nil
}

// theirs runs a peer's script, which prints a line for each seed.
func theirs(c contest, script []string, o options) {
	python := filepath.Join("bench", "peers", ".venv", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		fmt.Printf("%-14s %s is left out: no %s (see bench/peers/README.md)\n", c.name, script[0], python)
		return
	}
	args := append([]string{filepath.Join("bench", "peers", script[0])}, script[1:]...)
	args = append(args, "--data", filepath.Join(o.data, c.folder), "--seeds", strconv.Itoa(o.seeds), "--threads", strconv.Itoa(o.threads))
	cmd := exec.Command(python, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OPENBLAS_") })
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		fmt.Printf("%-14s %s failed: %v\n", c.name, script[0], err)
		return
	}
	var peer string
	var scores, seconds []float64
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var r result
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.of(c.score) > 0 {
			peer, scores, seconds = r.Peer, append(scores, r.of(c.score)), append(seconds, r.Seconds)
		}
	}
	report(c, peer, scores, seconds)
}

// report prints mean, deviation and range.
func report(c contest, who string, scores, seconds []float64) {
	mean, deviation := moments(scores)
	time, _ := moments(seconds)
	fmt.Printf("%-14s %-24s %s %.4f ± %.4f (%.4f to %.4f), %.1f s a seed, %d seeds\n",
		c.name, who, c.score, mean, deviation, slices.Min(scores), slices.Max(scores), time, len(scores))
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
