package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
)

// score reads predictions, one JSON object a test row with the target and, for
// classes, "p(CLASS)" each. It returns accuracy and log loss (natural
// logarithm, probabilities kept above 1e-15), or the root mean squared and the
// mean absolute error in the set's unit.
func (t task) score(path string) (first, second float64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	rows := 0
	for lines := bufio.NewScanner(f); lines.Scan(); rows++ {
		if rows == len(t.truth) {
			return 0, 0, fmt.Errorf("%s: more than %d predictions", path, rows)
		}
		var p map[string]any
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return 0, 0, fmt.Errorf("%s: row %d: %w", path, rows+1, err)
		}
		a, b, err := t.point(p, t.truth[rows])
		if err != nil {
			return 0, 0, fmt.Errorf("%s: row %d: %w", path, rows+1, err)
		}
		first, second = first+a, second+b
	}
	if rows != len(t.truth) {
		return 0, 0, fmt.Errorf("%s: %d predictions (want %d)", path, rows, len(t.truth))
	}
	first, second = first/float64(rows), second/float64(rows)
	if t.regression {
		first = math.Sqrt(first)
	}
	return first, second, nil
}

// point scores one row: hit and surprise, or squared and absolute error.
func (t task) point(p map[string]any, truth string) (first, second float64, err error) {
	if t.regression {
		want, err := strconv.ParseFloat(truth, 64)
		got, ok := p[t.target].(float64)
		if err != nil || !ok {
			return 0, 0, fmt.Errorf("got %v for %s %s (want a number)", p[t.target], t.target, truth)
		}
		miss := got - want
		if t.unit != 0 {
			miss /= t.unit
		}
		return miss * miss, math.Abs(miss), nil
	}
	likely, ok := p["p("+truth+")"].(float64)
	if !ok {
		return 0, 0, fmt.Errorf("no probability of class %q in %v", truth, p)
	}
	if p[t.target] == truth {
		first = 1
	}
	return first, -math.Log(min(1, max(likely, 1e-15))), nil
}
