//go:build linux

package step

import (
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"github.com/descent-ml/descent/bench/peer"
)

// Measurer answers requests for the workloads that it is told of; it keeps a
// trainer for each.
func Measurer(workload func(peer.Request) (Workload, error)) func(peer.Request) (peer.Reply, error) {
	trainers := map[peer.Request]*Trainer{}
	return func(q peer.Request) (peer.Reply, error) {
		key := q
		key.Seconds = 0
		if trainers[key] == nil {
			w, err := workload(q)
			if err != nil {
				return peer.Reply{}, err
			}
			if trainers[key], err = New(w); err != nil {
				return peer.Reply{}, err
			}
		}
		return trainers[key].Measure(time.Duration(q.Seconds * float64(time.Second))), nil
	}
}

// Profile runs steps of a workload for a while and writes a profile of the
// processor to a file.
func Profile(path, name string, w Workload, d time.Duration) error {
	t, err := New(w)
	if err != nil {
		return err
	}
	defer t.Close()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	t.Step()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	r := t.Measure(d)
	pprof.StopCPUProfile()
	fmt.Printf("%s: %d steps, %.4f ms, %.4f ms of the processor\n", name, r.Steps, r.MS, r.CPUMS)
	return nil
}
