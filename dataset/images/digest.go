package images

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Digest implements dataset.Digested: by checksums of pixels and labels, how they are
// normalized, and which of them are listed.
func (d *Dataset) Digest() string {
	h := sha256.New()
	fmt.Fprintln(h, "images", d.fields, d.set.Sum(), d.image.Mean, d.image.Std, d.Len())
	var word [8]byte
	for _, i := range d.list {
		h.Write(binary.LittleEndian.AppendUint64(word[:0], uint64(i)))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Sum identifies the pixels and the labels of a set. It reads all of them once, but for a
// cache, which knows it.
func (s *Set) Sum() string {
	if s.sum != "" {
		return s.sum
	}
	labels := make([]byte, 0, 4*len(s.Labels))
	for _, y := range s.Labels {
		labels = binary.LittleEndian.AppendUint32(labels, uint32(y))
	}
	return sumOf(crc32.Checksum(s.Pixels, castagnoli), crc32.Checksum(labels, castagnoli))
}

func sumOf(pixels, labels uint32) string { return fmt.Sprintf("%08x%08x", pixels, labels) }
