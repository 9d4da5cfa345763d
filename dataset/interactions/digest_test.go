package interactions

import (
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// TestDigest: whatever changes an example changes the digest, and nothing else.
func TestDigest(t *testing.T) {
	seen := map[string]string{}
	for _, c := range []struct {
		what   string
		edit   func(t *Table)
		o      NegativeOptions
		known  bool
		values bool // only ratings differ
	}{
		{what: "the table", o: NegativeOptions{Count: 2}},
		{what: "a user", o: NegativeOptions{Count: 2}, edit: func(t *Table) { t.User[299]++ }},
		{what: "an item", o: NegativeOptions{Count: 2}, edit: func(t *Table) { t.Item[0] = (t.Item[0] + 1) % 20 }},
		{what: "a value", o: NegativeOptions{Count: 2}, edit: func(t *Table) { t.Value[7]++ }, values: true},
		{what: "the count", o: NegativeOptions{Count: 3}},
		{what: "the seed", o: NegativeOptions{Count: 2, Seed: 1}},
		{what: "the sampler", o: NegativeOptions{Count: 2, Sampler: Popularity}},
		{what: "the power", o: NegativeOptions{Count: 2, Sampler: Popularity, Alpha: 0.5}},
		{what: "what is known", o: NegativeOptions{Count: 2}, known: true},
	} {
		table := random(t, 300, 30, 20)
		if c.edit != nil {
			c.edit(table)
		}
		if c.known {
			c.o.Known = NewKnown(table)
		}
		neg := negatives(t, table, c.o)
		ratings, err := NewRatings(table)
		if err != nil {
			t.Fatal(err)
		}
		for kind, ds := range map[string]dataset.Digested{
			"ratings": ratings, "pointwise": NewPointwise(table, neg), "listwise": NewListwise(table, neg, false),
			"with logq": NewListwise(table, neg, true), "in a batch": NewInBatch(table, nil), "in a batch with logq": NewInBatch(table, LogPopularity(table)),
		} {
			d, hasNegatives := ds.Digest(), kind == "pointwise" || kind == "listwise" || kind == "with logq"
			if len(d) != 32 || ds.Digest() != d {
				t.Errorf("%s, %s: digest %q", kind, c.what, d)
			}
			same := c.edit == nil && !hasNegatives && c.what != "the table" || c.values && kind != "ratings"
			if other, there := seen[d]; there != same {
				t.Errorf("%s, %s: the digest of %q", kind, c.what, other)
			}
			seen[d] = kind + ", " + c.what
		}
	}
}
