package metric

import (
	"slices"
	"testing"
)

func TestConfusions(t *testing.T) {
	r := &Report{Confusion: [][]float64{{7, 1, 2}, {0, 0, 0}, {2, 1, 1}}}
	want := []Confusion{{2, 0, 2, 0.5}, {0, 2, 2, 0.2}, {2, 1, 1, 0.25}, {0, 1, 1, 0.1}}
	for most := range 6 {
		if got := r.Confusions(most); !slices.Equal(got, want[:min(most, len(want))]) {
			t.Errorf("%d: %v", most, got)
		}
	}
	if got := new(Report).Confusions(3); len(got) > 0 {
		t.Errorf("of no classes: %v", got)
	}
}
