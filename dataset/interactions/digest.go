package interactions

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"unsafe"
)

// Digest implements dataset.Digested.
func (r Ratings) Digest() string { return digest("ratings", r.t, nil, true, nil) }

// Digest implements dataset.Digested.
func (p *Pointwise) Digest() string { return digest("pointwise", p.t, p.neg, false, nil) }

// Digest implements dataset.Digested.
func (l *Listwise) Digest() string {
	return digest(fmt.Sprint("listwise", l.fields), l.t, l.neg, false, nil)
}

// Digest implements dataset.Digested.
func (b *InBatch) Digest() string { return digest("inbatch", b.t, nil, false, b.logq) }

// digest identifies examples of a kind by what they are made of: checksums of
// columns, and what negatives are drawn by.
func digest(kind string, t *Table, neg *Negatives, values bool, logq []float32) string {
	h := sha256.New()
	m := t.mapping
	fmt.Fprintln(h, kind, t.Len(), t.Users.Len(), t.Items.Len(), columnSum(m, t.User), columnSum(m, t.Item), columnSum(nil, logq))
	if values {
		fmt.Fprintln(h, columnSum(m, t.Value))
	}
	if neg != nil {
		neg.digest(h)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// digest writes what decides what is drawn.
func (n *Negatives) digest(w io.Writer) {
	fmt.Fprintln(w, n.count, n.items, n.words, columnSum(nil, n.alias))
	if n.known != nil {
		fmt.Fprintln(w, columnSum(n.known.mapping, n.known.Start), columnSum(n.known.mapping, n.known.Item))
	}
}

// columnSum is the CRC-32C of values without pointers, which lie where m says.
func columnSum[T any](m *mapping, all []T) (sum uint32) {
	for from := 0; from < len(all); from += everyRows {
		part := all[from:min(from+everyRows, len(all))]
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(part))), len(part)*int(unsafe.Sizeof(part[0])))
		sum = crc32.Update(sum, castagnoli, bytes)
		m.release()
	}
	return sum
}
