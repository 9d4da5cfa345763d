//go:build linux

package main

import (
	"testing"

	"github.com/descent-ml/descent/bench/step"
)

// TestStepAllocatesNothing holds for a whole update of a recommender.
func TestStepAllocatesNothing(t *testing.T) {
	for _, kind := range []string{"mf", "gmf"} {
		for _, threads := range []int{1, 2} {
			trainer, err := step.New(job{kind, 16, 50, 40, 64}.workload(threads, 0))
			if err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			n := 1.0
			for range 50 { // a thread's scratch grows when it first has work, which may be late
				if n = testing.AllocsPerRun(10, trainer.Step); n == 0 {
					break
				}
			}
			if n != 0 {
				t.Errorf("%s, %d threads: %v allocations in an update, want 0", kind, threads, n)
			}
		}
	}
}

// TestWorkCountsRows checks the count of touched rows where every row is touched.
func TestWorkCountsRows(t *testing.T) {
	j := job{"mf", 4, 3, 2, 10_000}
	if got := j.touched(); got != 5 {
		t.Errorf("a batch of %d touches %v rows, want 5", j.batch, got)
	}
	flops, bytes, _ := j.work()
	if wantFLOPs, wantBytes := 10_000*6*4+5*14*4.0, 10_000*(8*16+12)+5*7*16.0; flops != wantFLOPs || bytes != wantBytes {
		t.Errorf("%v operations and %v bytes, want %v and %v", flops, bytes, wantFLOPs, wantBytes)
	}
}
