// Command gomlx answers the peers' line protocol (../README.md) with GoMLX's pure Go backend:
// gomlx go THREADS. It is a module of its own so that descent never depends on GoMLX.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var version = "gomlx 0.26.0 go"

type request struct {
	model, optimizer string
	batch, threads   int
	seconds          float64
}

type reply struct {
	Peer       string  `json:"peer"`
	How        string  `json:"how"`
	Model      string  `json:"model"`
	Optimizer  string  `json:"optimizer"`
	Batch      int     `json:"batch"`
	Threads    int     `json:"threads"`
	MS         float64 `json:"ms"`
	MSMin      float64 `json:"ms_min"`
	Steps      int     `json:"steps"`
	CPUPerWall float64 `json:"cpu_over_wall"`
	CPUOK      bool    `json:"cpu_ok"`
	ImportMB   float64 `json:"rss_import_mb"`
	MB         float64 `json:"rss_mb"`
	PeakMB     float64 `json:"rss_peak_mb"`
}

func main() {
	if len(os.Args) != 3 || os.Args[1] != "go" {
		fatal("usage: gomlx go THREADS")
	}
	threads, err := strconv.Atoi(os.Args[2])
	if err != nil || threads < 1 {
		fatal("gomlx: THREADS (got %q, want a positive number)", os.Args[2])
	}
	if strings.Contains(runtime.Version(), "X:simd") {
		version += ", GOEXPERIMENT=simd"
	}
	runtime.GOMAXPROCS(threads)
	out := json.NewEncoder(os.Stdout)
	os.Stdout = os.Stderr // the backend prints its options
	if err := serve(out, threads); err != nil {
		fatal("gomlx: %v", err)
	}
}

func fatal(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(2)
}

// serve answers requests until standard input ends. A request that fails is answered with its error.
func serve(out *json.Encoder, threads int) error {
	start := rss("VmRSS:")
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return err
	}
	hello := map[string]any{"peer": version, "threads": threads, "rss_import_mb": start, "cpus": runtime.NumCPU()}
	if err := out.Encode(hello); err != nil {
		return err
	}
	ready := map[string]*step{}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var v any
		r, err := answer(in.Text(), threads, ready)
		if v = r; err != nil {
			v = map[string]string{"peer": version, "request": in.Text(), "error": err.Error()}
		} else {
			r.ImportMB = start
		}
		if err := out.Encode(v); err != nil {
			return err
		}
	}
	return in.Err()
}

func answer(line string, threads int, ready map[string]*step) (*reply, error) {
	var q request
	if _, err := fmt.Sscan(line, &q.model, &q.optimizer, &q.batch, &q.threads, &q.seconds); err != nil {
		return nil, fmt.Errorf("request %q: %w", line, err)
	}
	if q.threads != threads {
		return nil, fmt.Errorf("%d threads (this process was started for %d)", q.threads, threads)
	}
	key := fmt.Sprint(q.model, " ", q.optimizer, " ", q.batch)
	s := ready[key]
	if s == nil {
		var err error
		if s, err = newStep(q); err != nil {
			return nil, err
		}
		ready[key] = s
	}
	return measure(s, q)
}

// measure times chunks of about 2 ms, at least one step, as peer.py does.
func measure(s *step, q request) (*reply, error) {
	chunk := 1
	warm := time.Now().Add(time.Duration(math.Min(0.1, q.seconds/3) * 1e9))
	for ok := true; ok; ok = time.Now().Before(warm) {
		took, err := s.run(chunk)
		if err != nil {
			return nil, err
		}
		chunk = max(1, int(0.002*float64(chunk)/took.Seconds()))
	}
	var times []float64
	steps, wall, cpu := 0, time.Now(), cpuTime()
	for len(times) == 0 || time.Since(wall).Seconds() < q.seconds {
		took, err := s.run(chunk)
		if err != nil {
			return nil, err
		}
		times = append(times, took.Seconds()*1e3/float64(chunk))
		steps += chunk
	}
	ratio := (cpuTime() - cpu).Seconds() / time.Since(wall).Seconds()
	slices.Sort(times)
	return &reply{
		Peer: version, How: "graph.Exec, donated", Model: q.model, Optimizer: q.optimizer, Batch: q.batch,
		Threads: q.threads, MS: times[len(times)/2], MSMin: times[0], Steps: steps,
		CPUPerWall: math.Round(ratio*1e3) / 1e3, CPUOK: ratio <= 1.05*float64(q.threads),
		MB: rss("VmRSS:"), PeakMB: rss("VmHWM:"),
	}, nil
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rss reads a field of /proc/self/status in MiB; 0 if there is none.
func rss(field string) float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var name string
		var kb float64
		if n, _ := fmt.Sscan(s.Text(), &name, &kb); n == 2 && name == field {
			return math.Round(kb/1024*10) / 10
		}
	}
	return 0
}
