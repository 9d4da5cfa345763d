package interactions

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/cells"
)

// Options says how interactions are read. The zero value finds out.
type Options struct {
	// User, Item, Rating and Time are the columns, by name or, from 0, by
	// number. Empty ones are found by their names, or without a header by their
	// places: user, item, rating, time. None is for a rating or a time that is
	// not to be read.
	User, Item, Rating, Time string

	Format   string // one of the formats; empty: found by the name and the content
	Encoding string // as dataset.ReadText has it
	Header   string // HeaderYes, HeaderNo, or empty: found out

	// HashUsers and HashItems, if not 0, make the numbers of users and items the
	// buckets of their hash, of so many: nothing is kept of identifiers, and one
	// that was never seen has a number. Those that share a bucket are one user,
	// or item; its name is then # and the number.
	HashUsers, HashItems int
}

// None is the name of a column that is not to be read.
const None = "none"

// What a file may be said to have for a header.
const (
	HeaderYes = "yes"
	HeaderNo  = "no"
)

// Row is an interaction as it is written.
type Row struct {
	User, Item []byte  // identifiers, valid until the next row
	Value      float32 // if the reader has values
	Time       int64   // if the reader has times
}

// Reader gives the interactions of files one by one, in their order:
//
//	for row, more := r.Next(); more; row, more = r.Next() {
//	}
//	err := r.Err()
//
// It is not safe for concurrent use.
type Reader struct {
	options Options
	files   []string
	sizes   []int64 // of the files, in bytes
	at      int     // of the files
	in      *input  // the file that is read
	columns columns
	first   [][]byte // a row that was read to tell a header
	line    int      // of the row
	row     Row
	err     error
}

// Open begins to read the interactions of a file, or of several, as
// dataset.ReadTable finds them: a pattern, or files joined by commas. A file may
// be separated text, lines as 1::2::5::978300760, JSON lines, Parquet, lists of a
// user and his items, or a .zip with a file of MovieLens; each may be packed by
// gzip, Zstandard or bzip2. Errors name the file, the line and the column.
func Open(path string, o Options) (*Reader, error) {
	if err := o.checkHash(); err != nil {
		return nil, err
	}
	files, err := dataset.TableFiles(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{options: o, files: files, at: -1}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return nil, fmt.Errorf("interactions: %w", err)
		}
		r.sizes = append(r.sizes, info.Size())
	}
	return r, r.nextFile()
}

// nextFile begins the next file, which has what the first one has.
func (r *Reader) nextFile() error {
	before := r.columns
	if err := r.Close(); err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	r.at++
	if err := r.begin(); err != nil {
		r.Close()
		return err
	}
	if c := r.columns; r.at > 0 && (c.rating < 0 != (before.rating < 0) || c.time < 0 != (before.time < 0)) {
		r.Close()
		return fmt.Errorf("interactions: %s and %s differ: only one has ratings, or times", r.files[0], r.files[r.at])
	}
	return nil
}

// begin opens a file and finds the columns, by their names or by the first row.
func (r *Reader) begin() (err error) {
	if r.in, err = openInput(r.files[r.at], r.options); err != nil {
		return err
	}
	if named, ok := r.in.source.(named); ok {
		return r.beginNamed(named)
	}
	record, line, err := r.in.source.Next()
	if err == io.EOF {
		return fmt.Errorf("interactions: %s: no interactions", r.in.name)
	}
	if err != nil {
		return r.fault(err)
	}
	header := r.options.isHeader(record)
	if r.columns, err = r.options.find(record, header); err != nil {
		return fmt.Errorf("interactions: %s: %w", r.in.name, err)
	}
	if !header {
		r.line = line
		for _, cell := range record {
			r.first = append(r.first, append([]byte(nil), cell...))
		}
	}
	return nil
}

// beginNamed finds the columns of a file that knows their names.
func (r *Reader) beginNamed(src named) (err error) {
	var record [][]byte
	for _, name := range src.Names() {
		record = append(record, []byte(name))
	}
	if r.columns, err = r.options.find(record, true); err != nil {
		return fmt.Errorf("interactions: %s: %w", r.in.name, err)
	}
	src.Select(r.columns.taken())
	return nil
}

// HasValue reports whether the file has ratings.
func (r *Reader) HasValue() bool { return r.columns.rating >= 0 }

// HasTime reports whether the file has times.
func (r *Reader) HasTime() bool { return r.columns.time >= 0 }

// Err returns what ended the reading; nil at the end of the file.
func (r *Reader) Err() error { return r.err }

// Progress returns which share of the bytes is read, from 0 to 1.
func (r *Reader) Progress() float64 {
	done, all := int64(0), int64(0)
	for i, size := range r.sizes {
		all += size
		if i < r.at {
			done += size
		}
	}
	if r.in != nil {
		done += r.in.offset()
	}
	return min(1, float64(done)/float64(max(all, 1)))
}

// Close closes the files.
func (r *Reader) Close() error {
	in := r.in
	if r.in = nil; in == nil {
		return nil
	}
	return in.close()
}

// Next returns the next interaction, valid until the next call, or false at the
// end and after an error.
func (r *Reader) Next() (*Row, bool) {
	record := r.first
	for r.first = nil; record == nil; {
		if r.err != nil || r.in == nil {
			return nil, false
		}
		var err error
		if record, r.line, err = r.in.source.Next(); err == nil {
			break
		}
		switch {
		case err != io.EOF:
			r.err = r.fault(err)
		case r.at+1 == len(r.files):
			return nil, false
		default:
			if r.err = r.nextFile(); r.first != nil {
				record, r.first = r.first, nil
			}
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
		return fmt.Errorf("interactions: %s:%d: %d cells (want at least %d)", r.in.name, r.line, len(record), c.last+1)
	}
	r.row.User, r.row.Item = record[c.user], record[c.item]
	if len(r.row.User) == 0 {
		return r.bad(c.user, nil, "an identifier of the user")
	}
	if len(r.row.Item) == 0 {
		return r.bad(c.item, nil, "an identifier of the item")
	}
	if c.rating >= 0 {
		v, ok := cells.ParseNumber(record[c.rating])
		if !ok {
			return r.bad(c.rating, record[c.rating], "a number")
		}
		r.row.Value = float32(v)
	}
	if c.time >= 0 {
		var ok bool
		if r.row.Time, ok = parseTime(record[c.time]); !ok {
			return r.bad(c.time, record[c.time], "Unix seconds or a date")
		}
	}
	return nil
}

// bad reports a cell that is not what it should be.
func (r *Reader) bad(column int, got []byte, want string) error {
	return fmt.Errorf("interactions: %s:%d: column %s: got %q (want %s)", r.in.name, r.line, r.columns.name(column), got, want)
}

// fault places an error of the source.
func (r *Reader) fault(err error) error {
	var syntax *cells.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("interactions: %s:%w", r.in.name, err)
	}
	return fmt.Errorf("interactions: %s: %w", r.in.name, err)
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
