package dataset

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/descent-ml/descent/internal/portmath"
)

// textBuckets is how many features the words of a text become.
const textBuckets = 1024

// textHash collects the hashed words of a text. Its memory is used again.
type textHash struct {
	word    []byte
	entries []textEntry
}

// textEntry is a feature of a text.
type textEntry struct {
	bucket uint32
	value  float32
}

// FNV-1a, 64 bits.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func fnv(h uint64, text []byte) uint64 {
	for _, c := range text {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}

// features returns the features of a text, by bucket, valid until the next
// call: each word, in lower case, and each pair of neighbors count ±1 in the
// bucket of their hash (Weinberger et al., ICML 2009); counts n become
// sign(n)·log(1+|n|), divided by their norm.
func (t *textHash) features(text []byte, buckets int) []textEntry {
	t.entries = t.entries[:0]
	before := uint64(0)
	for len(text) > 0 {
		var more bool
		if text, more = t.next(text); !more {
			break
		}
		h := fnv(fnvOffset, t.word)
		t.count(h, buckets)
		if before != 0 {
			t.count((before^h*fnvPrime)*fnvPrime, buckets)
		}
		before = h
	}
	t.merge()
	return t.entries
}

// next takes a word off the text.
func (t *textHash) next(text []byte) (rest []byte, ok bool) {
	t.word = t.word[:0]
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			t.word = utf8.AppendRune(t.word, unicode.ToLower(r))
		} else if len(t.word) > 0 {
			break
		}
		text = text[size:]
	}
	return text, len(t.word) > 0
}

func (t *textHash) count(h uint64, buckets int) {
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	sign := float32(1)
	if h>>63 != 0 {
		sign = -1
	}
	t.entries = append(t.entries, textEntry{uint32(h % uint64(buckets)), sign})
}

// merge adds what fell into the same bucket.
func (t *textHash) merge() {
	slices.SortStableFunc(t.entries, func(a, b textEntry) int { return int(a.bucket) - int(b.bucket) })
	out, sum := t.entries[:0], 0.0
	for i := 0; i < len(t.entries); {
		n, bucket := float32(0), t.entries[i].bucket
		for ; i < len(t.entries) && t.entries[i].bucket == bucket; i++ {
			n += t.entries[i].value
		}
		v := portmath.Log(1 + float64(max(n, -n)))
		sum += float64(v * v)
		if n < 0 {
			v = -v
		}
		if v != 0 {
			out = append(out, textEntry{bucket, float32(v)})
		}
	}
	norm := float32(1)
	if sum > 0 {
		norm = float32(portmath.Pow(sum, -0.5))
	}
	for i := range out {
		out[i].value *= norm
	}
	t.entries = out
}
