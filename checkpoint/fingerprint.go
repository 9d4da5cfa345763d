package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"maps"
	"slices"
)

// Print is a fingerprint; its String is hexadecimal.
type Print [sha256.Size]byte

func (p Print) String() string { return hex.EncodeToString(p[:]) }

// Fingerprint returns the SHA-256 of what training has computed: the counters
// and every tensor, the optimizer's included, by name. Equal fingerprints mean
// equal bits. Run, seed, best, sections, time and paths are not in it. Layout
// is: compare states of one layout, by custom the file's (see ToFile).
//
// The hashed bytes are, numbers as 8 bytes little endian: "descent fingerprint
// 1\n", update, examples, the number of tensors, and for each in order of name:
// length and bytes of the name, length and bytes of the type's name ("f32"),
// rank, axes, elements little endian.
func Fingerprint(s *State) Print {
	h := sha256.New()
	io.WriteString(h, "descent fingerprint 1\n")
	putInts(h, s.Update, s.Examples, uint64(len(s.Tensors)))
	for _, name := range slices.Sorted(maps.Keys(s.Tensors)) {
		t := s.Tensors[name]
		putString(h, name)
		putString(h, t.DType().String())
		putInts(h, uint64(len(t.Shape())))
		for _, d := range t.Shape() {
			putInts(h, uint64(d))
		}
		writeElements(h, t) // a hash never fails
	}
	return Print(h.Sum(nil))
}

func putInts(h hash.Hash, vs ...uint64) {
	var b [8]byte
	for _, v := range vs {
		binary.LittleEndian.PutUint64(b[:], v)
		h.Write(b[:])
	}
}

func putString(h hash.Hash, s string) {
	putInts(h, uint64(len(s)))
	io.WriteString(h, s)
}
