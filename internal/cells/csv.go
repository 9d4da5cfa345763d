package cells

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// MaxRow is the most bytes that a row of text may have.
const MaxRow = 64 << 20

// CSV reads rows of separated cells. Cells may be quoted as in RFC 4180: a
// quote inside is doubled, lines may end inside. Space around cells is dropped,
// and so are blank lines. A quote in the middle of a cell is an ordinary
// character. If the separator is a space, runs of it are one.
type CSV struct {
	// Lenient takes a quote at the beginning of a cell for an ordinary
	// character if it is not closed in its line, as tables separated by tabs
	// have it.
	Lenient bool

	// Plain takes every quote for an ordinary character.
	Plain bool

	// Backslash says that quotes are ordinary characters, and \t, \n, \r and
	// \\ in a cell stand for a tab, the ends of lines and a backslash, as in
	// PostgreSQL's COPY. A backslash before anything else is itself.
	Backslash bool

	// Comma says that numbers have a decimal comma, and may have points
	// between thousands.
	Comma bool

	r        io.Reader
	sep      byte
	buf      []byte
	from, to int // what is read and not used
	err      error
	line     int // lines read
	record   [][]byte
	scratch  []byte
	ends     []int
}

// NewCSV returns a reader of the rows in r, which holds plain text in UTF-8.
// lines is how many lines of the file are before it.
func NewCSV(r io.Reader, sep byte, lines int) *CSV {
	return &CSV{r: r, sep: sep, buf: make([]byte, 1<<20), line: lines}
}

// SyntaxError is what is wrong in a line.
type SyntaxError struct {
	Line, Column int // from 1, of the file and of bytes; Column 0: the row
	Text         string
}

func (e *SyntaxError) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%d: %s", e.Line, e.Text)
	}
	return fmt.Sprintf("%d: column %d of the line: %s", e.Line, e.Column, e.Text)
}

// Next returns the cells of the next row, valid until the next call, and the
// line on which it begins. At the end the error is io.EOF.
func (s *CSV) Next() (record [][]byte, line int, err error) {
	for {
		text, err := s.readLine()
		if err != nil {
			return nil, 0, err
		}
		if len(bytes.TrimSpace(text)) == 0 && s.sep != '\t' || len(text) == 0 {
			continue
		}
		line = s.line
		if s.Plain || s.Backslash || bytes.IndexByte(text, '"') < 0 {
			s.split(text)
		} else if err := s.splitQuoted(text); err != nil {
			return nil, 0, err
		}
		if len(s.record) == 1 && len(s.record[0]) == 0 {
			continue
		}
		if s.Backslash && bytes.IndexByte(text, '\\') >= 0 {
			for i, cell := range s.record {
				s.record[i] = unescape(cell)
			}
		}
		if s.Comma {
			for i, cell := range s.record {
				s.record[i] = pointed(cell)
			}
		}
		return s.record, line, nil
	}
}

// readLine returns the next line without its end, valid until the next call.
func (s *CSV) readLine() ([]byte, error) {
	searched := 0
	for {
		if i := bytes.IndexByte(s.buf[s.from+searched:s.to], '\n'); i >= 0 {
			text := s.buf[s.from : s.from+searched+i]
			s.from += searched + i + 1
			return s.checked(text)
		}
		searched = s.to - s.from
		if s.err != nil {
			if s.err != io.EOF || searched == 0 {
				return nil, s.err
			}
			text := s.buf[s.from:s.to]
			s.from = s.to
			return s.checked(text)
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads more behind what is there.
func (s *CSV) fill() error {
	if s.from > 0 {
		s.to = copy(s.buf, s.buf[s.from:s.to])
		s.from = 0
	}
	if s.to == len(s.buf) {
		if len(s.buf) >= MaxRow {
			return &SyntaxError{Line: s.line + 1, Text: fmt.Sprintf("the line has more than %d MiB: is this a table?", MaxRow>>20)}
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	n, err := s.r.Read(s.buf[s.to:])
	s.to += n
	s.err = err
	return nil
}

// checked counts a line, drops its carriage return and refuses what is no text.
func (s *CSV) checked(text []byte) ([]byte, error) {
	s.line++
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	if utf8.Valid(text) {
		return text, nil
	}
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return nil, &SyntaxError{s.line, at + 1, fmt.Sprintf("byte 0x%02x is not UTF-8 (if the text is in Latin-1 or Windows-1252, say so by data.encoding: latin1)", text[at])}
}

// split cuts a line without quotes into cells.
func (s *CSV) split(text []byte) {
	s.record = s.record[:0]
	if s.sep == ' ' {
		s.record = append(s.record, bytes.Fields(text)...)
		return
	}
	for start := 0; ; {
		i := bytes.IndexByte(text[start:], s.sep)
		if i < 0 {
			s.record = append(s.record, trim(text[start:]))
			return
		}
		s.record = append(s.record, trim(text[start:start+i]))
		start += i + 1
	}
}

// trim drops the space around a cell.
func trim(cell []byte) []byte {
	for len(cell) > 0 && (cell[0] == ' ' || cell[0] == '\t') {
		cell = cell[1:]
	}
	for n := len(cell); n > 0 && (cell[n-1] == ' ' || cell[n-1] == '\t' || cell[n-1] == '\r'); n-- {
		cell = cell[:n-1]
	}
	return cell
}

// splitQuoted cuts a line with quotes, and those that follow if a quote is
// still open at its end.
func (s *CSV) splitQuoted(text []byte) error {
	s.scratch, s.ends = s.scratch[:0], s.ends[:0]
	for at, start := 0, s.line; ; {
		for at < len(text) && (text[at] == ' ' || text[at] == '\t') && text[at] != s.sep {
			at++
		}
		if at < len(text) && text[at] == '"' {
			rest, next, err := s.quoted(text, at+1, start)
			if err == nil {
				if next < 0 {
					break
				}
				text, at = rest, next
				continue
			}
			if !errors.Is(err, errOpen) {
				return err
			}
		}
		i := bytes.IndexByte(text[at:], s.sep)
		if s.sep == ' ' && i < 0 && at == len(text) && len(s.ends) > 0 {
			break
		}
		if i < 0 {
			s.cell(trim(text[at:]))
			break
		}
		s.cell(trim(text[at : at+i]))
		at += i + 1
	}
	s.record = s.record[:0]
	from := 0
	for _, end := range s.ends {
		s.record = append(s.record, s.scratch[from:end:end])
		from = end
	}
	return nil
}

func (s *CSV) cell(text []byte) {
	s.scratch = append(s.scratch, text...)
	s.ends = append(s.ends, len(s.scratch))
}

// errOpen says that a quote is to be taken for an ordinary character.
var errOpen = errors.New("quote")

// quoted reads a cell whose quote stands before at. It returns the line in
// which it ends and where the next cell begins, or -1 at the end of the row.
func (s *CSV) quoted(text []byte, at, start int) ([]byte, int, error) {
	begin := len(s.scratch)
	giveUp := func(column int, format string, args ...any) ([]byte, int, error) {
		s.scratch = s.scratch[:begin]
		if s.Lenient && s.line == start {
			return nil, 0, errOpen
		}
		return nil, 0, &SyntaxError{s.line, column, fmt.Sprintf(format, args...)}
	}
	for {
		i := bytes.IndexByte(text[at:], '"')
		if i >= 0 {
			s.scratch = append(s.scratch, text[at:at+i]...)
			at += i + 1
			if at < len(text) && text[at] == '"' {
				s.scratch = append(s.scratch, '"')
				at++
				continue
			}
			return s.closed(text, at, begin, giveUp)
		}
		if s.Lenient {
			return giveUp(0, "")
		}
		s.scratch = append(append(s.scratch, text[at:]...), '\n')
		if len(s.scratch) > MaxRow {
			return giveUp(0, "the row that begins on line %d has more than %d MiB: is its quote closed?", start, MaxRow>>20)
		}
		var err error
		if text, err = s.readLine(); err == io.EOF {
			return giveUp(0, "a quote is not closed in the row that begins on line %d", start)
		} else if err != nil {
			return nil, 0, err
		}
		at = 0
	}
}

// closed ends a cell behind its closing quote.
func (s *CSV) closed(text []byte, at, begin int, giveUp func(int, string, ...any) ([]byte, int, error)) ([]byte, int, error) {
	for at < len(text) && text[at] == ' ' && s.sep != ' ' {
		at++
	}
	if at < len(text) && text[at] != s.sep {
		return giveUp(at+1, "%q behind the closing quote (want the separator %q; a quote inside is doubled)", text[at:min(at+10, len(text))], s.sep)
	}
	inside := bytes.TrimSpace(s.scratch[begin:])
	s.scratch = append(s.scratch[:begin], inside...)
	s.ends = append(s.ends, len(s.scratch))
	if at >= len(text) {
		return text, -1, nil
	}
	return text, at + 1, nil
}

// unescape replaces the escapes of a cell. It writes into it.
func unescape(cell []byte) []byte {
	out := cell[:0]
	for i := 0; i < len(cell); i++ {
		c := cell[i]
		if c == '\\' && i+1 < len(cell) {
			if at := strings.IndexByte(`tnr\`, cell[i+1]); at >= 0 {
				c = "\t\n\r\\"[at]
				i++
			}
		}
		out = append(out, c)
	}
	return out
}

// pointed returns a number with a decimal comma as one with a decimal point,
// and any other cell as it is. It writes into the cell.
func pointed(cell []byte) []byte {
	comma := bytes.IndexByte(cell, ',')
	for i, c := range cell {
		if (c < '0' || c > '9') && c != '.' && i != comma && (c != '-' && c != '+' || i > 0) {
			return cell
		}
	}
	if comma < 0 && bytes.IndexByte(cell, '.') < 0 || bytes.LastIndexByte(cell, '.') > comma && comma >= 0 {
		return cell
	}
	out := cell[:0]
	for i, c := range cell {
		switch {
		case i == comma:
			out = append(out, '.')
		case c != '.':
			out = append(out, c)
		}
	}
	return out
}
