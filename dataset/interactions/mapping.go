package interactions

import (
	"errors"
	"os"
	"unsafe"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/mapped"
)

// mapping is what a table has beside its columns if they lie in files. Its
// interactions are grouped by user.
type mapping struct {
	dir   string         // where further files may be
	owner *mapping       // who closes the files; nil: this one
	files []*mapped.File // all that are open
	rows  []rowFile      // user, item and, if there are any, values
	known *Known         // of all rows; nil: not computed
}

// rowFile is a file with so many bytes for each interaction, or of what is known;
// without a file the values are in memory.
type rowFile struct {
	*mapped.File
	width int64
}

// keep makes a file one that is closed with the table.
func (m *mapping) keep(f *mapped.File) {
	if m.owner != nil {
		m = m.owner
	}
	m.files = append(m.files, f)
}

// close gives all files back.
func (m *mapping) close() error {
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	m.files = nil
	return errors.Join(errs...)
}

// temp returns a file for n values of a table that lies in files, beside its
// cache or in the system's folder for such; nil where neither can be had.
func (m *mapping) temp(bytes int64) *mapped.File {
	f, err := mapped.Temp(m.dir, bytes)
	if err != nil {
		f, err = mapped.Temp(os.TempDir(), bytes)
	}
	if err != nil {
		return nil
	}
	m.keep(f)
	return f
}

// newSlice returns n zeros: for a table that lies in files, in a file without a
// name, so that what has a value for each interaction is not in the memory of the
// process; where no file can be made, in memory all the same.
func newSlice[T any](t *Table, n int) []T {
	all, _ := newFileSlice[T](t.mapping, n)
	return all
}

// newFileSlice is newSlice with the file, if there is one.
func newFileSlice[T any](m *mapping, n int) ([]T, rowFile) {
	if m != nil && n > 0 {
		width := int64(unsafe.Sizeof(*new(T)))
		if f := m.temp(int64(n) * width); f != nil {
			return mapped.Slice[T](f), rowFile{f, width}
		}
	}
	return make([]T, n), rowFile{}
}

// release takes what was read of a table, and of all that lies beside it, out of
// the process's memory, where it would count as resident: it stays in the page
// cache.
func (t *Table) release() { t.mapping.release() }

func (m *mapping) release() {
	if m == nil {
		return
	}
	if m.owner != nil {
		m = m.owner
	}
	for _, f := range m.files {
		f.Drop(0, int64(len(f.Bytes())))
	}
}

// pace is called for each row that a pass comes to, or each user, and releases what
// was read every so often, so that a pass over a large table is not resident as
// a whole.
func (m *mapping) pace(i, every int) {
	if m != nil && i&(every-1) == 0 {
		m.release()
	}
}

// The powers of two of pace: rows take some 30 bytes each.
const (
	everyRows  = 1 << 18
	everyUsers = 1 << 11
)

// part returns a table with the users and items of t and no rows, whose columns lie
// where those of t do.
func (t *Table) part() *Table {
	p := &Table{Users: t.Users, Items: t.Items}
	if m := t.mapping; m != nil {
		p.mapping = &mapping{dir: m.dir, owner: m}
		if m.owner != nil {
			p.mapping.owner = m.owner
		}
	}
	return p
}

// pick fills a column of a part with rows of a column.
func pick[T any](p *Table, all []T, rows []int) []T {
	out := newColumn[T](p, len(rows))
	passed := 0
	for i, row := range rows {
		if row/everyRows != passed { // however few they are
			passed = row / everyRows
			p.mapping.release()
		}
		out[i] = all[row]
	}
	return out
}

// newColumn is newSlice of a column whose reads are announced: see order.
func newColumn[T any](p *Table, n int) []T {
	all, f := newFileSlice[T](p.mapping, n)
	if p.mapping != nil {
		p.mapping.rows = append(p.mapping.rows, f)
	}
	return all
}

// order returns the order of examples of a table for training, per for each
// interaction, of which so many columns are read, and negatives drawn: Shuffled;
// of a table that lies in files Blocked, with what is needed next read ahead and
// what is not any more given up.
func (t *Table) order(seed uint64, per, columns int, neg *Negatives) dataset.Order {
	n := per * t.Len()
	if t.mapping == nil {
		return dataset.Shuffled(n, seed)
	}
	return dataset.Blocked(n, seed, &ahead{t, t.mapping.rows[:min(columns, len(t.mapping.rows))], neg, per})
}

// ahead tells the system what examples will be made of.
type ahead struct {
	t       *Table
	columns []rowFile
	neg     *Negatives
	per     int // examples of an interaction
}

// Soon implements dataset.Ahead.
func (a *ahead) Soon(from, to int) {
	if to <= from { // over the end of the data
		a.rows(from/a.per, a.t.Len())
		from = 0
	}
	a.rows(from/a.per, (to+a.per-1)/a.per)
}

// rows asks for interactions from to to-1, and for what is known of their users.
func (a *ahead) rows(from, to int) {
	for _, f := range a.columns {
		f.soon(int64(from), int64(to))
	}
	if a.neg == nil || a.neg.known == nil || from == to {
		return
	}
	k := a.neg.known
	if first, last := a.t.User[from], a.t.User[to-1]; int(last) < len(k.Start)-1 {
		k.file.soon(k.Start[first], k.Start[last+1])
		a.neg.seen.file.soon(k.Start[first], k.Start[last+1])
	}
}

// soon asks for values from to to-1.
func (f rowFile) soon(from, to int64) {
	if f.File != nil {
		f.Soon(f.width*from, f.width*to)
	}
}

// Over implements dataset.Ahead. The system maps pages around those that are
// read, so all are given up; what is read on is mapped again, without the disk.
func (a *ahead) Over() { a.t.release() }
