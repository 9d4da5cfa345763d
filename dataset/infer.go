package dataset

import (
	"bytes"
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/descent-ml/descent/internal/cells"
)

// booleans are the words for no and yes, in lower case.
var booleans = [][2]string{{"no", "yes"}, {"false", "true"}, {"n", "y"}, {"f", "t"}, {"off", "on"}}

// Shares by which the kind of a column is told.
const (
	manyDistinct = 0.9 // of the known cells: each its own
	textWords    = 3   // words in a cell, on average, that make it text
	leastRows    = 20  // for telling IDs
)

// about is what is known of the cells of a column that are no numbers.
type about struct {
	known, words int
	layouts      uint64
	distinct     int
}

// inferKind says what a column of other cells than numbers is.
func (t *Table) inferKind(col int) string {
	if t.booleanWords(col) != nil {
		return KindBoolean
	}
	a := t.about(col)
	switch {
	case a.known == 0:
		return KindCategorical
	case a.layouts != 0:
		return KindDate
	case a.words >= textWords*a.known && float64(a.distinct) > 0.5*float64(a.known):
		return KindText
	}
	return KindCategorical
}

func (t *Table) about(col int) about {
	type facts struct {
		missing bool
		words   int
		layouts uint64
	}
	among := ^uint64(0)
	memo := cells.NewMemo(t.columns[col], func(c *cells.Cell) (f facts) {
		if f.missing = t.missing.cell(c); !f.missing {
			f.words = len(bytes.Fields(c.Text()))
			f.layouts = layoutsOf(c.Text(), among)
		}
		return f
	})
	a := about{layouts: ^uint64(0)}
	for row := range t.Len() {
		f := memo.At(row)
		if f.missing {
			continue
		}
		a.known++
		a.words += f.words
		a.layouts &= f.layouts
		among = a.layouts
	}
	t.columns[col].Distinct(nil, func(text []byte) bool {
		if !t.missing.has(text) {
			a.distinct++
		}
		return true
	})
	return a
}

// booleanWords returns the words of a column that has just those of a boolean.
func (t *Table) booleanWords(col int) []string {
	var words []string
	t.columns[col].Distinct(nil, func(text []byte) bool {
		if !t.missing.has(text) {
			words = append(words, string(text))
		}
		return len(words) <= 2
	})
	if len(words) != 2 {
		return nil
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for _, pair := range booleans {
		if strings.ToLower(words[0]) == pair[0] && strings.ToLower(words[1]) == pair[1] {
			return words
		}
	}
	return nil
}

// useless says why a column that nobody declared has nothing to learn from, or
// "".
func (t *Table) useless(col int, kind string, rows []int) string {
	seen, missing, known := 0, 0, 0
	t.columns[col].Distinct(rows, func(text []byte) bool {
		if t.missing.has(text) {
			missing++
		} else {
			seen++
		}
		return seen < 2
	})
	switch {
	case seen == 0:
		return "no training row has a value"
	case seen == 1 && missing == 0:
		return fmt.Sprintf("every training row has %q", t.Cell(rows[0], col))
	}
	if kind == KindNumeric {
		return t.countsRows(col, rows)
	}
	if kind != KindCategorical || len(rows) < leastRows {
		return ""
	}
	distinct := 0
	for name, n := range t.categoryCounts(col, rows) {
		if name != "" {
			distinct++
			known += n
		}
	}
	if float64(distinct) >= manyDistinct*float64(known) && known >= leastRows {
		return fmt.Sprintf("%d different values in %d rows: an ID or a name, of which nothing carries over to new rows", distinct, known)
	}
	return ""
}

// countsRows says that a numeric column is a number given to each row: its name
// says so and no number comes twice, or it has no name and counts the rows.
func (t *Table) countsRows(col int, rows []int) string {
	name := strings.ToLower(t.names[col])
	named := name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(t.names[col], "ID") || strings.HasSuffix(t.names[col], "Id") ||
		slices.Contains([]string{"index", "instant", "row", "rownum", "row_number", "rowid", "uuid", "no", "nr"}, name)
	if !named && name != fmt.Sprint("c", col) || len(rows) < leastRows {
		return ""
	}
	seen, counts, distinct := make(map[float64]bool, len(rows)), true, true
	memo, last := t.numbers(col), 0.0
	for i, row := range rows {
		n := memo.At(row)
		if !n.ok {
			return ""
		}
		counts = counts && (i == 0 || n.v-last == float64(row-rows[i-1]))
		distinct = distinct && !seen[n.v]
		seen[n.v], last = true, n.v
	}
	if distinct && named || counts {
		return "a number given to each row, of which nothing carries over to new rows"
	}
	return ""
}

// fitBoolean finds the two words of a boolean.
func (t *Table) fitBoolean(c *ColumnSchema, col int, rows []int, o FitOptions) error {
	if c.Vocabulary = t.booleanWords(col); c.Vocabulary == nil {
		all := t.categoryCounts(col, rows)
		delete(all, "")
		names := make([]string, 0, len(all))
		for name := range all {
			names = append(names, name)
		}
		if c.Vocabulary = sortNames(slices.Values(names)); len(names) != 2 {
			return fmt.Errorf("dataset: %s: column %q is declared boolean, but has %d values: %s", t.file, c.Name, len(names), shortList(c.Vocabulary))
		}
	}
	c.Missing = t.categoryCounts(col, rows)[""]
	c.Indicator = c.Missing > 0 && o.Infer == InferFull
	return nil
}

// fitDate finds the layout of a column of dates, and the scale of its days.
func (t *Table) fitDate(c *ColumnSchema, col int, rows []int, o FitOptions) error {
	a := t.about(col)
	if a.known == 0 || a.layouts == 0 {
		return t.noDate(col)
	}
	c.setLayout(dateLayouts[bits.TrailingZeros64(a.layouts)])
	memo := cells.NewMemo(t.columns[col], func(cell *cells.Cell) number {
		days, ok := c.days(cell.Text())
		return number{v: days, ok: ok}
	})
	return t.fitNumbers(c, rows, o, each(memo))
}

// noDate names a cell that does not fit the layouts of the others.
func (t *Table) noDate(col int) error {
	among := ^uint64(0)
	for row := range t.Len() {
		text := []byte(t.Cell(row, col))
		if t.missing.has(text) {
			continue
		}
		fit := layoutsOf(text, among)
		if fit == 0 {
			return t.errorAt(row, col, "cell %q is no date written as those before it (want for example 2006-01-31, 31.1.2006 or 15:04)", text)
		}
		among &= fit
	}
	return fmt.Errorf("dataset: %s: column %q is declared a date, but has no values", t.file, t.names[col])
}
