//go:build linux

package peer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// Serve is our side of the protocol: it answers requests until in ends.
// measure times steps and returns an answer without memory and processor time.
func Serve(in io.Reader, out io.Writer, measure func(Request) (Reply, error)) error {
	enc := json.NewEncoder(out)
	hello := Reply{Peer: "descent", Import: processMemory("VmRSS")}
	if err := enc.Encode(hello); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		r, err := answer(lines.Text(), measure)
		if err != nil {
			r.Error = err.Error()
		}
		r.Peer, r.Import = hello.Peer, hello.Import
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answer(line string, measure func(Request) (Reply, error)) (Reply, error) {
	var q Request
	if _, err := fmt.Sscan(line, &q.Model, &q.Optimizer, &q.Batch, &q.Threads, &q.Seconds); err != nil {
		return Reply{}, fmt.Errorf("request %q: %w", line, err)
	}
	r, err := measure(q)
	r.CPUOK = r.CPU <= 1.05*float64(q.Threads)
	r.Peak = processMemory("VmHWM")
	return r, err
}

// CPUTime is the processor time that this process has used.
func CPUTime() time.Duration {
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
