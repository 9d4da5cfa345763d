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

// Sum identifies the pixels and the labels of a set: by a CRC-32C of each image. It
// reads all of them once, but for a cache, which knows it.
func (s *Set) Sum() string {
	if s.sum != "" {
		return s.sum
	}
	sums := make([]uint32, s.Len())
	for i := range sums {
		sums[i] = crc32.Checksum(s.Image(i), castagnoli)
	}
	return sumOf(sums, s.Labels)
}

// sumOf is what identifies images with these checksums and labels.
func sumOf(images []uint32, labels []int32) string {
	h := sha256.New()
	binary.Write(h, binary.LittleEndian, images) // a hash never fails
	binary.Write(h, binary.LittleEndian, labels)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
