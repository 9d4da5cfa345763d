package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/descent-ml/descent/internal/cells"
)

// The formats of a table. Each may be compressed by gzip,
// Zstandard or bzip2.
const (
	FormatCSV     = "csv"     // separated by comma, semicolon, tab, bar or space: found out
	FormatTSV     = "tsv"     // separated by tabs
	FormatJSONL   = "jsonl"   // a JSON object on each line, or an array of objects
	FormatParquet = "parquet" // Apache Parquet
	FormatLibSVM  = "libsvm"  // target index:value ...
	FormatLabeled = "labeled" // a label, a space and a text on each line: columns label and text
)

// What quotes are in separated text.
const (
	QuotesCSV       = "csv"       // around cells, as in RFC 4180
	QuotesNone      = "none"      // ordinary characters
	QuotesBackslash = "backslash" // ordinary characters; \t, \n, \r and \\ stand for what is in no cell
)

// The encodings of text.
const (
	EncodingUTF8   = "utf-8"
	EncodingLatin1 = "latin1" // Windows-1252
)

// What becomes of rows of another length than the first.
const (
	RaggedError = "error"
	RaggedPad   = "pad"  // short rows end in empty cells, long ones are cut
	RaggedSkip  = "skip" // they are left out
)

// What a column is used as.
const (
	KindNumeric     = "numeric"     // a number
	KindCategorical = "categorical" // one of a vocabulary
	KindBoolean     = "boolean"     // one of two words, such as yes and no
	KindDate        = "date"        // a date, a time of day or both
	KindText        = "text"        // words, by hashed n-grams
	KindSkip        = "skip"        // not used
)

// kinds are what a person may declare.
var kinds = []string{KindNumeric, KindCategorical, KindBoolean, KindDate, KindText, KindSkip}

// TableOptions says how a table is read. The zero value finds out.
type TableOptions struct {
	Format    string // FormatCSV, ...; "": by the name of the file
	Separator rune   // between cells, ASCII; 0: by the format, or the most regular of , ; tab | and space
	Header    string // "yes": the first row has the names; "no"; "": found out
	SkipLines int    // lines before the table
	Quotes    string // QuotesCSV (default; in a TSV, quotes that are none are ordinary), QuotesNone or QuotesBackslash
	Encoding  string // EncodingUTF8 (default; UTF-16 is known by its mark) or EncodingLatin1
	Comma     bool   // numbers have a decimal comma
	Ragged    string // what becomes of rows of another length: RaggedError (default), RaggedPad or RaggedSkip

	// Names replaces the names of the columns. Without it and a header they
	// are c0, c1, ...
	Names []string

	Columns map[string]string // kinds by name; others are found out
	Skip    []string          // names of columns that are not used
	Missing []string          // cells that mean "not known"; nil: DefaultMissing
	Target  string            // name, or number from 0, of the target; "": see Table.Target
	Targets []string          // several targets, instead of Target
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
	files   []filePart // of several files, the first row of each; else nil
	names   []string
	store   *cells.Store
	columns []*cells.Column // of store
	options TableOptions
	missing missingCells
	skip    []bool
	kinds   []string           // as declared; "": found out
	targets []int              // columns
	weight  int                // column, or -1
	places  map[string]int     // of the names
	piece   func(*Table) error // takes rows as they are read, or nil
	flushed bool               // rows have been handed to piece
	ragged  int                // rows of another length that were mended or left out
}

// Len returns the number of rows.
func (t *Table) Len() int { return t.store.Len() }

// Names returns the names of all columns; the caller must not change them.
func (t *Table) Names() []string { return t.names }

// Cell returns the text of a cell, without space around it.
func (t *Table) Cell(row, col int) string { return t.columns[col].Text(row) }

// Line returns the line of the file on which a row begins, from 1.
func (t *Table) Line(row int) int { return t.store.Line(row) }

// Bytes returns the memory that the cells take.
func (t *Table) Bytes() int64 { return t.store.Bytes() }

// Target returns the name of the target: the one that the options name; else,
// with a header, a column called target, label, class or y; else, without a
// header, the last column. It is "" if there is none, and the first of several.
func (t *Table) Target() string {
	if len(t.targets) == 0 {
		return ""
	}
	return t.names[t.targets[0]]
}

// filePart is where the rows of one of several files begin.
type filePart struct {
	row  int
	file string
}

// fileOf returns the file of a row.
func (t *Table) fileOf(row int) string {
	file := t.file
	for _, p := range t.files {
		if p.row <= row {
			file = p.file
		}
	}
	return file
}

// errorAt places an error: file:line: column "name": ...
func (t *Table) errorAt(row, col int, format string, args ...any) error {
	return fmt.Errorf("dataset: %s:%d: column %q: %w", t.fileOf(row), t.Line(row), t.names[col], fmt.Errorf(format, args...))
}

// place returns the place of the column of a name, or -1.
func (t *Table) place(name string) int {
	if i, ok := t.places[name]; ok {
		return i
	}
	return -1
}

// column returns the place of a column given by name or number.
func (t *Table) column(name string) (int, error) {
	if i := t.place(name); i >= 0 {
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
		if !slices.Contains(kinds, kind) {
			return fmt.Errorf("dataset: kind %q of column %q (want %s)", kind, name, strings.Join(kinds, ", "))
		}
		t.kinds[i] = kind
		t.skip[i] = t.skip[i] || kind == KindSkip
	}
	t.weight = -1
	if o.Weight != "" {
		i, err := t.column(o.Weight)
		if err != nil {
			return fmt.Errorf("%w, wanted for the weight", err)
		}
		t.weight = i
	}
	return t.settleTargets()
}

func (t *Table) settleTargets() error {
	names := t.options.Targets
	if t.options.Target != "" {
		names = append([]string{t.options.Target}, names...)
	}
	if len(names) == 0 {
		return nil
	}
	t.targets = nil
	for _, name := range names {
		i, err := t.column(name)
		if err != nil {
			return fmt.Errorf("%w, wanted for the target", err)
		}
		if t.skip[i] || i == t.weight {
			return fmt.Errorf("dataset: column %q is the target and also skipped or the weight", t.names[i])
		}
		if slices.Contains(t.targets, i) {
			return fmt.Errorf("dataset: column %q is a target twice", t.names[i])
		}
		t.targets = append(t.targets, i)
	}
	return nil
}

// guessTarget returns the column that is the target where none was named.
func guessTarget(names []string, header bool) []int {
	if !header {
		return []int{len(names) - 1}
	}
	for _, want := range targetNames {
		for i, n := range names {
			if strings.EqualFold(n, want) {
				return []int{i}
			}
		}
	}
	return nil
}
