package cells

import (
	"bytes"
	"io"
)

// Labeled reads lines of a label, a space or a tab, and a text: the form of the
// small sets of texts. Quotes are ordinary characters. A line without a text has
// an empty one.
type Labeled struct{ lines *CSV }

// NewLabeled returns a reader of the lines in r, which holds plain text in UTF-8.
// lines is how many lines of the file are before it.
func NewLabeled(r io.Reader, lines int) *Labeled { return &Labeled{NewCSV(r, '\t', lines)} }

// Next is as that of CSV, with two cells.
func (s *Labeled) Next() (record [][]byte, line int, err error) {
	for {
		text, err := s.lines.readLine()
		if err != nil {
			return nil, 0, err
		}
		if text = trim(text); len(text) == 0 {
			continue
		}
		label, rest := text, []byte(nil)
		if at := bytes.IndexAny(text, " \t"); at >= 0 {
			label, rest = text[:at], trim(text[at:])
		}
		s.lines.record = append(s.lines.record[:0], label, rest)
		return s.lines.record, s.lines.line, nil
	}
}
