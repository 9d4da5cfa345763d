package batch_test

import (
	"fmt"

	"github.com/descent-ml/descent/batch"
)

func ExampleParse() {
	for _, text := range []string{"20 epochs", "2000 updates", "1e6ex", "90 min", "5%"} {
		span, err := batch.Parse(text)
		fmt.Println(span, err)
	}
	_, err := batch.Parse("20")
	fmt.Println(err)
	// Output:
	// 20ep <nil>
	// 2000up <nil>
	// 1e6ex <nil>
	// 90min <nil>
	// 5% <nil>
	// batch: span "20" has no unit (want ep, up, ex, tok, h, min, s or %: 20ep is 20 epochs)
}

func ExampleNewPlan() {
	plan, err := batch.NewPlan(60000, 1, 0)
	fmt.Println(plan, err)
	// Output: batch 60000 in 118 micro-batches of 509 (equal parts of at most 512) <nil>
}

// A policy by hand: updates of 32 examples whose halves tell the noise.
func ExampleDecide() {
	policy := batch.NormTest{Bounds: batch.Bounds{Start: 32, Max: 1024}, Theta: 0.5}
	var state batch.State
	at := batch.Progress{Position: batch.Position{PerEpoch: 50000}, Data: 50000}
	for range 12 {
		var change batch.Change
		if state, change, _ = batch.Decide(policy, state, at); change.To > 0 {
			fmt.Printf("update %d: from %d to %d, %s\n", at.Update+1, change.From, change.To, change.Why)
		}
		// S = 64 and ‖G‖² = 1, in a batch of 32.
		halves := batch.Pieces{N: []float64{16, 16}, Squares: []float64{5, 5}, Whole: 3}
		at.Update, at.Examples = at.Update+1, at.Examples+uint64(state.Size)
		at.Noise = at.Noise.Add(halves, float64(state.Size))
	}
	phi, ok := at.Noise.Scale()
	fmt.Println(phi, ok)
	// Output:
	// update 11: from 32 to 255, norm test: the variance is 8 times what it may be
	// 64 true
}

func ExampleCost() {
	var c batch.Cost
	for _, size := range []int{32, 64} {
		for range 5 {
			c = c.Add(size, 1e-3+1e-5*float64(size))
		}
	}
	fmt.Printf("%.2g s and %.2g s for each example: half of an update of %.0f examples is fixed cost\n", c.Fixed, c.PerExample, c.HalfSpeed())
	// Output: 0.001 s and 1e-05 s for each example: half of an update of 100 examples is fixed cost
}
