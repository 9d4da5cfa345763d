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
