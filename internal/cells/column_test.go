package cells

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/descent-ml/descent/internal/rng"
)

// TestDecimal compares packed decimals with strconv, bit by bit.
func TestDecimal(t *testing.T) {
	r := rng.NewStream(1, "numbers")
	for range 200000 {
		digits := 1 + int(r.Uint32()%15)
		cell := fmt.Sprintf("%0*d", digits, (uint64(r.Uint32())<<32|uint64(r.Uint32()))%uint64(math.Pow10(digits)))
		if at := int(r.Uint32() % 20); at <= digits {
			cell = cell[:at] + "." + cell[at:]
		}
		if r.Uint32()%2 == 0 {
			cell = "-" + cell
		}
		w, ok := pack([]byte(cell))
		got := w.number()
		want, err := strconv.ParseFloat(cell, 64)
		if err != nil || !ok || math.Float64bits(got) != math.Float64bits(want) || string(w.append(nil)) != cell {
			t.Fatalf("%q is %v %v, spelled %q, want %v", cell, got, ok, w.append(nil), want)
		}
	}
	for _, cell := range []string{"", "-", ".", "-.", "1.2.3", "--1", "+1", "1e5", "1234567890123456", "a", "1-"} {
		if v, ok := pack([]byte(cell)); ok {
			t.Errorf("%q is %v", cell, v)
		}
	}
}

// TestColumn keeps every byte of every form of a column, and finds what a memo
// computes.
func TestColumn(t *testing.T) {
	many := func(n int, f func(i int) string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = f(i)
		}
		return out
	}
	for name, c := range map[string]struct {
		cells []string
		form  form
	}{
		"narrow":     {many(1000, func(i int) string { return fmt.Sprint("w", i%256) }), formNarrow},
		"wide":       {many(1000, func(i int) string { return fmt.Sprint("w", i%257) }), formWide},
		"long words": {many(600, func(i int) string { return fmt.Sprint("the same beginning ", i%300, "\x00") }), formWide},
		"zeros":      {[]string{"", "\x00", "\x00\x00", "a", "a\x00", ""}, formNarrow},
		"decimals":   {many(70000, func(i int) string { return fmt.Sprintf("%05d.%d", i, i%10) }), formDecimal},
		"exceptions": {many(80000, func(i int) string {
			if i%97 == 0 {
				return "NA"
			}
			return fmt.Sprint(-i)
		}), formDecimal},
		"text": {many(70000, func(i int) string { return fmt.Sprint("person ", i) }), formText},
		"late text": {many(150000, func(i int) string {
			if i > 70000 {
				return fmt.Sprint("x", i)
			}
			return fmt.Sprint(i)
		}), formText},
	} {
		t.Run(name, func(t *testing.T) {
			col := &Column{}
			for _, cell := range c.cells {
				col.Add([]byte(cell))
			}
			if col.form != c.form || col.Len() != len(c.cells) {
				t.Fatalf("form %d with %d rows, want %d with %d", col.form, col.Len(), c.form, len(c.cells))
			}
			memo := NewMemo(col, func(c *Cell) string { return string(c.Text()) })
			for row, want := range c.cells {
				if got := col.Text(row); got != want || memo.At(row) != want {
					t.Fatalf("row %d is %q, by the memo %q, want %q", row, got, memo.At(row), want)
				}
			}
		})
	}
}

func TestColumnOfFloats(t *testing.T) {
	col := &Column{}
	for _, v := range []float64{1.5, math.NaN(), -3} {
		col.AddFloat(v)
	}
	if got := fmt.Sprintf("%q %q %q %d", col.Text(0), col.Text(1), col.Text(2), col.form); got != `"1.5" "" "-3" 2` {
		t.Error(got)
	}
	col.Add([]byte("word"))
	if got := fmt.Sprintf("%q %q %q %q", col.Text(0), col.Text(1), col.Text(2), col.Text(3)); got != `"1.5" "" "-3" "word"` {
		t.Error(got)
	}
}
