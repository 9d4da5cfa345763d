package interactions

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/cells"
)

// Options says how interactions are read. The zero value finds out.
type Options struct {
	// User, Item, Rating and Time are the columns, by name or, from 0, by
	// number. Empty ones are found by their names; None is for a rating or a
	// time that is not to be read.
	User, Item, Rating, Time string
}

// None is the name of a column that is not to be read.
const None = "none"

// Row is an interaction as it is written.
type Row struct {
	User, Item []byte  // identifiers, valid until the next row
	Value      float32 // if the reader has values
	Time       int64   // if the reader has times
}

// Reader gives the interactions of a file one by one, in its order:
//
//	for row, more := r.Next(); more; row, more = r.Next() {
//	}
//	err := r.Err()
//
// It is not safe for concurrent use.
type Reader struct {
	file    string
	src     source
	columns columns
	close   func() error
	first   [][]byte // a row that was read to tell a header
	line    int      // of the row
	row     Row
	err     error
}

// source is rows of cells: see cells.CSV.
type source interface {
	Next() (record [][]byte, line int, err error)
}

// Open begins to read the interactions of a file.
func Open(path string, o Options) (*Reader, error) {
	f, err := dataset.Open(path)
	if err != nil {
		return nil, err
	}
	sep := byte(',')
	if dataset.TableFormat(path) == dataset.FormatTSV {
		sep = '\t'
	}
	r := &Reader{file: path, src: cells.NewCSV(f, sep, 0), close: f.Close}
	if err := r.begin(o); err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// begin reads the first row and finds the columns.
func (r *Reader) begin(o Options) error {
	record, line, err := r.src.Next()
	if err == io.EOF {
		return fmt.Errorf("interactions: %s: no interactions", r.file)
	}
	if err != nil {
		return r.fault(err)
	}
	r.columns, err = o.find(record)
	if err != nil {
		return fmt.Errorf("interactions: %s: %w", r.file, err)
	}
	if !r.columns.header {
		for _, cell := range record {
			r.first = append(r.first, append([]byte(nil), cell...))
		}
		r.line = line
	}
	return nil
}

// HasValue reports whether the file has ratings.
func (r *Reader) HasValue() bool { return r.columns.rating >= 0 }

// HasTime reports whether the file has times.
func (r *Reader) HasTime() bool { return r.columns.time >= 0 }

// Err returns what ended the reading; nil at the end of the file.
func (r *Reader) Err() error { return r.err }

// Close closes the file.
func (r *Reader) Close() error { return r.close() }

// Next returns the next interaction, valid until the next call, or false at the
// end and after an error.
func (r *Reader) Next() (*Row, bool) {
	if r.err != nil {
		return nil, false
	}
	record := r.first
	if r.first = nil; record == nil {
		var err error
		if record, r.line, err = r.src.Next(); err == io.EOF {
			return nil, false
		} else if err != nil {
			r.err = r.fault(err)
			return nil, false
		}
	}
	if r.err = r.parse(record); r.err != nil {
		return nil, false
	}
	return &r.row, true
}

// parse makes a row of a record.
func (r *Reader) parse(record [][]byte) error {
	c := &r.columns
	if len(record) <= c.last {
		return fmt.Errorf("interactions: %s:%d: %d cells (want at least %d)", r.file, r.line, len(record), c.last+1)
	}
	r.row.User, r.row.Item = record[c.user], record[c.item]
	if len(r.row.User) == 0 {
		return r.bad(c.user, "", "an identifier of the user")
	}
	if len(r.row.Item) == 0 {
		return r.bad(c.item, "", "an identifier of the item")
	}
	if c.rating >= 0 {
		v, ok := cells.ParseNumber(record[c.rating])
		if !ok {
			return r.bad(c.rating, string(record[c.rating]), "a number")
		}
		r.row.Value = float32(v)
	}
	if c.time >= 0 {
		var ok bool
		if r.row.Time, ok = parseTime(record[c.time]); !ok {
			return r.bad(c.time, string(record[c.time]), "Unix seconds or a date")
		}
	}
	return nil
}

// bad reports a cell that is not what it should be.
func (r *Reader) bad(column int, got, want string) error {
	return fmt.Errorf("interactions: %s:%d: column %s: got %q (want %s)", r.file, r.line, r.columns.name(column), got, want)
}

// fault places an error of the source.
func (r *Reader) fault(err error) error {
	var syntax *cells.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("interactions: %s:%w", r.file, err)
	}
	return fmt.Errorf("interactions: %s: %w", r.file, err)
}

// timeLayouts are how times are written if not as a number.
var timeLayouts = []string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05", time.DateOnly, "2006-01-02 15:04"}

// parseTime returns a time in Unix seconds. A number stands for itself, without
// what is behind its point.
func parseTime(cell []byte) (int64, bool) {
	if v, ok := plainInt(cell); ok {
		return v, true
	}
	if v, ok := cells.ParseNumber(cell); ok {
		return int64(v), true
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, string(cell)); err == nil {
			return at.Unix(), true
		}
	}
	return 0, false
}

// columns are the places of what is read in a row; -1: it is not.
type columns struct {
	user, item, rating, time int
	last                     int // the largest of them
	header                   bool
	names                    []string // of a header
}

func (c *columns) name(i int) string {
	if c.names == nil {
		return strconv.Itoa(i)
	}
	return strconv.Quote(c.names[i])
}
