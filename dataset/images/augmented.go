package images

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"sync"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// Augmented is the examples of a Dataset, changed anew in each epoch: x f32 (H, W, C)
// and y i32 (), and where examples are mixed y2 i32 (), the class of the partner,
// and mix f32 (), the share of y, so that the loss is mix·ℓ(y) + (1-mix)·ℓ(y2).
//
// The number of an example carries its epoch: Order gives epoch·Len() + example
// (dataset.Numbered), and an example below Len() is that of epoch 0. A partner looks as it does when it is
// itself asked for in that epoch. Pixels are mixed as 8 bits, rounded, and only then
// normalized.
type Augmented struct {
	d      *Dataset
	g      *augmenter
	fields []dataset.Field
	easels sync.Pool
}

// easel is the memory of one that gathers: an example and its partner.
type easel struct{ own, other *canvas }

// NewAugmented returns the examples of d, changed.
func NewAugmented(d *Dataset, a Augment) (*Augmented, error) {
	s := d.set
	if err := a.Validate(s.Height, s.Width); err != nil {
		return nil, err
	}
	fill := make([]byte, s.Channels)
	for c, mean := range d.image.Mean {
		fill[c] = byte(min(max(math.Floor(float64(255*mean)+0.5), 0), 255))
	}
	size := dims{s.Height, s.Width, s.Channels}
	out := &Augmented{d: d, g: newAugmenter(a, size, fill), fields: d.fields}
	if a.Mixes() {
		out.fields = append(d.fields[:len(d.fields):len(d.fields)],
			dataset.Field{Name: dataset.FieldY2, DType: tensor.I32}, dataset.Field{Name: dataset.FieldMix, DType: tensor.F32})
	}
	out.easels.New = func() any { return &easel{newCanvas(size), newCanvas(size)} }
	return out, nil
}

// Original implements dataset.Changing.
func (a *Augmented) Original() dataset.Dataset { return a.d }

// Augment returns what is done to them.
func (a *Augmented) Augment() Augment { return a.g.Augment }

// Name implements dataset.Named.
func (a *Augmented) Name(i int) string { return a.d.Name(i % a.Len()) }

// Len implements dataset.Dataset.
func (a *Augmented) Len() int { return a.d.Len() }

// Fields implements dataset.Dataset.
func (a *Augmented) Fields() []dataset.Field { return a.fields }

// Digest implements dataset.Digested: the examples, and what is done to them.
func (a *Augmented) Digest() string {
	type all Augment // without its String, which leaves things out
	sum := sha256.Sum256(fmt.Appendf(nil, "augmented %s %+v", a.d.Digest(), all(a.g.Augment)))
	return hex.EncodeToString(sum[:16])
}

// Order implements dataset.Ordered.
func (a *Augmented) Order(seed uint64) dataset.Order {
	return dataset.Numbered(dataset.OrderOf(a.d, seed), a.Len())
}

// Gather implements dataset.Dataset.
func (a *Augmented) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := dataset.CheckGather(a.fields, dst, row, indices, math.MaxInt); err != nil {
		return err
	}
	e := a.easels.Get().(*easel)
	defer a.easels.Put(e)
	width := a.g.d.size()
	x, y := dst[0].F32()[row*width:], dst[1].I32()[row:]
	for i, index := range indices {
		at := index % a.Len()
		m := a.paint(e, index/a.Len(), at)
		normalize(x[i*width:(i+1)*width], e.own.now, a.d.tables)
		y[i] = a.class(at)
		if len(dst) > 2 {
			dst[2].I32()[row+i], dst[3].F32()[row+i] = a.class(m.partner), m.label
		}
	}
	return nil
}

func (a *Augmented) class(example int) int32 { return a.d.set.Labels[a.d.Place(example)] }

// paint puts an example of an epoch on e.own, and returns what it is mixed with.
func (a *Augmented) paint(e *easel, epoch, example int) mixing {
	r := a.g.draws(epoch, example)
	a.g.draw(e.own, a.d.set.use(a.d.Place(example)), r)
	if !a.g.Mixes() {
		return mixing{}
	}
	m := a.g.mixing(r.words(forMix), a.g.d, a.Len())
	a.g.draw(e.other, a.d.set.use(a.d.Place(m.partner)), a.g.draws(epoch, m.partner))
	if m.paste {
		paste(e.own.now, e.other.now, a.g.d, m.box)
	} else {
		add(e.own.now, e.other.now, m.share)
	}
	return m
}
