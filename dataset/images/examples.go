package images

import (
	"fmt"
	"slices"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// Dataset is images of a set as examples: x f32 (H, W, C), normalized as the
// schema says, and y i32 (), the class.
type Dataset struct {
	set    *Set
	list   []int // of the set; nil: all
	image  *dataset.ImageSchema
	tables [][256]float32 // of each channel: the feature of each value of a pixel
	fields []dataset.Field
}

// NewDataset returns the images of a set as examples of a schema, which is
// Set.Schema or that of a model. Its shape and its classes must be those of the set.
func NewDataset(s *Set, schema *dataset.Schema) (*Dataset, error) {
	m := schema.Image
	if m == nil || len(m.Mean) == 0 {
		return nil, fmt.Errorf("images: the schema has no images with channels")
	}
	if err := schema.Validate(); err != nil {
		return nil, err
	}
	shape := tensor.Shape{s.Height, s.Width, s.Channels}
	if !shape.Equal(m.Shape) {
		return nil, fmt.Errorf("images: %s has images %v (want %v)", s.Source, shape, tensor.Shape(m.Shape))
	}
	if !slices.Equal(s.Classes, schema.Target.Classes) {
		return nil, fmt.Errorf("images: %s has the classes %q (want %q)", s.Source, s.Classes, schema.Target.Classes)
	}
	fields := []dataset.Field{{Name: dataset.FieldX, DType: tensor.F32, Shape: shape}, {Name: dataset.FieldY, DType: tensor.I32}}
	return &Dataset{set: s, image: m, tables: m.Tables(), fields: fields}, nil
}

// Subset returns the listed examples of d, in that order.
func (d *Dataset) Subset(list []int) (*Dataset, error) {
	part := *d
	part.list = make([]int, len(list))
	for at, i := range list {
		if uint(i) >= uint(d.Len()) {
			return nil, fmt.Errorf("images: subset: example %d at place %d (want 0 to %d)", i, at, d.Len()-1)
		}
		part.list[at] = d.Place(i)
	}
	return &part, nil
}

// Set returns the set that the examples are images of.
func (d *Dataset) Set() *Set { return d.set }

// Place returns which image of the set example i is.
func (d *Dataset) Place(i int) int {
	if d.list == nil {
		return i
	}
	return d.list[i]
}

// Name implements dataset.Named: it is that of the image in its set.
func (d *Dataset) Name(i int) string { return d.set.Name(d.Place(i)) }

// Len implements dataset.Dataset.
func (d *Dataset) Len() int {
	if d.list == nil {
		return d.set.Len()
	}
	return len(d.list)
}

// Fields implements dataset.Dataset.
func (d *Dataset) Fields() []dataset.Field { return d.fields }

// Gather implements dataset.Dataset.
func (d *Dataset) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := dataset.CheckGather(d.fields, dst, row, indices, d.Len()); err != nil {
		return err
	}
	width := d.set.Size()
	x, y := dst[0].F32()[row*width:], dst[1].I32()[row:]
	d.set.soon(indices, d.Place)
	for i, index := range indices {
		at := d.Place(index)
		normalize(x[i*width:(i+1)*width], d.set.use(at), d.tables)
		y[i] = d.set.Labels[at]
	}
	return nil
}

// normalize sets dst[i] = tables[i mod channels][src[i]].
func normalize(dst []float32, src []uint8, tables [][256]float32) {
	switch src = src[:len(dst)]; len(tables) {
	case 1:
		normalize1(dst, src, &tables[0])
	case 3:
		normalize3(dst, src, (*[3][256]float32)(tables))
	default:
		for i, v := range src {
			dst[i] = tables[i%len(tables)][v]
		}
	}
}

// normalize1 is normalize of one channel, eight pixels at a time.
func normalize1(dst []float32, src []uint8, t *[256]float32) {
	for len(dst) >= 8 {
		d, s := dst[:8:8], src[:8:8]
		d[0], d[1], d[2], d[3] = t[s[0]], t[s[1]], t[s[2]], t[s[3]]
		d[4], d[5], d[6], d[7] = t[s[4]], t[s[5]], t[s[6]], t[s[7]]
		dst, src = dst[8:], src[8:]
	}
	for i, v := range src {
		dst[i] = t[v]
	}
}

// normalize3 is normalize of three channels, four pixels at a time.
func normalize3(dst []float32, src []uint8, t *[3][256]float32) {
	for len(dst) >= 12 {
		d, s := dst[:12:12], src[:12:12]
		d[0], d[1], d[2], d[3] = t[0][s[0]], t[1][s[1]], t[2][s[2]], t[0][s[3]]
		d[4], d[5], d[6], d[7] = t[1][s[4]], t[2][s[5]], t[0][s[6]], t[1][s[7]]
		d[8], d[9], d[10], d[11] = t[2][s[8]], t[0][s[9]], t[1][s[10]], t[2][s[11]]
		dst, src = dst[12:], src[12:]
	}
	for i, v := range src {
		dst[i] = t[i%3][v]
	}
}
