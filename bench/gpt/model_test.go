//go:build linux

package main

import (
	"testing"

	"github.com/descent-ml/descent/bench/step"
)

// TestStepAllocatesNothing holds for a whole update of a language model.
func TestStepAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		trainer, err := step.New(job{2, 2, 16, 24, 5}.workload(threads, 2))
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
			t.Errorf("%d threads: %v allocations in an update, want 0", threads, n)
		}
	}
}
