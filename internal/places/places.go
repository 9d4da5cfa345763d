// Package places lists the rows that a batch names, each once and in the order of
// its first touch, and finds a row's place in the list.
package places

import "math/bits"

// Table is an open-addressing hash from row to place, or an array by row where
// that takes no more memory. It is sized by the rows that can be touched, never by
// the table that they are of, and is not safe for concurrent use. The zero value
// lists nothing and has no room.
type Table struct {
	rows []int32 // by place; the first n are listed
	n    int
	hash []int32 // pairs of a row plus 1, 0 where none is, and its place

	// direct is, by row, its place plus 1, 0 where none is; nil if there is a hash.
	direct []int32

	// Row r begins its search at r·factor >> shift: the top bits of a product
	// with 2³²/φ (Knuth, The Art of Computer Programming 3, section 6.4).
	shift uint
}

const factor = 2654435769

// Hashes returns how many pairs a hash for so many rows has: a power of two, at
// least twice as many.
func Hashes(rows int) int { return 1 << bits.Len(uint(max(2*rows-1, 1))) }

// New returns a table in memory of the caller's: rows has room for the most rows
// that are touched, hash for two numbers for each of Hashes(len(rows)). Rows are
// 0 to of - 1.
func New(rows, hash []int32, of int) *Table {
	size := Hashes(len(rows))
	t := &Table{rows: rows}
	if of <= 2*size {
		t.direct = hash[:of]
	} else {
		t.hash, t.shift = hash[:2*size], uint(33-bits.Len(uint(size)))
	}
	t.Clear()
	return t
}

// Clear forgets all rows.
func (t *Table) Clear() {
	t.n = 0
	clear(t.hash)
	clear(t.direct)
}

// List makes the rows those of a list made elsewhere. None is touched before the
// next Clear.
func (t *Table) List(rows []int32) { t.n = copy(t.rows, rows) }

// Rows returns the rows listed, until the next Clear.
func (t *Table) Rows() []int32 { return t.rows[:t.n] }

// Len returns how many rows are listed.
func (t *Table) Len() int { return t.n }

// Touch returns the place of a row, which it lists if that is the first touch.
func (t *Table) Touch(row int32) (place int32, first bool) {
	n := int32(t.n)
	var at [1]int32
	t.Places([]int32{row}, at[:])
	return at[0], at[0] == n
}

// Places sets at[i] to the place of rows[i], in order: the first touch of a row
// lists it. Places from the length of the list on are those of first touches.
func (t *Table) Places(rows, at []int32) {
	if t.direct != nil {
		t.placesDirect(rows, at[:len(rows)])
		return
	}
	hash, mask, n := t.hash, uint32(len(t.hash)-2), t.n
	shift := t.shift & 31
	at = at[:len(rows)]
	for i, row := range rows {
		k := uint32(row) * factor >> shift << 1 & mask
		for hash[k] != row+1 {
			if hash[k] == 0 {
				hash[k], hash[k|1] = row+1, int32(n)
				t.rows[n] = row
				n++
				break
			}
			k = (k + 2) & mask
		}
		at[i] = hash[k|1]
	}
	t.n = n
}

// placesDirect is Places by the array. It has no branch on whether a row is new,
// which is as good as random: the row is written behind the list either way.
func (t *Table) placesDirect(rows, at []int32) {
	direct, list, n := t.direct, t.rows, int32(t.n)
	for i, row := range rows {
		if int(n) == len(list) {
			t.n = int(n)
			t.find(rows[i:], at[i:])
			return
		}
		list[n] = row
		place := direct[row]
		if place == 0 {
			place = n + 1
		}
		direct[row] = place
		n = max(n, place)
		at[i] = place - 1
	}
	t.n = int(n)
}

// find is placesDirect where the list is full.
func (t *Table) find(rows, at []int32) {
	for i, row := range rows {
		if at[i] = t.direct[row] - 1; at[i] < 0 {
			panic("places: more rows than there is room for")
		}
	}
}
