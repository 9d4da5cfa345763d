//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// answerRequests is our side of the peers' protocol.
func answerRequests(in io.Reader, out io.Writer, threads int) error {
	enc := json.NewEncoder(out)
	start := reply{Peer: "descent", Import: processMemory("VmRSS")}
	if err := enc.Encode(start); err != nil {
		return err
	}
	trainers := map[job]*trainer{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		r, err := answer(lines.Text(), threads, trainers)
		if err != nil {
			r.Error = err.Error()
		}
		r.Import = start.Import
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answer(line string, threads int, trainers map[job]*trainer) (r reply, err error) {
	r.Peer = "descent"
	var j job
	var want int
	var seconds float64
	if _, err := fmt.Sscan(line, &j.model, &j.optimizer, &j.batch, &want, &seconds); err != nil {
		return r, fmt.Errorf("request %q: %w", line, err)
	}
	t := trainers[j]
	if t == nil {
		if t, err = newTrainer(j, threads); err != nil {
			return r, err
		}
		trainers[j] = t
	}
	wall, cpu := time.Now(), cpuTime()
	median, steps := t.measure(time.Duration(seconds * float64(time.Second)))
	r.CPU = (cpuTime() - cpu).Seconds() / time.Since(wall).Seconds()
	r.MS, r.Steps, r.CPUOK = median.Seconds()*1e3, steps, r.CPU <= 1.05*float64(threads)
	r.Allocs = t.allocations()
	r.Peak = processMemory("VmHWM")
	r.FLOPs, r.Bytes, r.Touched = t.work()
	return r, nil
}

// work is what one step computes and moves according to its plan, and the
// memory that it moves over.
func (t *trainer) work() (flops, bytes, touched float64) {
	p := t.program.Plan()
	for _, k := range p.Kernels {
		bytes += float64(k.Bytes)*float64(t.rows) + float64(k.Fixed)
	}
	return float64(p.FLOPs)*float64(t.rows) + float64(p.Update), bytes, float64(p.VarBytes + p.Bytes)
}

// allocations counts those of one step.
func (t *trainer) allocations() float64 {
	var before, after runtime.MemStats
	const steps = 10
	runtime.ReadMemStats(&before)
	for range steps {
		t.step()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / steps
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processMemory is a field of /proc/self/status in MiB; 0 where there is none.
func processMemory(field string) float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			var kib float64
			fmt.Sscan(rest, &kib)
			return kib / 1024
		}
	}
	return 0
}
