package dataset

import "github.com/descent-ml/descent/tensor"

// byteRows is u8 data, (examples, width), that becomes float32 in a batch.
type byteRows struct {
	data  []uint8
	width int
	table [256]float32 // float32(v*scale) + shift
}

func newByteRows(data []uint8, width int, scale, shift float32) *byteRows {
	if scale == 0 {
		scale = 1
	}
	image := ImageSchema{Scale: scale, Shift: shift}
	b := &byteRows{data: data, width: width}
	for v := range b.table {
		b.table[v] = image.Value(float32(v))
	}
	return b
}

func (b *byteRows) gather(dst *tensor.Tensor, row int, indices []int) {
	out := dst.F32()[row*b.width:]
	for i, x := range indices {
		fromU8(out[i*b.width:(i+1)*b.width], b.data[x*b.width:(x+1)*b.width], &b.table)
	}
}

// fromU8 sets dst[i] = table[src[i]]; len(src) = len(dst).
func fromU8(dst []float32, src []uint8, table *[256]float32) {
	src = src[:len(dst)]
	for len(dst) >= 8 {
		d, s := dst[:8:8], src[:8:8]
		d[0], d[1], d[2], d[3] = table[s[0]], table[s[1]], table[s[2]], table[s[3]]
		d[4], d[5], d[6], d[7] = table[s[4]], table[s[5]], table[s[6]], table[s[7]]
		dst, src = dst[8:], src[8:]
	}
	for i, v := range src {
		dst[i] = table[v]
	}
}
