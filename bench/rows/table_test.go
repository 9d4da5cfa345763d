//go:build linux

package main

import "testing"

// TestRows: what an update changes and moves does not depend on the table.
func TestRows(t *testing.T) {
	for _, r := range rules {
		if !r.sparse {
			continue
		}
		var first result
		for _, rows := range []int{5000, 50_000} {
			x, err := measure(r, rows, settings{threads: 2, clock: clockOf(false)})
			if err != nil {
				t.Fatal(err)
			}
			if first.rows == 0 {
				first = x
			}
			if x.changed != x.touched || x.bytes != first.bytes {
				t.Errorf("%s, %d rows: %d of %d rows changed, %d bytes, want all and %d", r.name, rows, x.changed, x.touched, x.bytes, first.bytes)
			}
		}
	}
}
