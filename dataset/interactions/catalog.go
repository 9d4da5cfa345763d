package interactions

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/descent-ml/descent/tensor"
)

// Catalog is what a model of users and items needs beside its weights: who is
// which number, and what each user has met.
type Catalog struct {
	Users, Items *Names
	Seen         *Known
}

// The names of the tensors of a catalog, which a model file keeps.
const (
	catalogUsers = "users"
	catalogItems = "items"
	catalogSeen  = "seen" // u8: see packKnown
	catalogEnds  = ".ends"
)

// Tensors returns the catalog as tensors: identifiers as i64, or as u8 texts one
// behind another and i64 of their ends, or as the number of buckets they are hashed
// into; what was seen in about 1.3 bytes each.
func (c *Catalog) Tensors() map[string]*tensor.Tensor {
	out := map[string]*tensor.Tensor{}
	c.Users.tensors(catalogUsers, out)
	c.Items.tensors(catalogItems, out)
	seen := packKnown(c.Seen)
	out[catalogSeen] = tensor.Of(seen, len(seen))
	return out
}

// ParseCatalog returns the catalog of tensors.
func ParseCatalog(tensors map[string]*tensor.Tensor) (c *Catalog, err error) {
	c = &Catalog{}
	if c.Users, err = parseNames(tensors, catalogUsers); err != nil {
		return nil, err
	}
	if c.Items, err = parseNames(tensors, catalogItems); err != nil {
		return nil, err
	}
	seen := tensors[catalogSeen]
	if seen == nil || seen.DType() != tensor.U8 {
		return nil, errors.New("interactions: catalog: nothing of what users have seen")
	}
	c.Seen, err = unpackKnown(seen.U8(), c.Users.Len(), c.Items.Len())
	return c, err
}

func (n *Names) tensors(name string, out map[string]*tensor.Tensor) {
	if n.buckets > 0 {
		out[name+hashedBuckets] = tensor.Of([]int64{int64(n.buckets)}, 1)
		return
	}
	if n.ends == nil {
		out[name] = tensor.Of(n.ints, len(n.ints))
		return
	}
	ends := make([]int64, len(n.ends))
	for i, end := range n.ends {
		ends[i] = int64(end)
	}
	out[name], out[name+catalogEnds] = tensor.Of(n.text, len(n.text)), tensor.Of(ends, len(ends))
}

func parseNames(tensors map[string]*tensor.Tensor, name string) (*Names, error) {
	t, ends := tensors[name], tensors[name+catalogEnds]
	if buckets := tensors[name+hashedBuckets]; buckets != nil {
		return parseHashed(buckets, name)
	}
	n := &Names{}
	switch {
	case t != nil && ends == nil && t.DType() == tensor.I64:
		for i, v := range t.I64() {
			if n.AddInt(v) != int32(i) {
				return nil, fmt.Errorf("interactions: catalog: %s: %d is there twice", name, v)
			}
		}
	case t != nil && ends != nil && t.DType() == tensor.U8 && ends.DType() == tensor.I64:
		n.toText()
		text, from := t.U8(), int64(0)
		for i, end := range ends.I64() {
			if end < from || end > int64(len(text)) || n.Add(text[from:end]) != int32(i) {
				return nil, fmt.Errorf("interactions: catalog: %s: number %d has no text of its own", name, i)
			}
			from = end
		}
	default:
		return nil, fmt.Errorf("interactions: catalog: no %s", name)
	}
	return n, nil
}

// packKnown writes for each user how many items there are, the first, and how
// far each next one is, as variable-length integers.
func packKnown(k *Known) []byte {
	b, _ := newFileSlice[byte](k.mapping, packedBytes(k))
	b = b[:0]
	for u := range len(k.Start) - 1 {
		k.mapping.pace(u, everyUsers)
		items, before := k.Of(int32(u)), int32(0)
		b = binary.AppendUvarint(b, uint64(len(items)))
		for _, item := range items {
			b = binary.AppendUvarint(b, uint64(item-before))
			before = item
		}
	}
	return b
}

// packedBytes is how many bytes packKnown writes.
func packedBytes(k *Known) (n int) {
	size := func(v int) int { return max(1, (bits.Len(uint(v))+6)/7) }
	for u := range len(k.Start) - 1 {
		k.mapping.pace(u, everyUsers)
		items, before := k.Of(int32(u)), int32(0)
		n += size(len(items))
		for _, item := range items {
			n += size(int(item - before))
			before = item
		}
	}
	return n
}

var errDamaged = errors.New("interactions: catalog: what users have seen is damaged")

func unpackKnown(b []byte, users, items int) (*Known, error) {
	k := &Known{Start: make([]int64, users+1)}
	next := func(limit int) int64 {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > uint64(limit) {
			b = nil
			return 0
		}
		b = b[n:]
		return int64(v)
	}
	for u := range users {
		item := int64(0)
		for range next(items) {
			if item += next(items - 1); item >= int64(items) {
				return nil, errDamaged
			}
			k.Item = append(k.Item, int32(item))
		}
		k.Start[u+1] = int64(len(k.Item))
	}
	if len(b) > 0 || b == nil {
		return nil, errDamaged
	}
	return k, nil
}
