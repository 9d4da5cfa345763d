package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// result is what one model did on one split.
type result struct {
	Set     string  `json:"set"`
	Seed    int     `json:"seed"`
	Peer    string  `json:"peer"`  // descent, or the library asked for
	Model   string  `json:"model"` // the row of the table
	Version string  `json:"version"`
	First   float64 `json:"first"`  // accuracy, or root mean squared error
	Second  float64 `json:"second"` // log loss, or mean absolute error
	CPU     float64 `json:"cpu"`    // seconds
	Wall    float64 `json:"wall"`   // seconds
	Threads string  `json:"threads,omitempty"`
}

// ours trains descent on the files as a user would, and scores what the
// trained model predicts for the test file. The seconds are those of the
// whole training process.
func ours(s settings, t task) (result, error) {
	r := result{Set: t.name, Seed: t.seed, Peer: "descent", Model: "descent"}
	out := filepath.Join(t.dir, "run")
	args := []string{s.binary, "train", "--data", t.train, "--target", t.target, "--set", "data.val=" + t.val, "--set", "data.test=" + t.tests,
		"--set", "seed=" + strconv.Itoa(t.seed), "--out", out, "--quiet", "--json"}
	if t.regression {
		args = append(args, "--set", "data.task=regression") // scores of 3 to 8 would be classes
	}
	for _, more := range strings.Fields(s.extra) {
		args = append(args, "--set", more)
	}
	cmd := pinned(s, args...)
	start := time.Now()
	printed, err := cmd.Output()
	if err != nil {
		return r, failure(err)
	}
	r.Wall = time.Since(start).Seconds()
	r.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	var summary struct {
		Version string
		Test    struct{ Accuracy, RMSE float64 }
	}
	if err := json.Unmarshal(printed, &summary); err != nil {
		return r, fmt.Errorf("summary: %w", err)
	}
	r.Version = summary.Version
	predictions := filepath.Join(t.dir, "descent.jsonl")
	if _, err := pinned(s, s.binary, "predict", out, "--data", t.tests, "--format", "jsonl", "--out", predictions).Output(); err != nil {
		return r, failure(err)
	}
	if r.First, r.Second, err = t.score(predictions); err != nil {
		return r, err
	}
	said := max(summary.Test.Accuracy, summary.Test.RMSE)
	if t.unit != 0 {
		said /= t.unit
	}
	if math.Abs(said-r.First) > 1e-3*r.First {
		return r, fmt.Errorf("the summary says %g, its predictions score %g", said, r.First)
	}
	return r, nil
}

// theirs runs the models of one library by peers.py, which prints a line for each.
func theirs(s settings, t task, peer string) (all []result, err error) {
	task := "classification"
	if t.regression {
		task = "regression"
	}
	cmd := pinned(s, s.python, filepath.Join("bench", "tables", "peers.py"), peer, "--dir", t.dir, "--target", t.target, "--task", task,
		"--seed", strconv.Itoa(t.seed), "--threads", strconv.Itoa(s.threads), "--categories", t.categories)
	out, err := cmd.Output()
	if err != nil {
		return nil, failure(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line struct {
			Model, Version, File, Missing, Threads string
			CPU, Wall                              float64
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return all, fmt.Errorf("answer %q: %w", lines.Text(), err)
		}
		if line.Missing != "" {
			return all, fmt.Errorf("left out: %s", line.Missing)
		}
		r := result{t.name, t.seed, peer, line.Model, line.Version, 0, 0, line.CPU, line.Wall, line.Threads}
		if r.First, r.Second, err = t.score(line.File); err != nil {
			return all, fmt.Errorf("%s: %w", line.Model, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// pinned returns a command on the chosen cores with the chosen number of
// threads for every library.
func pinned(s settings, command ...string) *exec.Cmd {
	if taskset, err := exec.LookPath("taskset"); err == nil {
		command = append([]string{taskset, "-c", s.cores}, command...)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = os.Environ()
	for _, name := range []string{"GOMAXPROCS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"} {
		cmd.Env = append(cmd.Env, name+"="+strconv.Itoa(s.threads))
	}
	return cmd
}

// failure adds the end of what a command printed to its error.
func failure(err error) error {
	if exit, ok := err.(*exec.ExitError); ok {
		text := strings.TrimSpace(string(exit.Stderr))
		return fmt.Errorf("%w: %s", err, text[max(0, len(text)-600):])
	}
	return err
}
