package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/descent-ml/descent/internal/cells"
)

// FitOptions says how a table becomes features. The zero value is one-hot
// categories, standardized numbers, and a task that the target tells.
type FitOptions struct {
	Categories    string // CategoriesOneHot (default) or CategoriesEmbedding
	Task          string // TaskClassification, TaskRegression or TaskMultiLabel; "": found out
	NoStandardize bool   // leave numbers, and the target of a regression, in their units
	Infer         string // InferBasic (default) or InferFull
	Scaling       string // of numbers: ScalingStandard (default) or ScalingRobust
	Bins          int    // of equal counts, whose edges are kept for each number; 0: none
	Rare          int    // a category in fewer training rows than this is like one never seen; 0: 1
	// Hash gives embedded categories a row by a hash of their text, of so many for
	// a column, or for those named "" for all others; a category that was never
	// seen has one too. Such a column needs no vocabulary, and Rare means nothing.
	Hash map[string]int

	Transform string // of the target of a regression: "" none, TransformLog, or TransformAuto

	// Text makes the texts of one column the features, as tokens; nil: no.
	Text *TextOptions
}

// What is found out of columns that are not declared.
const (
	InferBasic = "basic" // numbers and categories
	InferFull  = "full"  // also booleans, dates and text; columns without information are dropped; missing numbers are told apart
)

// How numbers are scaled.
const (
	ScalingStandard = "standard" // by mean and standard deviation
	ScalingRobust   = "robust"   // by median and quartiles, and smoothly clipped at ±3
)

// TransformAuto takes the logarithm of a target that is skewed to the right.
const TransformAuto = "auto"

// Limits of what is taken for granted.
const (
	maxOneHot  = 1000 // categories of a one-hot column
	maxBinned  = 500  // columns of a table whose numbers get bins
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
// Several targets are a regression if all are numbers of more than two values,
// and multi-label if each has two.
func (t *Table) Fit(rows []int, o FitOptions) (*Schema, error) {
	if o.Categories == "" {
		o.Categories = CategoriesOneHot
	}
	if len(t.names) > maxBinned {
		o.Bins = 0
	}
	s := &Schema{Version: SchemaVersion, Categories: o.Categories, Missing: t.options.Missing, Rows: len(rows)}
	if len(t.targets) == 0 {
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
	if err := t.fitFeatures(s, rows, o); err != nil {
		return nil, err
	}
	if err := t.fitTargets(s, rows, o); err != nil {
		return nil, err
	}
	if o.Infer == InferFull {
		t.warn(s, rows)
	}
	if t.ragged > 0 {
		s.Hints = append(s.Hints, fmt.Sprintf("%d rows of another length than the first were mended or left out (data.ragged: %s)", t.ragged, t.options.Ragged))
	}
	return s, s.Validate()
}

// fitFeatures learns the columns that are read, or the text.
func (t *Table) fitFeatures(s *Schema, rows []int, o FitOptions) error {
	if o.Text != nil {
		return t.fitText(s, rows, *o.Text)
	}
	if err := t.fitColumns(s, rows, o); err != nil {
		return err
	}
	if len(s.Columns) == 0 && len(s.Dropped) > 0 {
		return fmt.Errorf("dataset: %s: no column is left to learn from: %q is not used: %s", t.file, s.Dropped[0].Name, s.Dropped[0].Reason)
	}
	if len(s.Columns) == 0 {
		return fmt.Errorf("dataset: %s: no columns but the target", t.file)
	}
	return nil
}

func (t *Table) fitColumns(s *Schema, rows []int, o FitOptions) error {
	for col := range t.names {
		if t.skip[col] || slices.Contains(t.targets, col) || col == t.weight {
			continue
		}
		kind, err := t.kindOf(col)
		if err != nil {
			return err
		}
		if kind == KindCategorical && o.Infer == InferFull && t.kinds[col] == "" {
			kind = t.inferKind(col)
		}
		if o.Infer == InferFull && t.kinds[col] == "" {
			if reason := t.useless(col, kind, rows); reason != "" {
				s.Dropped = append(s.Dropped, DroppedColumn{t.names[col], reason})
				continue
			}
		}
		c := ColumnSchema{Name: t.names[col], Kind: kind, Std: 1}
		if err := t.fitColumn(&c, col, rows, o); err != nil {
			return err
		}
		s.Columns = append(s.Columns, c)
	}
	return o.checkHash(t.file, s.Columns)
}

// kindOf says whether a column is numbers or not, unless it is declared. Where
// at least 9 of 10 cells are numbers the others are mistakes, and errors.
func (t *Table) kindOf(col int) (string, error) {
	if k := t.kinds[col]; k != "" && k != KindNumeric && k != KindSkip {
		return k, nil
	}
	numbers, known, bad := 0, 0, -1
	memo := t.numbers(col)
	for row := range t.Len() {
		switch n := memo.At(row); {
		case n.missing:
			continue
		case n.ok:
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

func (t *Table) fitColumn(c *ColumnSchema, col int, rows []int, o FitOptions) error {
	switch c.Kind {
	case KindCategorical:
		return t.fitCategories(c, col, rows, o)
	case KindBoolean:
		return t.fitBoolean(c, col, rows, o)
	case KindText:
		c.Buckets = textBuckets
		return nil
	case KindDate:
		return t.fitDate(c, col, rows, o)
	}
	return t.fitNumbers(c, rows, o, t.eachNumber(col))
}

// fitNumbers learns the scale of numbers, which each calls f with, returning
// how many are missing.
func (t *Table) fitNumbers(c *ColumnSchema, rows []int, o FitOptions, each func(rows []int, f func(float64)) (missing int)) error {
	var m moments
	c.Missing = each(rows, m.add)
	c.Fill = m.mean()
	c.Indicator = c.Missing > 0 && o.Infer == InferFull
	switch {
	case o.NoStandardize:
	case o.Scaling == ScalingRobust:
		c.fitRobust(values(rows, each))
	default:
		c.Mean = c.Fill
		each(rows, m.deviate)
		c.Std = m.std()
	}
	if bad := c.Mean + c.Std + c.Fill; bad-bad != 0 {
		return fmt.Errorf("dataset: %s: column %q: numbers are too large to average", t.file, c.Name)
	}
	if o.Bins > 0 && c.Std != 0 {
		c.Edges = binEdges(values(rows, each), o.Bins, c.scaled)
	}
	return nil
}

func values(rows []int, each func([]int, func(float64)) int) []float64 {
	list := make([]float64, 0, len(rows))
	each(rows, func(v float64) { list = append(list, v) })
	slices.Sort(list)
	return list
}

// eachNumber returns a function that calls f with the numbers of a column in
// the order of rows, and returns how many are missing.
func (t *Table) eachNumber(col int) func(rows []int, f func(float64)) (missing int) {
	return each(t.numbers(col))
}

// each is eachNumber for numbers of any kind, such as the days of dates.
func each(memo *cells.Memo[number]) func(rows []int, f func(float64)) (missing int) {
	return func(rows []int, f func(float64)) (missing int) {
		for _, row := range rows {
			if n := memo.At(row); n.ok {
				f(n.v)
			} else {
				missing++
			}
		}
		return missing
	}
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
	if c.Buckets = o.buckets(c.Name); c.Buckets > 0 {
		c.Missing = t.categoryCounts(col, rows)[""]
		return nil
	}
	counts := map[string]int{}
	for name, n := range t.categoryCounts(col, rows) {
		if name == "" {
			c.Missing = n
		}
		if n >= max(o.Rare, 1) {
			counts[name] = n
		} else {
			c.Rare++
		}
	}
	c.Vocabulary = sortNames(maps.Keys(counts))
	if o.Categories == CategoriesOneHot && len(c.Vocabulary) > maxOneHot {
		return fmt.Errorf("dataset: %s: column %q has %d categories (want at most %d one-hot): embed the categories or skip the column",
			t.file, c.Name, len(c.Vocabulary), maxOneHot)
	}
	return nil
}

// categoryCounts counts the texts of a column in some rows; "" is the missing.
func (t *Table) categoryCounts(col int, rows []int) map[string]int {
	names := map[string]int{}
	var counts []int
	memo := cells.NewMemo(t.columns[col], func(cell *cells.Cell) int {
		text := cell.Text()
		if t.missing.has(text) {
			text = nil
		}
		i, ok := names[string(text)]
		if !ok {
			i = len(counts)
			names[string(text)] = i
			counts = append(counts, 0)
		}
		return i
	})
	for _, row := range rows {
		counts[memo.At(row)]++
	}
	out := make(map[string]int, len(names))
	for name, i := range names {
		if counts[i] > 0 {
			out[name] = counts[i]
		}
	}
	return out
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
