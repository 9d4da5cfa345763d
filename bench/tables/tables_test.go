package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, lines ...string) string {
	path := filepath.Join(t.TempDir(), "p.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestScoreOfClasses(t *testing.T) {
	job := task{set: set{target: "y"}, truth: []string{"a", "b"}}
	path := writeFile(t, `{"y":"a","p(a)":0.75,"p(b)":0.25}`, `{"y":"a","p(a)":0.5,"p(b)":0.5}`)
	accuracy, loss, err := job.score(path)
	if want := -(math.Log(0.75) + math.Log(0.5)) / 2; err != nil || accuracy != 0.5 || math.Abs(loss-want) > 1e-15 {
		t.Errorf("got %g, %g, %v (want 0.5, %g)", accuracy, loss, err, want)
	}
}

func TestScoreOfNumbers(t *testing.T) {
	job := task{set: set{target: "y", regression: true, unit: 10}, truth: []string{"10", "50"}}
	rmse, mae, err := job.score(writeFile(t, `{"y":40}`, `{"y":10}`))
	if err != nil || math.Abs(rmse-math.Sqrt(12.5)) > 1e-15 || mae != 3.5 {
		t.Errorf("got %g, %g, %v (want %g, 3.5)", rmse, mae, err, math.Sqrt(12.5))
	}
}

func TestScoreWantsEveryRow(t *testing.T) {
	job := task{set: set{target: "y", regression: true}, truth: []string{"1", "2"}}
	for _, lines := range [][]string{{`{"y":1}`}, {`{"y":1}`, `{"y":2}`, `{"y":3}`}, {`{"y":1}`, `{"z":2}`}} {
		if _, _, err := job.score(writeFile(t, lines...)); err == nil {
			t.Errorf("%d lines: no error", len(lines))
		}
	}
}

func TestSplitKeepsRowsAndShares(t *testing.T) {
	read := func(string) (sheet, error) {
		s := sheet{header: []string{"x", "y"}}
		for i := range 100 {
			s.rows = append(s.rows, []string{string(rune('!' + i)), map[bool]string{true: "rare", false: "often"}[i%10 == 0]})
		}
		return s, nil
	}
	d := set{name: "made", read: read, target: "y"}
	job, err := d.split("", t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	seen, rare := map[string]bool{}, []int{}
	for _, path := range []string{job.train, job.val, job.tests} {
		part, err := readCSV(path, ',', nil)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for _, r := range part.rows {
			if seen[r[0]] {
				t.Errorf("row %q twice", r[0])
			}
			seen[r[0]] = true
			if r[1] == "rare" {
				count++
			}
		}
		rare = append(rare, count)
	}
	if len(seen) != 100 || rare[0] != 6 || rare[1] != 2 || rare[2] != 2 {
		t.Errorf("got %d rows and %v of the rare class (want 100, [6 2 2])", len(seen), rare)
	}
}

func TestBehindNamesSeeds(t *testing.T) {
	ours := row{"descent", []result{{Seed: 1, First: 0.9}, {Seed: 2, First: 0.8}, {Seed: 3, First: 0.7}}}
	other := row{"peer", []result{{Seed: 3, First: 0.7}, {Seed: 2, First: 0.85}, {Seed: 1, First: 0.85}}}
	if got := (set{}).behind(ours, other); got != "2" {
		t.Errorf("accuracy: got %q (want 2)", got)
	}
	if got := (set{regression: true}).behind(ours, other); got != "1" {
		t.Errorf("error: got %q (want 1)", got)
	}
}
