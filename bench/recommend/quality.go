//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/bench/peer"
)

// contest is a protocol: ours, the scripts of the peers, and the data's folder.
type contest struct {
	folder string
	ours   func(c contest, s settings, emit func(result)) error
	peers  [][]string // script and arguments
	seeds  bool       // the scripts take a number of seeds
}

var contests = map[string]contest{
	"svd": {folder: "movielens-100k", ours: trainFolds, peers: [][]string{{"quality_surprise.py"}, {"quality_libmf.py"}, {"quality_libmf.py", "--epochs", "8"}}},
	"gmf": {folder: "movielens-1m-ncf", ours: trainRanking(gmf), peers: [][]string{{"quality_ncf_torch.py"}}, seeds: true},
	"mf":  {folder: "movielens-1m-ncf", ours: trainRanking(mf)},
	"bpr": {folder: "movielens-1m-ncf", ours: trainRanking(bpr), peers: [][]string{{"quality_implicit.py"}}, seeds: true},
}

// result is what one training gives, a line of JSON of every contestant.
type result struct {
	Peer    string  `json:"peer"`
	Seed    int     `json:"seed"`
	Fold    int     `json:"fold"`
	RMSE    float64 `json:"rmse,omitempty"`
	MAE     float64 `json:"mae,omitempty"`
	HR      float64 `json:"hr,omitempty"`   // @10 on the test items
	NDCG    float64 `json:"ndcg,omitempty"` // @10
	Epoch   int     `json:"epoch,omitempty"`
	Seconds float64 `json:"seconds"`     // of training
	CPU     float64 `json:"cpu_seconds"` // the processor's
}

// compareQuality runs ours and the peers one after the other, each a process on
// as many cores as it has threads, and prints the mean and deviation of each.
func compareQuality(s settings, name string) error {
	c, ok := contests[name]
	if !ok {
		return fmt.Errorf("unknown quality %q (want one of %s)", name, strings.Join(slices.Sorted(maps.Keys(contests)), ", "))
	}
	if s.trainer {
		out := json.NewEncoder(os.Stdout)
		return c.ours(c, s, func(r result) { out.Encode(r) })
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	seeds := strconv.Itoa(s.seeds)
	if err := runContestant(s, self, "-quality", name, "-trainer", "-data", s.data, "-seeds", seeds, "-threads", strconv.Itoa(s.Threads)); err != nil {
		return err
	}
	for _, script := range c.peers {
		command := peer.Python("", script[0], append(script[1:], "--data", filepath.Join(s.data, c.folder))...)
		if c.seeds {
			command.Argv = append(command.Argv, "--seeds", seeds)
		}
		if _, err := os.Stat(command.Argv[0]); s.Peers == "none" || err != nil {
			fmt.Printf("%s is left out (see bench/peers/README.md)\n", script[0])
			continue
		}
		if err := runContestant(s, command.Argv...); err != nil {
			return fmt.Errorf("%s: %w", script[0], err)
		}
	}
	return nil
}

// runContestant runs a process that prints a result a line, and then their mean.
func runContestant(s settings, argv ...string) error {
	cmd := peer.Pinned(s.Threads, argv...)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(s.Threads))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	all := readResults(out, s.Verbose)
	if err := cmd.Wait(); err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s printed no result", argv[0])
	}
	summarize(all)
	return nil
}

func readResults(out io.Reader, verbose bool) (all []result) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var r result
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Peer != "" {
			all = append(all, r)
			if verbose {
				fmt.Printf("%+v\n", r)
			}
		}
	}
	return all
}

// summarize prints mean and deviation of every value that there is.
func summarize(all []result) {
	fmt.Printf("%-28s", all[0].Peer)
	for _, v := range []struct {
		name string
		of   func(result) float64
	}{
		{"RMSE", func(r result) float64 { return r.RMSE }},
		{"MAE", func(r result) float64 { return r.MAE }},
		{"HR@10", func(r result) float64 { return r.HR }},
		{"NDCG@10", func(r result) float64 { return r.NDCG }},
	} {
		if mean, deviation := moments(all, v.of); mean != 0 {
			fmt.Printf("  %s %.4f ± %.4f", v.name, mean, deviation)
		}
	}
	wall, _ := moments(all, func(r result) float64 { return r.Seconds })
	cpu, _ := moments(all, func(r result) float64 { return r.CPU })
	fmt.Printf("  %.2f s, %.2f s of the processor, %d trainings\n", wall, cpu, len(all))
}

func moments(all []result, of func(result) float64) (mean, deviation float64) {
	for _, r := range all {
		mean += of(r) / float64(len(all))
	}
	for _, r := range all {
		deviation += (of(r) - mean) * (of(r) - mean) / float64(max(1, len(all)-1))
	}
	return mean, math.Sqrt(deviation)
}
