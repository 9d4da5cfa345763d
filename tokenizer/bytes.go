package tokenizer

import "slices"

// raw is the tokenizer of bytes: the id of a byte is its value.
type raw struct{ end int32 }

func newRaw(end bool) *raw {
	if end {
		return &raw{256}
	}
	return &raw{-1}
}

func (r *raw) Kind() string               { return KindBytes }
func (r *raw) Encode(text string) []int32 { return known(r.Append(nil, text)) }
func (r *raw) Decode(ids []int32) string  { return decode(r, ids) }
func (r *raw) EndOfText() int32           { return r.end }
func (r *raw) marshal() ([]byte, error) {
	return file{Kind: KindBytes, EndOfText: r.end >= 0}.marshal()
}

func (r *raw) Size() int {
	if r.end >= 0 {
		return 257
	}
	return 256
}

func (r *raw) Append(dst []int32, text string) ([]int32, error) {
	dst = slices.Grow(dst, len(text))
	for i := range len(text) {
		dst = append(dst, int32(text[i]))
	}
	return dst, nil
}

func (r *raw) AppendToken(dst []byte, id int32) []byte {
	switch {
	case uint32(id) < 256:
		return append(dst, byte(id))
	case id == r.end && id >= 0:
		return append(dst, EndOfTextToken...)
	}
	return dst
}
