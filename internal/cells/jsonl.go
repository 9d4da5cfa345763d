package cells

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// ReadJSONL reads JSON objects with the columns as members, one on a line or
// anywhere in an array, into a table. Objects within are flattened to names
// with dots; null and what is left out are empty cells; a list of numbers is a
// column for each, name.0 and so on. The columns are in the order of their
// first appearance.
func ReadJSONL(r io.Reader, s *Store) error {
	err := NewJSONL(r).Read(s, math.MaxInt)
	if err == io.EOF {
		err = nil
	}
	return err
}

// JSONL reads JSON objects in pieces: see ReadJSONL.
type JSONL struct {
	in    *lineCounter
	dec   *json.Decoder
	store *Store
	path  []byte
	cell  []byte
	array bool // the objects stand in one
	begun bool
}

// NewJSONL returns a reader of the objects in r.
func NewJSONL(r io.Reader) *JSONL {
	j := &JSONL{in: newLineCounter(r)}
	j.dec = json.NewDecoder(j.in)
	j.dec.UseNumber()
	return j
}

// Read adds up to so many rows to a table, the last ones with the error io.EOF.
func (j *JSONL) Read(s *Store, rows int) error {
	if err := j.begin(); err != nil {
		return err
	}
	j.store = s
	for ; rows > 0 && j.dec.More(); rows-- {
		line := j.in.line(j.dec.InputOffset())
		if err := j.row(line); err != nil {
			return err
		}
	}
	if rows == 0 {
		return nil
	}
	return j.end()
}

// begin opens the array, if there is one.
func (j *JSONL) begin() error {
	if j.begun {
		return nil
	}
	j.begun = true
	first, err := j.in.peek()
	if err != nil {
		return err
	}
	if j.array = first == '['; j.array {
		_, err = j.dec.Token()
	}
	return j.fault(err)
}

// end checks what is behind the last object.
func (j *JSONL) end() error {
	if j.array {
		if _, err := j.dec.Token(); err != nil {
			return j.fault(err)
		}
		return io.EOF
	}
	if err := j.dec.Decode(new(json.RawMessage)); err != io.EOF {
		return j.fault(err)
	}
	return io.EOF
}

// fault places an error of the decoder.
func (j *JSONL) fault(err error) error {
	if err == nil {
		return nil
	}
	at := j.dec.InputOffset()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = syntax.Offset
	}
	if err == io.ErrUnexpectedEOF {
		err = errors.New("the file ends inside an object")
	}
	return &SyntaxError{Line: j.in.line(at), Text: err.Error()}
}

func (j *JSONL) row(line int) error {
	tok, err := j.dec.Token()
	if err != nil {
		return j.fault(err)
	}
	if tok != json.Delim('{') {
		return &SyntaxError{Line: line, Text: fmt.Sprintf("got %v (want an object for each row)", tok)}
	}
	j.path = j.path[:0]
	if err := j.object(line); err != nil {
		return err
	}
	j.store.EndRow(line)
	return nil
}

func (j *JSONL) object(line int) error {
	for j.dec.More() {
		key, err := j.dec.Token()
		if err != nil {
			return j.fault(err)
		}
		before := len(j.path)
		if before > 0 {
			j.path = append(j.path, '.')
		}
		j.path = append(j.path, key.(string)...)
		if err := j.value(line); err != nil {
			return err
		}
		j.path = j.path[:before]
	}
	_, err := j.dec.Token()
	return j.fault(err)
}

func (j *JSONL) value(line int) error {
	tok, err := j.dec.Token()
	if err != nil {
		return j.fault(err)
	}
	j.cell = j.cell[:0]
	switch v := tok.(type) {
	case json.Delim:
		if v == '{' {
			return j.object(line)
		}
		return j.list(line)
	case string:
		j.cell = append(j.cell, strings.TrimSpace(v)...)
	case json.Number:
		j.cell = append(j.cell, v...)
	case bool:
		j.cell = fmt.Append(j.cell, v)
	}
	c := j.store.columns[j.store.Column(string(j.path))]
	if c.Len() > j.store.rows {
		return &SyntaxError{Line: line, Text: fmt.Sprintf("the member %q is there twice", j.path)}
	}
	c.Add(j.cell)
	return nil
}

func (j *JSONL) list(line int) error {
	before := len(j.path)
	for i := 0; j.dec.More(); i++ {
		j.path = fmt.Append(j.path[:before], ".", i)
		if err := j.value(line); err != nil {
			return err
		}
	}
	j.path = j.path[:before]
	_, err := j.dec.Token()
	return j.fault(err)
}

// lineCounter tells the line of an offset in what was read through it.
type lineCounter struct {
	r     *bufio.Reader
	read  int64   // bytes
	ends  []int64 // of lines that may still be asked for
	lines int     // before ends
}

func newLineCounter(r io.Reader) *lineCounter { return &lineCounter{r: bufio.NewReader(r)} }

func (l *lineCounter) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	for i, c := range b[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.read+int64(i))
		}
	}
	l.read += int64(n)
	return n, err
}

// peek returns the first byte that is no space.
func (l *lineCounter) peek() (byte, error) {
	for n := 1; ; n++ {
		b, err := l.r.Peek(n)
		if len(b) < n {
			return 0, err
		}
		if b = bytes.TrimLeft(b, "\xef\xbb\xbf \t\r\n"); len(b) > 0 {
			return b[0], nil
		}
	}
}

// line returns the line, from 1, of what follows an offset; offsets must not
// fall.
func (l *lineCounter) line(offset int64) int {
	i := 0
	for i < len(l.ends) && l.ends[i] <= offset {
		i++
	}
	l.lines += i
	l.ends = append(l.ends[:0], l.ends[i:]...)
	return l.lines + 1
}
