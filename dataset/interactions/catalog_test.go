package interactions

import (
	"fmt"
	"slices"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// TestCatalog: a catalog of integers, and of texts, comes back from its tensors.
func TestCatalog(t *testing.T) {
	for _, form := range []string{"%d", "item %d"} {
		table := random(t, 2000, 70, 300)
		for i := range 5 { // users without interactions
			table.Users.AddInt(int64(1000 + i))
		}
		items := &Names{}
		for i := range 300 {
			items.Add(fmt.Appendf(nil, form, i*i))
		}
		c := &Catalog{Users: table.Users, Items: items, Seen: NewKnown(table)}
		tensors := c.Tensors()
		if n := tensors["seen"].Size(); n > 2*table.Len() {
			t.Errorf("%d bytes of what %d interactions have shown", n, table.Len())
		}
		got, err := ParseCatalog(tensors)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			if at, ok := got.Items.Find(fmt.Sprintf(form, i*i)); at != i || !ok || got.Items.Name(i) != items.Name(i) {
				t.Fatal(i, at, ok)
			}
		}
		if !slices.Equal(got.Seen.Start, c.Seen.Start) || !slices.Equal(got.Seen.Item, c.Seen.Item) || got.Users.Len() != 75 {
			t.Error("what was seen differs")
		}
		tensors["seen"] = tensor.Of(tensors["seen"].U8()[:100], 100)
		_, err = ParseCatalog(tensors)
		wantError(t, err, "damaged")
		delete(tensors, "items")
		_, err = ParseCatalog(tensors)
		wantError(t, err, "no items")
	}
}
