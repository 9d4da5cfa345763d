package interactions

import "fmt"

// Table holds interactions by columns, in the order of the file. Slices may
// lie in a mapped file: they are never written.
type Table struct {
	User, Item []int32   // numbers of Users and Items
	Value      []float32 // nil: there are none (implicit)
	Time       []int64   // Unix seconds, or what the file counts in; nil: unknown

	Users, Items *Names // number to identifier and back

	Close func() error // gives back what is mapped; nil: nothing is

	mapping *mapping // of the columns; nil: they are in memory
}

// Len returns the number of interactions.
func (t *Table) Len() int { return len(t.User) }

// String says what there is: 100000 interactions of 943 users with 1682 items.
func (t *Table) String() string {
	return fmt.Sprintf("%d interactions of %d users with %d items", t.Len(), t.Users.Len(), t.Items.Len())
}

// Rows returns a table of the listed interactions, in that order, with the same
// users and items. Of a table that lies in files they do, too, until it is closed;
// the list must be ascending, since they are to be grouped by user.
func (t *Table) Rows(rows []int) *Table {
	defer t.release()
	s := t.part()
	s.User, s.Item = pick(s, t.User, rows), pick(s, t.Item, rows)
	if t.Value != nil {
		s.Value = pick(s, t.Value, rows)
	}
	if t.Time != nil {
		s.Time = pick(s, t.Time, rows)
	}
	return s
}

// Among returns the interactions of the first so many users with the first so
// many items.
func (t *Table) Among(users, items int) *Table {
	rows := newSlice[int](t, t.Len())[:0]
	for row := range t.User {
		t.mapping.pace(row, everyRows)
		if int(t.User[row]) < users && int(t.Item[row]) < items {
			rows = append(rows, row)
		}
	}
	if len(rows) == t.Len() {
		return t
	}
	return t.Rows(rows)
}

// MeanOf returns the mean of values, the least and the most of them.
func MeanOf(values []float32) (mean, low, high float64) {
	if len(values) == 0 {
		return 0, 0, 0
	}
	low, high = float64(values[0]), float64(values[0])
	for _, v := range values {
		mean += float64(v)
		low, high = min(low, float64(v)), max(high, float64(v))
	}
	return mean / float64(len(values)), low, high
}

// Read reads the interactions of a file, or of several: see [Open].
func Read(path string, o Options) (*Table, error) {
	t := &Table{Users: hashed(o.HashUsers), Items: hashed(o.HashItems)}
	return t, t.add(path, o)
}

// ReadMore reads further interactions, whose users and items may be those of t:
// their numbers go on where those of t end, in the same Names.
func (t *Table) ReadMore(path string, o Options) (*Table, error) {
	more := &Table{Users: t.Users, Items: t.Items}
	return more, more.add(path, o)
}

// add reads a file into an empty table.
func (t *Table) add(path string, o Options) error {
	r, err := Open(path, o)
	if err != nil {
		return err
	}
	defer r.Close()
	for row, more := r.Next(); more; row, more = r.Next() {
		t.User = append(t.User, t.Users.Add(row.User))
		t.Item = append(t.Item, t.Items.Add(row.Item))
		if r.HasValue() {
			t.Value = append(t.Value, row.Value)
		}
		if r.HasTime() {
			t.Time = append(t.Time, row.Time)
		}
	}
	if err := r.Err(); err != nil {
		return err
	}
	if t.Len() == 0 {
		return fmt.Errorf("interactions: %s: no interactions", path)
	}
	return nil
}
