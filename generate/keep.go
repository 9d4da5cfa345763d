package generate

import "math/bits"

// measure says what a set of keys is measured by.
type measure uint8

const (
	byCount  measure = iota // how many there are
	byWeight                // the sum of their weights
)

func (m measure) of(key uint64) uint64 {
	if m == byCount {
		return 1
	}
	return weightOf(key)
}

// keep returns the fewest largest keys whose measure is limit or more, in the
// order in which they come. At least one is kept, all if limit is not reached.
// The result may lie in the memory of the keys.
func (d *Sampler) keep(keys []uint64, m measure, limit uint64) []uint64 {
	least := d.least(keys, m, max(limit, 1))
	kept := keys[:0]
	for _, k := range keys {
		if k >= least {
			kept = append(kept, k)
		}
	}
	return kept
}

// least returns the smallest key that keep keeps. Keys are first measured by
// octave, the position of their highest bit, so that only those of one octave
// are looked at more than twice: of probabilities that is a small part.
func (d *Sampler) least(keys []uint64, m measure, limit uint64) uint64 {
	var octaves [65]uint64
	for _, k := range keys {
		octaves[bits.Len64(k)] += m.of(k)
	}
	octave := len(octaves) - 1
	for ; octave > 0 && octaves[octave] < limit; octave-- {
		limit -= octaves[octave]
	}
	inside := d.spare[:0]
	for _, k := range keys {
		if bits.Len64(k) == octave {
			inside = append(inside, k)
		}
	}
	return quickselect(inside, m, limit)
}

// quickselect returns the smallest of the fewest largest keys whose measure is
// limit or more, 0 if all do not reach it. It reorders the keys (Hoare,
// "Algorithm 65: find", 1961, with sums in the place of counts).
func quickselect(keys []uint64, m measure, limit uint64) uint64 {
	for len(keys) > 0 {
		pivot := medianOf3(keys[0], keys[len(keys)/2], keys[len(keys)-1])
		above, sum := partition(keys, pivot, m)
		switch {
		case sum < limit:
			limit -= sum
			keys = keys[above:]
		case sum-m.of(pivot) < limit:
			return pivot
		default:
			keys = keys[:above-1]
		}
	}
	return 0
}

// partition brings the keys from pivot on to the front, pivot last of them, and
// returns how many they are and their measure.
func partition(keys []uint64, pivot uint64, m measure) (above int, sum uint64) {
	at := 0
	for i, k := range keys {
		if k < pivot {
			continue
		}
		sum += m.of(k)
		if k == pivot {
			at = above
		}
		keys[i], keys[above] = keys[above], k
		above++
	}
	keys[at], keys[above-1] = keys[above-1], keys[at]
	return above, sum
}

func medianOf3(a, b, c uint64) uint64 { return max(min(a, b), min(max(a, b), c)) }
