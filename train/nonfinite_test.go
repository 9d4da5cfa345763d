package train

import (
	"math"
	"testing"
)

func TestNonFiniteErrorReads(t *testing.T) {
	nan := math.NaN()
	all := &NonFiniteError{Update: 7, Loss: nan, GradNorm: math.Inf(1), LR: 0.00022404702806188412, Examples: []int{4, 9}, Checkpoint: "run/7.ckpt",
		Worst: []Example{{4, nan}, {9, nan}}}
	want := "train: update 7: the loss is NaN, the norm of the gradient +Inf, at learning rate 0.000224, over 2 examples: 4 9; " +
		"a lower learning rate or clip.norm may help; the last good state is in run/7.ckpt"
	if got := all.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	one := *all
	one.Worst = []Example{{9, nan}, {4, 1234.56}}
	want = "train: update 7: the loss is NaN, the norm of the gradient +Inf, at learning rate 0.000224, over 2 examples: 4 9; " +
		"highest losses: example 9 (NaN), example 4 (1235); a lower learning rate or clip.norm may help; the last good state is in run/7.ckpt"
	if got := one.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
