package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/descent-ml/descent/internal/cells"
)

// sniffBytes of a table are looked at to find its separator.
const sniffBytes = 64 << 10

// ParseTable is ReadTable for a stream of plain text; file is its name in errors.
func ParseTable(r io.Reader, file string, o TableOptions) (*Table, error) {
	t := newTable(file, o)
	return t, t.parse(r)
}

func newTable(file string, o TableOptions) *Table {
	if o.Missing == nil {
		o.Missing = DefaultMissing
	}
	return &Table{file: file, options: o, missing: newMissingCells(o.Missing), store: &cells.Store{}, weight: -1}
}

// parse reads separated text.
func (t *Table) parse(r io.Reader) error {
	b, err := decodeText(t.file, r, t.options.Encoding)
	if err != nil {
		return err
	}
	o := t.options
	if err := skipLines(b, o.SkipLines); err != nil {
		return fmt.Errorf("dataset: %s: %w", t.file, err)
	}
	if o.Format == FormatLabeled {
		if t.options.Header = "no"; o.Names == nil {
			t.options.Names = []string{"label", "text"}
		}
		return t.readRows(cells.NewLabeled(b, o.SkipLines))
	}
	sep, err := o.separator(b)
	if err != nil {
		return err
	}
	csv := cells.NewCSV(b, sep, o.SkipLines)
	csv.Lenient, csv.Comma = sep == '\t', o.Comma
	switch o.Quotes {
	case QuotesCSV, "":
	case QuotesNone:
		csv.Plain = true
	case QuotesBackslash:
		csv.Backslash = true
	default:
		return fmt.Errorf("dataset: quotes %q (want %q, %q or %q)", o.Quotes, QuotesCSV, QuotesNone, QuotesBackslash)
	}
	return t.readRows(csv)
}

func skipLines(b *bufio.Reader, n int) error {
	for i := range n {
		for {
			_, err := b.ReadSlice('\n')
			if err == nil {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return fmt.Errorf("%d lines (want more than the %d to skip): %w", i, n, err)
			}
		}
	}
	return nil
}

func (o TableOptions) separator(b *bufio.Reader) (byte, error) {
	if o.Separator >= utf8.RuneSelf || o.Separator == '"' || o.Separator == '\n' {
		return 0, fmt.Errorf("dataset: separator %q (want an ASCII character that is no quote)", o.Separator)
	}
	if o.Separator != 0 {
		return byte(o.Separator), nil
	}
	switch o.Format {
	case FormatTSV:
		return '\t', nil
	case FormatCSV, "":
		head, err := b.Peek(sniffBytes)
		if o.Comma {
			return sniffSeparator(head, err == nil, ";\t|"), nil
		}
		return sniffSeparator(head, err == nil, ",;\t|"), nil
	}
	return 0, fmt.Errorf("dataset: format %q (want %q or %q)", o.Format, FormatCSV, FormatTSV)
}

// sniffSeparator returns the one of the separators that stands equally often,
// and most often, in every line of the head of a table; where none does, the
// one that stands in every line, if one does; else the first. cut says that the
// head ends inside a line.
func sniffSeparator(head []byte, cut bool, separators string) byte {
	lines := bytes.Split(head, []byte("\n"))
	if cut && len(lines) > 1 {
		lines = lines[:len(lines)-1]
	}
	lines = slices.DeleteFunc(lines, func(l []byte) bool { return len(bytes.TrimSpace(l)) == 0 })
	best, most := separators[0], 0
	for i := range len(separators) {
		if n, same := regular(lines, separators[i]); same && n > most {
			best, most = separators[i], n
		}
	}
	if most > 0 {
		return best
	}
	for i := range len(separators) {
		if n, _ := regular(lines, separators[i]); n > most {
			best, most = separators[i], n
		}
	}
	if n, same := regular(lines, ' '); same && n > 0 && most == 0 {
		return ' '
	}
	return best
}

// regular returns how often sep stands in each line at least, outside quotes,
// and whether that is the same in all. Runs of spaces count once.
func regular(lines [][]byte, sep byte) (least int, same bool) {
	for i, line := range lines {
		n, quoted, before := 0, false, byte(sep)
		for _, c := range bytes.TrimRight(line, " \r") {
			if c == '"' {
				quoted = !quoted
			} else if c == sep && !quoted && (sep != ' ' || before != ' ') {
				n++
			}
			before = c
		}
		if i == 0 {
			least, same = n, true
			continue
		}
		same = same && n == least
		least = min(least, n)
	}
	return least, same
}

// rowSource is rows of text: see cells.CSV.
type rowSource interface {
	Next() (record [][]byte, line int, err error)
}

// headerRows below the first are looked at to tell a header.
const headerRows = 100

// readRows names the columns by the first rows and fills the store with all.
func (t *Table) readRows(src rowSource) error {
	var head [][][]byte
	var lines []int
	for len(head) <= headerRows {
		record, line, err := src.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return t.textError(err)
		}
		if record, err = t.fit(record, line, head); err != nil {
			return err
		}
		if record != nil {
			head, lines = append(head, cloneRecord(record)), append(lines, line)
		}
	}
	if len(head) == 0 {
		return fmt.Errorf("dataset: %s: no rows", t.file)
	}
	header, err := t.name(head)
	if err != nil {
		return err
	}
	if header {
		head, lines = head[1:], lines[1:]
	}
	for i, record := range head {
		t.store.AddRow(lines[i], record)
	}
	for {
		if t.piece != nil && t.Len() >= pieceRows {
			if err := t.flush(); err != nil {
				return err
			}
		}
		record, line, err := src.Next()
		if err == io.EOF {
			return t.complete()
		}
		if err != nil {
			return t.textError(err)
		}
		if len(record) != len(t.columns) {
			if record, err = t.mend(record, line, len(t.columns)); err != nil {
				return err
			} else if record == nil {
				continue
			}
		}
		t.store.AddRow(line, record)
	}
}

func cloneRecord(record [][]byte) [][]byte {
	out := make([][]byte, len(record))
	for i, cell := range record {
		out[i] = bytes.Clone(cell)
	}
	return out
}

// fit returns a row of the head in the width of the first.
func (t *Table) fit(record [][]byte, line int, head [][][]byte) ([][]byte, error) {
	if len(head) == 0 || len(record) == len(head[0]) {
		return record, nil
	}
	return t.mend(record, line, len(head[0]))
}

// mend returns a row of another length in that of the first, or nil if it is
// left out.
func (t *Table) mend(record [][]byte, line, width int) ([][]byte, error) {
	switch t.options.Ragged {
	case RaggedPad:
		t.ragged++
		for len(record) < width {
			record = append(record, nil)
		}
		return record[:width], nil
	case RaggedSkip:
		t.ragged++
		return nil, nil
	case RaggedError, "":
		return nil, fmt.Errorf("dataset: %s:%d: %d cells (want %d, as in the first row): correct the line, or set data.ragged to pad or skip", t.file, line, len(record), width)
	}
	return nil, fmt.Errorf("dataset: ragged %q (want %q, %q or %q)", t.options.Ragged, RaggedError, RaggedPad, RaggedSkip)
}

// textError places an error of the reader.
func (t *Table) textError(err error) error {
	var syntax *cells.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("dataset: %s:%w", t.file, err)
	}
	return fmt.Errorf("dataset: %s: %w", t.file, err)
}

// name decides on the header and makes the columns.
func (t *Table) name(head [][][]byte) (header bool, err error) {
	first := make([]string, len(head[0]))
	for i, cell := range head[0] {
		first[i] = string(cell)
	}
	switch t.options.Header {
	case "yes":
		header = true
	case "":
		header = t.looksLikeHeader(first, head[1:])
	case "no":
	default:
		return false, fmt.Errorf("dataset: header %q (want \"yes\", \"no\" or nothing)", t.options.Header)
	}
	switch {
	case t.options.Names != nil:
		t.names = t.options.Names
	case header:
		t.names = fillNames(first)
	default:
		for i := range first {
			t.names = append(t.names, fmt.Sprint("c", i))
		}
	}
	if err := t.checkNames(len(first)); err != nil {
		return false, err
	}
	for _, name := range t.names {
		t.store.Append(name)
	}
	t.columns = t.store.Columns()
	t.targets = guessTarget(t.names, header || t.options.Names != nil)
	return header, nil
}

// flush hands on the rows that were read, and forgets them.
func (t *Table) flush() error {
	part := *t
	if err := part.settle(); err != nil {
		return err
	}
	if err := t.piece(&part); err != nil {
		return err
	}
	t.flushed = true
	t.store = &cells.Store{}
	for _, name := range t.names {
		t.store.Append(name)
	}
	t.columns = t.store.Columns()
	return nil
}

// complete checks what was read and settles the options.
func (t *Table) complete() error {
	if t.Len() == 0 && t.flushed {
		return t.settle()
	}
	if t.Len() == 0 {
		return fmt.Errorf("dataset: %s: no rows behind the header", t.file)
	}
	return t.settle()
}

// fillNames names the columns that a header leaves empty, as the index of a
// data frame often is.
func fillNames(names []string) []string {
	for i, n := range names {
		if n == "" {
			names[i] = fmt.Sprint("c", i)
		}
	}
	return names
}

func (t *Table) checkNames(width int) error {
	if len(t.names) != width {
		return fmt.Errorf("dataset: %s: %d names for %d columns", t.file, len(t.names), width)
	}
	seen := make(map[string]int, width)
	for i, n := range t.names {
		if n == "" {
			return fmt.Errorf("dataset: %s: the name of column %d is empty: give names, or say that there is no header", t.file, i)
		}
		if twin, ok := seen[n]; ok {
			return fmt.Errorf("dataset: %s: columns %d and %d, from 0, are both called %q: rename one, give names, or say that there is no header", t.file, twin, i, n)
		}
		seen[n] = i
	}
	t.places = seen
	return nil
}

// looksLikeHeader reports whether the first row is names: none of its cells is
// a number, none but the first is empty, and below one of them stand numbers
// only, or none of them comes again in its column. Names that are there twice
// are still names: checkNames refuses them.
func (t *Table) looksLikeHeader(first []string, rest [][][]byte) bool {
	for i, cell := range first {
		if cell == "" && i == 0 {
			continue
		}
		c := cells.TextCell([]byte(cell))
		if _, number, missing := t.missing.number(&c); number || missing {
			return false
		}
	}
	again := false
	for col := range first {
		numbers, known := 0, 0
		for _, record := range rest {
			again = again || string(record[col]) == first[col]
			c := cells.TextCell(record[col])
			_, number, missing := t.missing.number(&c)
			if !missing {
				known++
			}
			if number {
				numbers++
			}
		}
		if known > 0 && numbers == known {
			return true
		}
	}
	return !again
}
