package interactions

import (
	"bytes"
	"fmt"
	"io"

	"github.com/descent-ml/descent/internal/cells"
)

// colons is lines of cells with :: between them, as MovieLens 1M and 10M have.
type colons struct{ rows *cells.CSV }

func (c *colons) Next() (record [][]byte, line int, err error) {
	record, line, err = c.rows.Next()
	if err != nil {
		return nil, 0, err
	}
	n := 0
	for i, cell := range record {
		if i%2 == 0 {
			record[n] = cell
			n++
		} else if len(cell) > 0 {
			return nil, 0, &cells.SyntaxError{Line: line, Text: fmt.Sprintf("%q stands between colons (want user::item::rating::time)", cell)}
		}
	}
	return record[:n], line, nil
}

// lists is lines of a user and the items that he met, in the order of time:
// a row for each.
type lists struct {
	rows  *cells.CSV
	user  []byte
	items [][]byte // that are left of the line
	line  int
	pair  [2][]byte
}

func (l *lists) Next() (record [][]byte, line int, err error) {
	for len(l.items) == 0 {
		record, line, err := l.rows.Next()
		if err != nil {
			return nil, 0, err
		}
		l.user, l.items, l.line = record[0], record[1:], line
	}
	l.pair = [2][]byte{l.user, l.items[0]}
	l.items = l.items[1:]
	return l.pair[:], l.line, nil
}

// tests is lines of (user,item), a tab, and other items: a row of the user and
// the item for each.
type tests struct {
	rows   *cells.CSV
	pair   [2][]byte
	others [][]byte // of the row
}

func (t *tests) Next() (record [][]byte, line int, err error) {
	record, line, err = t.rows.Next()
	if err != nil {
		return nil, 0, err
	}
	head := record[0]
	user, item, ok := bytes.Cut(head, []byte(","))
	if !ok || len(user) == 0 || user[0] != '(' || !bytes.HasSuffix(item, []byte(")")) {
		return nil, 0, &cells.SyntaxError{Line: line, Text: fmt.Sprintf("got %q (want (user,item), a tab, and the items beside it)", head)}
	}
	t.pair = [2][]byte{bytes.TrimSpace(user[1:]), bytes.TrimSpace(item[:len(item)-1])}
	t.others = record[1:]
	return t.pair[:], line, nil
}

// objects is the members of JSON objects, those that the first objects have.
type objects struct {
	in     *cells.JSONL
	piece  *cells.Store
	row    int // of piece
	ended  bool
	names  []string
	taken  []int
	from   []*cells.Column // of piece, by place in names; nil: not there
	record [][]byte
}

// objectRows are kept at a time.
const objectRows = 1024

// newObjects reads the first objects.
func newObjects(r io.Reader) (*objects, error) {
	o := &objects{in: cells.NewJSONL(r)}
	if err := o.read(); err != nil && err != io.EOF {
		return nil, err
	}
	for i, c := range o.piece.Columns() {
		o.names, o.taken = append(o.names, c.Name()), append(o.taken, i)
	}
	o.Select(o.taken)
	return o, nil
}

// read reads the next piece.
func (o *objects) read() error {
	if o.ended {
		return io.EOF
	}
	o.piece, o.row = &cells.Store{}, 0
	err := o.in.Read(o.piece, objectRows)
	if o.ended = err == io.EOF; o.ended && o.piece.Len() > 0 {
		return nil
	}
	return err
}

// Names implements named.
func (o *objects) Names() []string { return o.names }

// Select implements named.
func (o *objects) Select(columns []int) {
	o.taken, o.record = columns, make([][]byte, len(o.names))
	o.find()
}

// find finds the columns of a piece by their names.
func (o *objects) find() {
	o.from = make([]*cells.Column, len(o.names))
	for _, i := range o.taken {
		for _, c := range o.piece.Columns() {
			if c.Name() == o.names[i] {
				o.from[i] = c
			}
		}
	}
}

func (o *objects) Next() (record [][]byte, line int, err error) {
	for o.row == o.piece.Len() {
		if err := o.read(); err != nil {
			return nil, 0, err
		}
		o.find()
	}
	for _, i := range o.taken {
		if o.record[i] = o.record[i][:0]; o.from[i] != nil {
			o.record[i] = o.from[i].Append(o.record[i], o.row)
		}
	}
	o.row++
	return o.record, o.piece.Line(o.row - 1), nil
}
