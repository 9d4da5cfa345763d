//go:build linux

package main

import (
	"testing"

	"github.com/descent-ml/descent/bench/step"
)

// TestStepAllocatesNothing holds for a whole update of each net.
func TestStepAllocatesNothing(t *testing.T) {
	for _, model := range []string{"resnet8", "lenet"} {
		for _, threads := range []int{1, 2} {
			w, err := job{model, optimizerOf(model), 3}.workload(threads, 2)
			if err != nil {
				t.Fatal(err)
			}
			trainer, err := step.New(w)
			if err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			n := 1.0
			for range 20 { // a thread's scratch grows when it first has work, which may be late
				if n = testing.AllocsPerRun(2, trainer.Step); n == 0 {
					break
				}
			}
			if n != 0 {
				t.Errorf("%s, %d threads: %v allocations in an update, want 0", model, threads, n)
			}
		}
	}
}

// TestProductsCountUsefulTaps compares the operations of the convolutions of the
// LeNet-like net with a count by hand.
func TestProductsCountUsefulTaps(t *testing.T) {
	w, err := job{"lenet", "adam", 2}.workload(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := step.New(w)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	first, others := 26*26*9*32, 11*11*9*32*64+1600*128+128*10
	if got, want := trainer.Measure(0).Products, float64(2*2*(2*first+3*others)); got != want {
		t.Errorf("%v operations in products, want %v: two for the first layer, three for the others", got, want)
	}
}
