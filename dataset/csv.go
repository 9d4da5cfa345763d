package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// ReadTable reads a CSV or TSV file, plain or gzip. Cells may be quoted as in
// RFC 4180; a byte order mark, CRLF, blank lines and space around cells are
// dropped. Rows of another length than the first are errors, and so is a table
// without rows. Errors name the file and the line.
func ReadTable(path string, o TableOptions) (*Table, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if o.Format == "" {
		o.Format = tableFormat(path)
	}
	return ParseTable(f, path, o)
}

func tableFormat(path string) string {
	switch filepath.Ext(strings.TrimSuffix(strings.ToLower(path), ".gz")) {
	case ".tsv", ".tab":
		return FormatTSV
	}
	return FormatCSV
}

// sniffBytes of a table are looked at to find its separator.
const sniffBytes = 16 << 10

// ParseTable is ReadTable for a stream of plain text; file is its name in errors.
func ParseTable(r io.Reader, file string, o TableOptions) (*Table, error) {
	if o.Missing == nil {
		o.Missing = DefaultMissing
	}
	t := &Table{file: file, options: o, missing: newMissingCells(o.Missing)}
	b := bufio.NewReaderSize(r, 4*sniffBytes)
	if head, _ := b.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
		b.Discard(3)
	}
	if err := skipLines(b, o.SkipLines); err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", file, err)
	}
	sep, err := o.separator(b)
	if err != nil {
		return nil, err
	}
	first, err := t.readRows(b, sep)
	if err != nil {
		return nil, err
	}
	return t, t.name(first)
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

func (o TableOptions) separator(b *bufio.Reader) (rune, error) {
	if o.Separator != 0 {
		return o.Separator, nil
	}
	switch o.Format {
	case FormatTSV:
		return '\t', nil
	case FormatCSV, "":
		head, err := b.Peek(sniffBytes)
		return sniffSeparator(head, err == nil), nil
	}
	return 0, fmt.Errorf("dataset: format %q (want %q or %q)", o.Format, FormatCSV, FormatTSV)
}

// sniffSeparator returns the separator that stands equally often, and most
// often, in every line of the head of a table; the comma if none does. cut
// says that the head ends inside a line.
func sniffSeparator(head []byte, cut bool) rune {
	lines := slices.DeleteFunc(bytes.Split(head, []byte("\n")), func(l []byte) bool { return len(bytes.TrimSpace(l)) == 0 })
	if cut && len(lines) > 1 {
		lines = lines[:len(lines)-1]
	}
	best, most := ',', 0
	for _, sep := range ",;\t|" {
		if n := regular(lines, byte(sep)); n > most {
			best, most = sep, n
		}
	}
	if most == 0 && regular(lines, ' ') > 0 {
		return ' '
	}
	return best
}

// regular returns how often sep stands in each line, outside quotes, or 0 if
// that differs.
func regular(lines [][]byte, sep byte) int {
	count := 0
	for i, line := range lines {
		n, quoted := 0, false
		for _, c := range line {
			if c == '"' {
				quoted = !quoted
			} else if c == sep && !quoted {
				n++
			}
		}
		if i > 0 && n != count {
			return 0
		}
		count = n
	}
	return count
}

// readRows fills the cells with all rows but a first one, which it returns: it
// may be the header.
func (t *Table) readRows(b *bufio.Reader, sep rune) (first []string, err error) {
	r := csv.NewReader(b)
	r.Comma = sep
	r.ReuseRecord = true
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = sep != '\t' && sep != ' '
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, t.csvError(err)
		}
		line, _ := r.FieldPos(0)
		line += t.options.SkipLines
		if len(record) == 1 && strings.TrimSpace(record[0]) == "" {
			continue
		}
		if t.cells.width == 0 {
			t.cells.width = len(record)
		}
		if len(record) != t.cells.width {
			return nil, fmt.Errorf("dataset: %s:%d: %d cells (want %d, as in the first row)", t.file, line, len(record), t.cells.width)
		}
		t.cells.add(line, record)
	}
	if t.Len() == 0 {
		return nil, fmt.Errorf("dataset: %s: no rows", t.file)
	}
	for col := range t.cells.width {
		first = append(first, t.Cell(0, col))
	}
	return first, nil
}

// csvError places an error of the parser.
func (t *Table) csvError(err error) error {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		return fmt.Errorf("dataset: %s: %w", t.file, err)
	}
	skip := t.options.SkipLines
	if p.StartLine != p.Line {
		return fmt.Errorf("dataset: %s:%d: %w in the row that begins on line %d", t.file, p.Line+skip, p.Err, p.StartLine+skip)
	}
	return fmt.Errorf("dataset: %s:%d: column %d of the line: %w", t.file, p.Line+skip, p.Column, p.Err)
}

// name decides on the header, names the columns and settles the options.
func (t *Table) name(first []string) error {
	header := false
	switch t.options.Header {
	case "yes":
		header = true
	case "":
		header = t.looksLikeHeader(first)
	case "no":
	default:
		return fmt.Errorf("dataset: header %q (want \"yes\", \"no\" or nothing)", t.options.Header)
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
	if header {
		t.dropFirst()
	}
	if err := t.checkNames(len(first)); err != nil {
		return err
	}
	t.target = guessTarget(t.names, header || t.options.Names != nil)
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

func (t *Table) dropFirst() {
	t.cells.start, t.cells.line, t.cells.ends = t.cells.start[1:], t.cells.line[1:], t.cells.ends[t.cells.width:]
}

func (t *Table) checkNames(width int) error {
	if t.Len() == 0 {
		return fmt.Errorf("dataset: %s: no rows behind the header", t.file)
	}
	if len(t.names) != width {
		return fmt.Errorf("dataset: %s: %d names for %d columns", t.file, len(t.names), width)
	}
	for i, n := range t.names {
		if n == "" {
			return fmt.Errorf("dataset: %s: the name of column %d is empty: give names, or say that there is no header", t.file, i)
		}
		if twin := slices.Index(t.names[:i], n); twin >= 0 {
			return fmt.Errorf("dataset: %s: columns %d and %d, from 0, are both called %q: rename one, give names, or say that there is no header", t.file, twin, i, n)
		}
	}
	return nil
}

// headerRows below the first are looked at to tell a header.
const headerRows = 100

// looksLikeHeader reports whether the first row is names: none of its cells is
// a number, none but the first is empty, and below one of them stand numbers
// only, or none of them comes again in its column. Names that are there twice
// are still names: checkNames refuses them.
func (t *Table) looksLikeHeader(first []string) bool {
	for i, cell := range first {
		if cell == "" && i == 0 {
			continue
		}
		if _, number, missing := t.missing.number([]byte(cell)); number || missing {
			return false
		}
	}
	again := false
	for col := range first {
		numbers, known := 0, 0
		for row := 1; row < min(t.Len(), headerRows+1); row++ {
			cell := t.cells.at(row, col)
			again = again || string(cell) == first[col]
			_, number, missing := t.missing.number(cell)
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
