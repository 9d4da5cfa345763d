package dataset

import (
	"fmt"
	"maps"
	"math"
	"strconv"

	"github.com/descent-ml/descent/internal/cells"
	"github.com/descent-ml/descent/internal/portmath"
)

// className is the name of the class that a cell spells.
func className(c *cells.Cell, numeric bool) string {
	if numeric {
		if v, ok := c.Number(); ok {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	}
	return string(c.Text())
}

// fitTargets learns what is predicted.
func (t *Table) fitTargets(s *Schema, rows []int, o FitOptions) error {
	for i, col := range t.targets {
		target, err := t.fitTarget(col, rows, o, len(t.targets) > 1)
		if err != nil {
			return err
		}
		if i == 0 {
			s.Target = target
			continue
		}
		if s.More = append(s.More, target); target.Task != s.Target.Task {
			return fmt.Errorf("dataset: %s: the targets %q and %q are for %s and %s (want all numbers, or all of two classes)",
				t.file, s.Target.Name, target.Name, s.Target.Task, target.Task)
		}
	}
	return nil
}

func (t *Table) fitTarget(col int, rows []int, o FitOptions, several bool) (TargetSchema, error) {
	s := TargetSchema{Name: t.names[col], Task: o.Task, Std: 1}
	kind, err := t.kindOf(col)
	if err != nil {
		return s, err
	}
	missing := cells.NewMemo(t.columns[col], t.missing.cell)
	for row := range t.Len() {
		if missing.At(row) {
			return s, t.errorAt(row, col, "the target is missing (got %q): drop the row", t.Cell(row, col))
		}
	}
	numeric := kind == KindNumeric
	distinct, integers := t.distinct(col, numeric)
	if s.Task == "" {
		s.Task = TaskRegression
		few := len(distinct) <= maxClasses && float64(len(distinct)) <= classShare*float64(t.Len())
		switch {
		case several && len(distinct) <= 2:
			s.Task = TaskMultiLabel
		case several:
		case !numeric || integers && (few || len(distinct) <= 2):
			s.Task = TaskClassification
		}
	}
	if s.Task == TaskRegression {
		return s, t.fitValues(&s, col, numeric, rows, o)
	}
	s.Numeric, s.Classes = numeric, sortNames(maps.Keys(distinct))
	if len(s.Classes) < 2 {
		return s, fmt.Errorf("dataset: %s: column %q: every row has class %q (want at least 2 classes)", t.file, s.Name, s.Classes[0])
	}
	if s.Task == TaskMultiLabel && len(s.Classes) != 2 {
		return s, fmt.Errorf("dataset: %s: column %q has %d classes (want 2 for multi-label)", t.file, s.Name, len(s.Classes))
	}
	return s, nil
}

// fitValues learns the scale of the target of a regression.
func (t *Table) fitValues(s *TargetSchema, col int, numeric bool, rows []int, o FitOptions) error {
	if !numeric {
		return t.errorAt(0, col, "a regression wants numbers, the column has names (got %q)", t.Cell(0, col))
	}
	if o.NoStandardize {
		return nil
	}
	each := t.eachNumber(col)
	var m moments
	each(rows, m.add)
	if m.n > 0 && m.lo == m.hi && o.Infer == InferFull {
		return fmt.Errorf("dataset: %s: column %q: the target is %v in every training row, so there is nothing to learn", t.file, s.Name, m.lo)
	}
	if s.Transform = t.transform(m, rows, each, o.Transform); s.Transform == TransformLog {
		if !(m.lo > -1) {
			return fmt.Errorf("dataset: %s: column %q: the target has values down to %v, of which there is no log(1+v) (set data.target_transform to none)", t.file, s.Name, m.lo)
		}
		plain := each
		each = func(rows []int, f func(float64)) int {
			return plain(rows, func(v float64) { f(portmath.Log(1 + v)) })
		}
		m = moments{}
		each(rows, m.add)
	}
	each(rows, m.deviate)
	if s.Mean, s.Std = m.mean(), m.std(); s.Std == 0 {
		s.Std = 1
	}
	if bad := s.Mean + s.Std; bad-bad != 0 {
		return fmt.Errorf("dataset: %s: column %q: numbers are too large to average", t.file, s.Name)
	}
	return nil
}

// Skewness above which a target of at least 0 is predicted by its logarithm, if
// that is less skewed.
const skewed = 3

// transform chooses the transformation of a target.
func (t *Table) transform(m moments, rows []int, each func([]int, func(float64)) int, want string) string {
	if want != TransformAuto {
		return want
	}
	if !(m.lo >= 0) || m.lo == m.hi {
		return ""
	}
	plain, logs := skewness(rows, each, func(v float64) float64 { return v }), skewness(rows, each, func(v float64) float64 { return portmath.Log(1 + v) })
	if plain > skewed && math.Abs(logs) < plain/2 {
		return TransformLog
	}
	return ""
}

// skewness is the third standardized moment.
func skewness(rows []int, each func([]int, func(float64)) int, f func(float64) float64) float64 {
	var m moments
	each(rows, func(v float64) { m.add(f(v)) })
	mean, second, third := m.mean(), 0.0, 0.0
	each(rows, func(v float64) {
		d := f(v) - mean
		second += float64(d * d)
		third += float64(float64(d*d) * d)
	})
	if second == 0 {
		return 0
	}
	return third / m.n / math.Pow(second/m.n, 1.5)
}

// distinct returns the class names of a target, and whether all are integers.
func (t *Table) distinct(col int, numeric bool) (names map[string]bool, integers bool) {
	names, integers = map[string]bool{}, true
	memo := cells.NewMemo(t.columns[col], func(c *cells.Cell) *string {
		v, ok := c.Number()
		integers = integers && ok && v == math.Trunc(v)
		name := className(c, numeric)
		return &name
	})
	for row := range t.Len() {
		names[*memo.At(row)] = true
	}
	return names, integers
}
