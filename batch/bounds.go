package batch

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// Bounds are the sizes that a policy may choose from. What is 0 has a default,
// so the zero Bounds are useful.
type Bounds struct {
	Start int // the first size; 32, or Max where that is less
	Min   int // 1
	Max   int // a tenth of the training data (Smith et al. 2018), at most 8192; memory is planned for it
}

const (
	defaultStart = 32
	defaultMost  = 8192
)

// Validate lists the faults of the bounds.
func (b Bounds) Validate() error {
	var errs []error
	for _, x := range []struct {
		name string
		n    int
	}{{"size", b.Start}, {"min", b.Min}, {"max", b.Max}} {
		if x.n < 0 {
			errs = append(errs, fmt.Errorf("batch: %s %d (want at least 1, or 0 for the default)", x.name, x.n))
		}
	}
	switch {
	case b.Max > 0 && b.Min > b.Max:
		errs = append(errs, fmt.Errorf("batch: min %d is above max %d", b.Min, b.Max))
	case b.Start > 0 && b.Start < b.Min:
		errs = append(errs, fmt.Errorf("batch: size %d, where a policy starts, is below min %d", b.Start, b.Min))
	case b.Max > 0 && b.Start > b.Max:
		errs = append(errs, fmt.Errorf("batch: size %d, where a policy starts, is above max %d", b.Start, b.Max))
	}
	return errors.Join(errs...)
}

// withDefaults resolves the bounds for so many examples of data. What is asked
// for by number is kept, even beyond the data, so that Check can tell; only Max
// is cut to the data.
func (b Bounds) withDefaults(examples int) Bounds {
	b.Min = max(b.Min, 1)
	if b.Max == 0 {
		b.Max = max(min(examples/10, defaultMost), min(b.Start, examples), 1)
	}
	b.Max = max(min(b.Max, examples), b.Min, b.Start)
	if b.Start == 0 {
		b.Start = min(max(defaultStart, b.Min), b.Max)
	}
	return b
}

// largest is Policy.Max.
func (b Bounds) largest(examples int) int { return b.withDefaults(examples).Max }

// clip returns x as a size within the bounds: rounded, NaN as the smallest.
func (b Bounds) clip(x float64) int {
	if !(x > float64(b.Min)) {
		return b.Min
	}
	return int(math.Floor(min(x, float64(b.Max)) + 0.5))
}

// text writes a policy as a configuration does: its name with its own keys,
// which alternate with their values, and the bounds that are set.
func (b Bounds) text(name string, keys ...any) string {
	pairs := func(kv ...any) (out []string) {
		for i := 0; i < len(kv); i += 2 {
			if v := fmt.Sprint(kv[i+1]); v != "0" {
				out = append(out, fmt.Sprintf("%v: %s", kv[i], v))
			}
		}
		return out
	}
	policy := name
	if own := pairs(keys...); len(own) > 0 {
		policy = fmt.Sprintf("{%s: {%s}}", name, strings.Join(own, ", "))
	}
	return "{" + strings.Join(pairs("size", b.Start, "policy", policy, "min", b.Min, "max", b.Max), ", ") + "}"
}

// differs reports whether a size is further from another than a ratio: what a
// policy that follows a smooth target waits for.
func differs(size int, from int, ratio float64) bool {
	a, b := float64(size), float64(from)
	return a > float64(b*ratio) || b > float64(a*ratio)
}
