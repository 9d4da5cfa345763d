package interactions

import (
	"fmt"
	"math/bits"

	"github.com/descent-ml/descent/internal/portmath"
	"github.com/descent-ml/descent/internal/rng"
)

// How negatives are drawn.
const (
	Uniform    = "uniform"    // every item alike (default)
	Popularity = "popularity" // items by a power of how often they are met
)

// DefaultAlpha is the power of popularity: that of Mikolov et al., Distributed
// representations of words and phrases, NIPS 2013.
const DefaultAlpha = 0.75

// NegativeOptions says how negatives are drawn.
type NegativeOptions struct {
	Count   int     // for each positive
	Sampler string  // Uniform or Popularity
	Alpha   float64 // of Popularity; 0: DefaultAlpha
	Seed    uint64

	// Known is what is not drawn for a user; nil: everything may be.
	Known *Known
}

// Negatives draws items that a user has not met, as a function of (seed, epoch,
// example): nothing is stored, and no order of asking matters. It draws with
// replacement. It is safe for concurrent use.
type Negatives struct {
	count int
	items int
	words rng.Words
	alias []aliasSlot // nil: uniform
	known *Known
	seen  filter
	logq  []float32 // by item; nil: the same of all
	even  float32   // that one
}

// NewNegatives prepares drawing from the items of a table, which also says how
// often each is met. A user who has met all items is refused.
func NewNegatives(t *Table, o NegativeOptions) (*Negatives, error) {
	n := &Negatives{count: o.Count, items: t.Items.Len(), words: rng.NewWords(o.Seed, "negatives"), known: o.Known}
	if o.Count < 1 {
		return nil, fmt.Errorf("interactions: %d negatives for each positive (want at least 1)", o.Count)
	}
	switch o.Sampler {
	case "", Uniform:
		n.even = float32(-portmath.Log(float64(n.items)))
	case Popularity:
		if o.Alpha == 0 {
			o.Alpha = DefaultAlpha
		}
		n.weigh(popularity(t, o.Alpha))
	default:
		return nil, fmt.Errorf("interactions: sampler %q of negatives (want %s or %s)", o.Sampler, Uniform, Popularity)
	}
	if o.Known == nil {
		return n, nil
	}
	for u := range len(o.Known.Start) - 1 {
		if len(o.Known.Of(int32(u))) == n.items {
			return nil, fmt.Errorf("interactions: user %q has met all %d items: no negatives are left", t.Users.Name(u), n.items)
		}
	}
	n.seen = newFilter(o.Known)
	t.release()
	return n, nil
}

// popularity returns count^alpha of each item of a table.
func popularity(t *Table, alpha float64) []float64 {
	weight := make([]float64, t.Items.Len())
	for row, item := range t.Item {
		t.mapping.pace(row, everyRows)
		weight[item]++
	}
	for i, count := range weight {
		if count > 0 {
			weight[i] = portmath.Pow(count, alpha)
		}
	}
	return weight
}

// LogOdds returns the logarithm of the odds that an example is a positive, of so
// many negatives for each: where a model of both is to begin.
func LogOdds(count int) float64 { return -portmath.Log(float64(count)) }

// LogPopularity returns for each item ln of its share of the interactions of a
// table; of one that has none, as if it had one.
func LogPopularity(t *Table) []float32 { return logShares(popularity(t, 1)) }

// logShares returns ln(w/Σw); of a weight of 0 as if it were 1.
func logShares(weight []float64) []float32 {
	sum := 0.0
	for _, w := range weight {
		sum += w
	}
	out := make([]float32, len(weight))
	for i, w := range weight {
		if w == 0 {
			w = 1
		}
		out[i] = float32(portmath.Log(w / sum))
	}
	return out
}

// weigh makes items be drawn by weight.
func (n *Negatives) weigh(weight []float64) {
	n.logq = logShares(weight)
	n.alias = newAlias(weight)
}

// Count returns how many negatives a positive has.
func (n *Negatives) Count() int { return n.count }

// LogQ returns ln of the probability with which an item is drawn, before what
// the user has met is left out; of an item that is never drawn as if it were met
// once.
func (n *Negatives) LogQ(item int32) float32 {
	if n.logq == nil {
		return n.even
	}
	return n.logq[item]
}

// drawTries are made before the items that are left are counted out.
const drawTries = 64

// Draw returns a negative for a user: number k < Count of a positive in an
// epoch. It is drawn again while it is one that the user has met; where that
// does not end, of a user who has met nearly all that is drawn, it is any of
// the others, each alike.
func (n *Negatives) Draw(user int32, epoch, positive uint64, k int) int32 {
	return n.draw(user, epoch, positive*uint64(n.count)+uint64(k))
}

// draw is Draw of the place positive·Count + k.
func (n *Negatives) draw(user int32, epoch, place uint64) int32 {
	word := uint64(0)
	for try := range uint64(drawTries) {
		word = n.words.At(place, epoch*drawTries+try)
		if item := n.pick(word); n.known == nil || !n.seen.may(user, item) || !n.known.Has(user, item) {
			return item
		}
	}
	return n.other(user, word)
}

// pick returns the item that a word stands for. What is not uniform about it
// is less than items/2⁶⁴, by weight 2⁻³² of an item.
func (n *Negatives) pick(word uint64) int32 {
	at, rest := bits.Mul64(word, uint64(n.items))
	if n.alias == nil {
		return int32(at)
	}
	if slot := &n.alias[at]; uint32(rest>>32) >= slot.share {
		return slot.other
	}
	return int32(at)
}

// other returns the item that a word stands for among those a user has not met.
func (n *Negatives) other(user int32, word uint64) int32 {
	known := n.known.Of(user)
	at, _ := bits.Mul64(word, uint64(n.items-len(known)))
	item := int32(at)
	for _, met := range known {
		if met > item {
			break
		}
		item++
	}
	return item
}

// Candidates draws n others for each interaction of a table: the fixed examples
// of a validation among candidates.
func (n *Negatives) Candidates(t *Table) *Candidates {
	c := &Candidates{User: t.User, Count: 1 + n.count, Item: make([]int32, 0, t.Len()*(1+n.count))}
	for i, user := range t.User {
		c.Item = append(c.Item, t.Item[i])
		for k := range n.count {
			c.Item = append(c.Item, n.Draw(user, 0, uint64(i), k))
		}
	}
	return c
}
