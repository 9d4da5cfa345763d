package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The formats of a table.
const (
	FormatCSV = "csv" // separated by comma, semicolon, tab, bar or space: found out
	FormatTSV = "tsv" // separated by tabs
)

// What a column is used as.
const (
	KindNumeric     = "numeric"
	KindCategorical = "categorical"
)

// TableOptions says how a table is read. The zero value finds out.
type TableOptions struct {
	Format    string // FormatCSV or FormatTSV; "": by the name of the file
	Separator rune   // between cells; 0: by the format, or the most regular of , ; tab | and space
	Header    string // "yes": the first row has the names; "no"; "": found out
	SkipLines int    // lines before the table

	// Names replaces the names of the columns. Without it and a header they
	// are c0, c1, ...
	Names []string

	Columns map[string]string // kinds by name: KindNumeric or KindCategorical; others are found out
	Skip    []string          // names of columns that are not used
	Missing []string          // cells that mean "not known"; nil: DefaultMissing
	Target  string            // name, or number from 0, of the target; "": see Table.Target
	Weight  string            // name or number of the column of example weights; "": none
}

// DefaultMissing lists the cells that mean "not known", besides empty ones.
var DefaultMissing = []string{"NA", "N/A", "n/a", "NaN", "nan", "?", "null", "NULL"}

// targetNames are taken for the target of a table with a header that names none.
var targetNames = []string{"target", "label", "class", "y"}

// Table is a table as it was read: names, and cells as text. Rows are counted
// from 0. It does not change and is safe for concurrent use.
type Table struct {
	file    string
	names   []string
	cells   cells
	options TableOptions
	missing missingCells
	skip    []bool
	kinds   []string // as declared; "": found out
	target  int      // column, or -1
	weight  int      // column, or -1
}

// cells is text in rows of equal width: one array of bytes, the end of each
// cell in its row, and the start and the line of each row.
type cells struct {
	width int
	text  []byte
	ends  []uint32 // (rows, width), from the start of the row
	start []int    // (rows)
	line  []int32  // (rows)
}

func (c *cells) rows() int { return len(c.start) }

func (c *cells) at(row, col int) []byte {
	ends := c.ends[row*c.width:]
	lo := uint32(0)
	if col > 0 {
		lo = ends[col-1]
	}
	return c.text[c.start[row]+int(lo) : c.start[row]+int(ends[col])]
}

func (c *cells) add(line int, record []string) {
	start := len(c.text)
	c.start = append(c.start, start)
	c.line = append(c.line, int32(line))
	for _, cell := range record {
		c.text = append(c.text, strings.TrimSpace(cell)...)
		c.ends = append(c.ends, uint32(len(c.text)-start))
	}
}

// Len returns the number of rows.
func (t *Table) Len() int { return t.cells.rows() }

// Names returns the names of all columns; the caller must not change them.
func (t *Table) Names() []string { return t.names }

// Cell returns the text of a cell, without space around it.
func (t *Table) Cell(row, col int) string { return string(t.cells.at(row, col)) }

// Line returns the line of the file on which a row begins, from 1.
func (t *Table) Line(row int) int { return int(t.cells.line[row]) }

// Target returns the name of the target: the one that the options name; else,
// with a header, a column called target, label, class or y; else, without a
// header, the last column. It is "" if there is none.
func (t *Table) Target() string {
	if t.target < 0 {
		return ""
	}
	return t.names[t.target]
}

// errorAt places an error: file:line: column "name": ...
func (t *Table) errorAt(row, col int, format string, args ...any) error {
	return fmt.Errorf("dataset: %s:%d: column %q: %w", t.file, t.Line(row), t.names[col], fmt.Errorf(format, args...))
}

// column returns the place of a column given by name or number.
func (t *Table) column(name string) (int, error) {
	if i := slices.Index(t.names, name); i >= 0 {
		return i, nil
	}
	if i, err := parseIndex(name); err == nil && i < len(t.names) {
		return i, nil
	}
	return -1, fmt.Errorf("dataset: %s: no column %q (%s)", t.file, name, suggest(name, t.names))
}

func parseIndex(s string) (int, error) {
	i := 0
	for _, r := range s {
		if r < '0' || r > '9' || i > 1<<20 {
			return 0, fmt.Errorf("no number")
		}
		i = 10*i + int(r-'0')
	}
	if s == "" {
		return 0, fmt.Errorf("no number")
	}
	return i, nil
}

// suggest names what a person may have meant: the names nearest to what was
// got, or all of them if they are few or none is near.
func suggest(got string, names []string) string {
	type scored struct {
		name string
		d    int
	}
	list := make([]scored, len(names))
	for i, n := range names {
		list[i] = scored{n, editDistance(strings.ToLower(got), strings.ToLower(n))}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(a.d, b.d) })
	if len(list) > 0 && list[0].d <= len(got)/2 {
		return fmt.Sprintf("did you mean %q?", list[0].name)
	}
	const most = 8
	var quoted []string
	for _, n := range names[:min(len(names), most)] {
		quoted = append(quoted, fmt.Sprintf("%q", n))
	}
	if len(names) > most {
		quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-most))
	}
	return "got " + strings.Join(quoted, ", ")
}

// editDistance counts the letters to insert, delete or replace (Levenshtein).
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// settle resolves the names of the options to columns.
func (t *Table) settle() error {
	o := t.options
	t.skip = make([]bool, len(t.names))
	for _, name := range o.Skip {
		i, err := t.column(name)
		if err != nil {
			return fmt.Errorf("%w in skip", err)
		}
		t.skip[i] = true
	}
	t.kinds = make([]string, len(t.names))
	for name, kind := range o.Columns {
		i, err := t.column(name)
		if err != nil {
			return fmt.Errorf("%w in columns", err)
		}
		if kind != KindNumeric && kind != KindCategorical {
			return fmt.Errorf("dataset: kind %q of column %q (want %q or %q)", kind, name, KindNumeric, KindCategorical)
		}
		t.kinds[i] = kind
	}
	t.weight = -1
	if o.Weight != "" {
		i, err := t.column(o.Weight)
		if err != nil {
			return fmt.Errorf("%w, wanted for the weight", err)
		}
		t.weight = i
	}
	if o.Target == "" {
		return nil
	}
	i, err := t.column(o.Target)
	if err != nil {
		return fmt.Errorf("%w, wanted for the target", err)
	}
	t.target = i
	if t.skip[i] || t.target == t.weight {
		return fmt.Errorf("dataset: column %q is the target and also skipped or the weight", t.names[i])
	}
	return nil
}

// guessTarget returns the column that is the target where none was named.
func guessTarget(names []string, header bool) int {
	if !header {
		return len(names) - 1
	}
	for _, want := range targetNames {
		for i, n := range names {
			if strings.EqualFold(n, want) {
				return i
			}
		}
	}
	return -1
}
