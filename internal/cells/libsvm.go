package cells

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// mostFeatures is the most columns of a libsvm file, which become dense.
const mostFeatures = 1 << 16

// ReadLibSVM reads lines of the form "target index:value ..." into a table:
// the columns target, 1, 2, ... up to the largest index. Values that are left
// out are 0. What follows # is a comment, and qid:n is a column.
func ReadLibSVM(r io.Reader, s *Store) error {
	s.Fill = []byte("0")
	lines := NewCSV(r, ' ', 0)
	target := s.Column("target")
	most := 0
	for {
		text, err := lines.readLine()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if i := bytes.IndexByte(text, '#'); i >= 0 {
			text = text[:i]
		}
		parts := bytes.Fields(text)
		if len(parts) == 0 {
			continue
		}
		s.columns[target].Add(parts[0])
		last := 0
		for _, part := range parts[1:] {
			key, value, ok := bytes.Cut(part, []byte(":"))
			if !ok {
				return &SyntaxError{Line: lines.line, Text: fmt.Sprintf("got %q (want index:value)", part)}
			}
			if string(key) == "qid" {
				s.columns[s.Column("qid")].Add(value)
				continue
			}
			i, err := strconv.Atoi(string(key))
			if err != nil || i < 0 || i > mostFeatures || last > 0 && i <= last {
				return &SyntaxError{Line: lines.line, Text: fmt.Sprintf("index %q (want a number from 0 to %d, larger than the one before)", key, mostFeatures)}
			}
			for ; most < i; most++ {
				s.Column(strconv.Itoa(most + 1))
			}
			s.columns[s.Column(string(key))].Add(value)
			last = i
		}
		s.EndRow(lines.line)
	}
}
