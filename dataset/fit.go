package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// FitOptions says how a table becomes features. The zero value is one-hot
// categories, standardized numbers, and a task that the target tells.
type FitOptions struct {
	Categories    string // CategoriesOneHot (default) or CategoriesEmbedding
	Task          string // TaskClassification or TaskRegression; "": found out
	NoStandardize bool   // leave numbers, and the target of a regression, in their units
}

// Limits of what is taken for granted.
const (
	maxOneHot  = 1000 // categories of a one-hot column
	maxClasses = 20   // distinct integers that are classes without being told
	classShare = 0.05 // of the rows, which such integers may be at most
	badOf      = 10   // one cell in so many, at most, is a mistake among numbers
)

// Fit learns a schema from the given rows: the training rows. Only what a
// column is, and the names of the classes, come from the whole table. It
// refuses a table without a target and a cell that does not fit its column.
//
// The task is classification if the target is text or has two values, or few
// (at most 20, at most 5 % of the rows) that are all integers; else regression.
func (t *Table) Fit(rows []int, o FitOptions) (*Schema, error) {
	if o.Categories == "" {
		o.Categories = CategoriesOneHot
	}
	s := &Schema{Version: SchemaVersion, Categories: o.Categories, Missing: t.options.Missing, Rows: len(rows)}
	if t.target < 0 {
		return nil, fmt.Errorf("dataset: %s: no target is named (%s)", t.file, suggest("", t.names))
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("dataset: %s: no training rows", t.file)
	}
	for _, r := range rows {
		if uint(r) >= uint(t.Len()) {
			return nil, fmt.Errorf("dataset: %s: training row %d (want 0 to %d)", t.file, r, t.Len()-1)
		}
	}
	if t.weight >= 0 {
		s.Weight = t.names[t.weight]
	}
	for col := range t.names {
		if t.skip[col] || col == t.target || col == t.weight {
			continue
		}
		c, err := t.fitColumn(col, rows, o)
		if err != nil {
			return nil, err
		}
		s.Columns = append(s.Columns, c)
	}
	if len(s.Columns) == 0 {
		return nil, fmt.Errorf("dataset: %s: no columns but the target", t.file)
	}
	var err error
	if s.Target, err = t.fitTarget(rows, o); err != nil {
		return nil, err
	}
	return s, s.Validate()
}

// kindOf says what a column is. Where at least 9 of 10 cells are numbers the
// others are mistakes, and errors.
func (t *Table) kindOf(col int) (string, error) {
	if t.kinds[col] == KindCategorical {
		return KindCategorical, nil
	}
	numbers, known, bad := 0, 0, -1
	for row := range t.Len() {
		cell := t.cells.at(row, col)
		_, number, missing := t.missing.number(cell)
		switch {
		case missing:
			continue
		case number:
			numbers++
		case bad < 0:
			bad = row
		}
		known++
	}
	switch {
	case bad < 0:
		return KindNumeric, nil
	case t.kinds[col] == KindNumeric:
		return "", t.errorAt(bad, col, "cell %q is not a finite number, and the column is declared numeric", t.Cell(bad, col))
	case badOf*(known-numbers) <= known:
		return "", t.errorAt(bad, col, "cell %q is not a finite number, as %d of %d cells are: correct it, list it as missing, or declare the column categorical",
			t.Cell(bad, col), numbers, known)
	}
	return KindCategorical, nil
}

func (t *Table) fitColumn(col int, rows []int, o FitOptions) (ColumnSchema, error) {
	c := ColumnSchema{Name: t.names[col], Std: 1}
	var err error
	if c.Kind, err = t.kindOf(col); err != nil {
		return c, err
	}
	if c.Kind == KindCategorical {
		return c, t.fitCategories(&c, col, rows, o)
	}
	var m moments
	c.Missing = t.eachNumber(col, rows, m.add)
	c.Fill = m.mean()
	if !o.NoStandardize {
		c.Mean = c.Fill
		t.eachNumber(col, rows, m.deviate)
		c.Std = m.std()
	}
	if bad := c.Mean + c.Std + c.Fill; bad-bad != 0 {
		return c, fmt.Errorf("dataset: %s: column %q: numbers are too large to average", t.file, c.Name)
	}
	return c, nil
}

// eachNumber calls f with the numbers of a column in the order of rows, and
// returns how many are missing.
func (t *Table) eachNumber(col int, rows []int, f func(float64)) (missing int) {
	for _, row := range rows {
		if v, ok, _ := t.missing.number(t.cells.at(row, col)); ok {
			f(v)
		} else {
			missing++
		}
	}
	return missing
}

// moments is the mean and the standard deviation of a population, in two
// passes: add all, then deviate all.
type moments struct {
	n        float64
	sum, dev float64
	lo, hi   float64
}

func (m *moments) add(v float64) {
	if m.n == 0 {
		m.lo, m.hi = v, v
	}
	m.n++
	m.sum += v
	m.lo, m.hi = min(m.lo, v), max(m.hi, v)
}

// mean of no numbers is 0, and of equal numbers is that number exactly.
func (m *moments) mean() float64 {
	if m.n == 0 || m.lo == m.hi {
		return m.lo
	}
	return m.sum / m.n
}

func (m *moments) deviate(v float64) {
	d := v - m.mean()
	m.dev += float64(d * d)
}

func (m *moments) std() float64 {
	if m.n == 0 {
		return 0
	}
	return math.Sqrt(m.dev / m.n)
}

func (t *Table) fitCategories(c *ColumnSchema, col int, rows []int, o FitOptions) error {
	seen := map[string]bool{}
	for _, row := range rows {
		cell := t.cells.at(row, col)
		if t.missing.has(cell) {
			c.Missing++
			cell = nil
		}
		if !seen[string(cell)] {
			seen[string(cell)] = true
		}
	}
	c.Vocabulary = sortNames(maps.Keys(seen))
	if o.Categories == CategoriesOneHot && len(c.Vocabulary) > maxOneHot {
		return fmt.Errorf("dataset: %s: column %q has %d categories (want at most %d one-hot): embed the categories or skip the column",
			t.file, c.Name, len(c.Vocabulary), maxOneHot)
	}
	return nil
}

// sortNames sorts numbers by value if all are (the empty string first), and
// else names by their bytes.
func sortNames(seq func(yield func(string) bool)) []string {
	names := slices.Sorted(seq)
	values := make(map[string]float64, len(names))
	for _, n := range names {
		v, ok := parseNumber([]byte(n))
		if !ok && n != "" {
			return names
		}
		values[n] = v
		if n == "" {
			values[n] = math.Inf(-1)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(values[a], values[b]) })
	return names
}

// className is the name of the class that a cell spells.
func className(cell []byte, numeric bool) string {
	if v, ok := parseNumber(cell); ok && numeric {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return string(cell)
}

func (t *Table) fitTarget(rows []int, o FitOptions) (TargetSchema, error) {
	s := TargetSchema{Name: t.names[t.target], Task: o.Task, Std: 1}
	kind, err := t.kindOf(t.target)
	if err != nil {
		return s, err
	}
	for row := range t.Len() {
		if t.missing.has(t.cells.at(row, t.target)) {
			return s, t.errorAt(row, t.target, "the target is missing (got %q): drop the row", t.Cell(row, t.target))
		}
	}
	numeric := kind == KindNumeric
	distinct, integers := t.distinct(numeric)
	if s.Task == "" {
		s.Task = TaskRegression
		few := len(distinct) <= maxClasses && float64(len(distinct)) <= classShare*float64(t.Len())
		if !numeric || integers && (few || len(distinct) <= 2) {
			s.Task = TaskClassification
		}
	}
	if s.Task == TaskRegression {
		return s, t.fitValues(&s, numeric, rows, o)
	}
	s.Numeric, s.Classes = numeric, sortNames(maps.Keys(distinct))
	if len(s.Classes) < 2 {
		return s, fmt.Errorf("dataset: %s: column %q: every row has class %q (want at least 2 classes)", t.file, s.Name, s.Classes[0])
	}
	return s, nil
}

// fitValues learns the scale of the target of a regression.
func (t *Table) fitValues(s *TargetSchema, numeric bool, rows []int, o FitOptions) error {
	if !numeric {
		return t.errorAt(0, t.target, "a regression wants numbers, the column has names (got %q)", t.Cell(0, t.target))
	}
	if o.NoStandardize {
		return nil
	}
	var m moments
	t.eachNumber(t.target, rows, m.add)
	t.eachNumber(t.target, rows, m.deviate)
	if s.Mean, s.Std = m.mean(), m.std(); s.Std == 0 {
		s.Std = 1
	}
	if bad := s.Mean + s.Std; bad-bad != 0 {
		return fmt.Errorf("dataset: %s: column %q: numbers are too large to average", t.file, s.Name)
	}
	return nil
}

// distinct returns the class names of the target, and whether all are integers.
func (t *Table) distinct(numeric bool) (names map[string]bool, integers bool) {
	names, integers = map[string]bool{}, true
	for row := range t.Len() {
		cell := t.cells.at(row, t.target)
		v, ok := parseNumber(cell)
		integers = integers && ok && v == math.Trunc(v)
		names[className(cell, numeric)] = true
	}
	return names, integers
}
