package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/report"
)

// TestErrorInUnits: a target around 4500 has an error in its own units, in the
// summary and by eval.
func TestErrorInUnits(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("hour,bikes\n")
	for i := range 200 {
		fmt.Fprintf(&b, "%d,%d\n", i%24, 4500+i%24*100+i%7*10)
	}
	out := filepath.Join(dir, "run")
	stdout, _ := mustCall(t, "train", "--data", write(t, dir, "bikes.csv", b.String()), "--target", "bikes", "--out", out, "--set", "budget=3ep", "--json", "--quiet")
	s := summary(t, stdout)
	want, _ := s.Test.Get("rmse")
	guess, _ := s.Baseline.Get("rmse")
	if guess < 400 || guess > 1200 || want > 2*guess || want < 10 {
		t.Errorf("rmse %v, baseline %v; want them in bikes", want, guess)
	}
	stdout, _ = mustCall(t, "eval", out, "--json")
	var e struct {
		Values report.Values `json:"values"`
	}
	if err := json.Unmarshal([]byte(stdout), &e); err != nil {
		t.Fatal(err)
	}
	if got, ok := e.Values.Get("rmse"); !ok || math.Abs(got-want) > 1e-4*want {
		t.Errorf("eval gives rmse %v, training gave %v", got, want)
	}
}
