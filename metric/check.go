package metric

import (
	"fmt"
	"math"
	"strconv"
)

const (
	maxExamples = 1 << 30 // an example and two bits are one word of a ranking
	above1      = 1e-5    // that rounding may put a probability above 1
	offSum      = 1e-2    // that rounding may put a sum of probabilities off 1
)

// rows returns the number of examples in a matrix of size values, width a row.
func rows(what string, size, width int) (int, error) {
	if size == 0 {
		return 0, fmt.Errorf("metric: no examples: %s is empty", what)
	}
	if size%width != 0 {
		return 0, fmt.Errorf("metric: %d values of %s are no whole rows of %d", size, what, width)
	}
	if size/width > maxExamples {
		return 0, fmt.Errorf("metric: %d examples (want at most %d)", size/width, maxExamples)
	}
	return size / width, nil
}

// weights returns the weight of each of n examples as float64, 1 for nil.
func weights(weight []float32, n int) ([]float64, error) {
	if weight != nil && len(weight) != n {
		return nil, fmt.Errorf("metric: %d weights for %d examples", len(weight), n)
	}
	w, total := make([]float64, n), 0.0
	for i := range w {
		w[i] = 1
		if weight != nil {
			w[i] = float64(weight[i])
		}
		if !(w[i] >= 0) || math.IsInf(w[i], 1) {
			return nil, fmt.Errorf("metric: example %d: weight %v (want a finite number, 0 or more)", i, w[i])
		}
		total += w[i]
	}
	if total == 0 {
		return nil, fmt.Errorf("metric: the weights of all %d examples are 0", n)
	}
	return w, nil
}

// probabilities checks that the rows of a matrix hold numbers from 0 to 1, and,
// where they exclude one another, that each row sums to 1.
func probabilities(prob []float32, width int, exclusive bool) error {
	sum := 0.0
	for i, p := range prob {
		if !(p >= 0 && p <= 1+above1) {
			return fmt.Errorf("metric: example %d: probability %v at %d (want 0 to 1)", i/width, p, i%width)
		}
		if !exclusive {
			continue
		}
		if sum += float64(p); i%width == width-1 {
			if math.Abs(sum-1) > offSum {
				return fmt.Errorf("metric: example %d: its probabilities sum to %v (want 1)", i/width, sum)
			}
			sum = 0
		}
	}
	return nil
}

// finite checks that the values of a matrix are numbers.
func finite(what string, x []float64, width int) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("metric: example %d: %s %v at %d (want a finite number)", i/width, what, v, i%width)
		}
	}
	return nil
}

// names returns the names of n classes, labels or outputs.
func names(given []string, n int, what string) ([]string, error) {
	if given != nil {
		if len(given) != n {
			return nil, fmt.Errorf("metric: %d names for %d %s", len(given), n, what)
		}
		return given, nil
	}
	s := make([]string, n)
	for i := range s {
		s[i] = strconv.Itoa(i)
	}
	return s, nil
}
