package interactions

import (
	"errors"
	"math"
	"math/bits"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// An example that has negatives has others in each epoch. The numbers of the
// examples of epoch e, in the orders of these datasets, begin at e·Len; Gather
// takes them, and of a number below Len the negatives are those of epoch 0,
// always the same.

// epochs is the order of the examples of a table, per for each interaction, in
// which the number of an example says also in which epoch it is asked for.
func (t *Table) epochs(seed uint64, per int, neg *Negatives) dataset.Order {
	return dataset.Numbered(t.order(seed, per, 2, neg), per*t.Len())
}

// Ratings is a dataset of the interactions of a table with their values, for
// explicit feedback: user i32 (), item i32 (), y f32 ().
type Ratings struct{ t *Table }

// NewRatings returns the ratings of a table.
func NewRatings(t *Table) (Ratings, error) {
	if t.Value == nil {
		return Ratings{}, errors.New("interactions: no ratings (name their column: data.rating)")
	}
	return Ratings{t}, nil
}

var ratingFields = pairFields(tensor.F32)

// pairFields is user, item and a target of a type.
func pairFields(y tensor.DType) []dataset.Field {
	return []dataset.Field{{Name: dataset.FieldUser, DType: tensor.I32}, {Name: dataset.FieldItem, DType: tensor.I32}, {Name: dataset.FieldY, DType: y}}
}

// Len implements dataset.Dataset.
func (r Ratings) Len() int { return r.t.Len() }

// Order implements dataset.Ordered.
func (r Ratings) Order(seed uint64) dataset.Order { return r.t.order(seed, 1, 3, nil) }

// Fields implements dataset.Dataset.
func (r Ratings) Fields() []dataset.Field { return ratingFields }

// Gather implements dataset.Dataset.
func (r Ratings) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := dataset.CheckGather(ratingFields, dst, row, indices, r.t.Len()); err != nil {
		return err
	}
	user, item, y := dst[0].I32()[row:], dst[1].I32()[row:], dst[2].F32()[row:]
	for i, at := range indices {
		user[i], item[i], y[i] = r.t.User[at], r.t.Item[at], r.t.Value[at]
	}
	return nil
}

// Pointwise is a dataset of positives and negatives alike, for binary
// cross-entropy (He et al. 2017): user i32 (), item i32 (), y f32 () of 1 or 0.
// Example p·(1+n) is positive p, the n behind it are its negatives, so an epoch
// has (1+n) times as many examples as the table has interactions.
type Pointwise struct {
	t   *Table
	neg *Negatives
	n   int
}

// NewPointwise returns the interactions of a table, each with its negatives.
func NewPointwise(t *Table, neg *Negatives) *Pointwise {
	return &Pointwise{t, neg, t.Len() * (1 + neg.count)}
}

// Len implements dataset.Dataset.
func (p *Pointwise) Len() int { return p.n }

// Fields implements dataset.Dataset.
func (p *Pointwise) Fields() []dataset.Field { return ratingFields }

// Order implements dataset.Ordered.
func (p *Pointwise) Order(seed uint64) dataset.Order { return p.t.epochs(seed, 1+p.neg.count, p.neg) }

// Gather implements dataset.Dataset.
func (p *Pointwise) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := dataset.CheckGather(ratingFields, dst, row, indices, math.MaxInt); err != nil {
		return err
	}
	user, item, y := dst[0].I32()[row:], dst[1].I32()[row:], dst[2].F32()[row:]
	each := uint64(1 + p.neg.count)
	by := newDivisor(each)
	var d draws
	for first := 0; first < len(indices); {
		epoch, part := epochOf(indices[first:], p.n)
		for i, index := range part {
			place := uint64(index) - epoch*uint64(p.n)
			at := by.quotient(place)
			k := place - at*each
			user[first+i], item[first+i], y[first+i] = p.t.User[at], p.t.Item[at], 1
			if k > 0 {
				y[first+i] = 0
				d.add(p.t.User[at], at*(each-1)+k-1, first+i)
			}
		}
		d.into(item, p.neg, epoch)
		first += len(part)
	}
	return nil
}

// epochOf returns the epoch of the first number of an example, of n an epoch, and as
// many numbers of that epoch as are drawn for at once.
func epochOf(indices []int, n int) (epoch uint64, part []int) {
	e := indices[0] / n
	for i, index := range indices[:min(len(indices), drawsAtOnce)] {
		if uint(index-e*n) >= uint(n) {
			return uint64(e), indices[:i]
		}
	}
	return uint64(e), indices[:min(len(indices), drawsAtOnce)]
}

// divisor divides by a small number with a multiplication, which a division in
// each example is slower than.
type divisor uint64

// newDivisor returns the divisor d, 1 < d < 2¹⁶.
func newDivisor(d uint64) divisor { return divisor(math.MaxUint64/d + 1) }

// quotient returns v/d for v < 2⁴⁸: the error of ⌈2⁶⁴/d⌉ is below 1, so that of
// the product is below v/2⁶⁴ < 1/d.
func (m divisor) quotient(v uint64) uint64 {
	q, _ := bits.Mul64(v, uint64(m))
	return q
}

// Listwise is a dataset of positives, each before its n negatives, for losses
// that compare them (Rendle et al., BPR, UAI 2009, with n = 1; sampled softmax):
// user i32 (), item i32 (1+n), y i32 () = 0, the place of the positive, and, if
// asked for, logq f32 (1+n): Negatives.LogQ of each.
type Listwise struct {
	t      *Table
	neg    *Negatives
	fields []dataset.Field
}

// NewListwise returns the interactions of a table, each with its negatives.
func NewListwise(t *Table, neg *Negatives, logq bool) *Listwise {
	return &Listwise{t, neg, listFields(1+neg.count, logq)}
}

// listFields is user, n items, the place of the positive, and logq.
func listFields(n int, logq bool) []dataset.Field {
	fields := pairFields(tensor.I32)
	fields[1].Shape = tensor.Shape{n}
	if logq {
		fields = append(fields, dataset.Field{Name: dataset.FieldLogQ, DType: tensor.F32, Shape: fields[1].Shape})
	}
	return fields
}

// Len implements dataset.Dataset.
func (l *Listwise) Len() int { return l.t.Len() }

// Fields implements dataset.Dataset.
func (l *Listwise) Fields() []dataset.Field { return l.fields }

// Order implements dataset.Ordered.
func (l *Listwise) Order(seed uint64) dataset.Order { return l.t.epochs(seed, 1, l.neg) }

// Gather implements dataset.Dataset.
func (l *Listwise) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := dataset.CheckGather(l.fields, dst, row, indices, math.MaxInt); err != nil {
		return err
	}
	n, width := l.t.Len(), 1+l.neg.count
	user, item, y := dst[0].I32()[row:], dst[1].I32()[row*width:], dst[2].I32()[row:]
	var d draws
	for first := 0; first < len(indices); {
		epoch, part := epochOf(indices[first:], n)
		for i, index := range part {
			i, at := first+i, index-int(epoch)*n
			user[i], item[i*width], y[i] = l.t.User[at], l.t.Item[at], 0
			for k := 1; k < width; k++ {
				if d.n == drawsAtOnce {
					d.into(item, l.neg, epoch)
				}
				d.add(l.t.User[at], uint64(at*(width-1)+k-1), i*width+k)
			}
		}
		d.into(item, l.neg, epoch)
		first += len(part)
	}
	if len(dst) > 3 {
		l.neg.logQ(dst[3].F32()[row*width:], item[:len(indices)*width])
	}
	return nil
}

// logQ writes LogQ of each item.
func (n *Negatives) logQ(dst []float32, items []int32) {
	for i, item := range items {
		dst[i] = n.LogQ(item)
	}
}

// InBatch is a dataset of positives alone, for losses that take the other items
// of the batch as negatives: user i32 (), item i32 (), y i32 () = 0, which means
// nothing, and, if given, logq f32 (): ln of the item's share, for the correction
// of Yi et al., Sampling-bias-corrected neural modeling, RecSys 2019.
type InBatch struct {
	t      *Table
	logq   []float32
	fields []dataset.Field
}

// NewInBatch returns the interactions of a table. logq is for each item, such as
// LogPopularity; nil: there is no such field.
func NewInBatch(t *Table, logq []float32) *InBatch {
	fields := pairFields(tensor.I32)
	if logq != nil {
		fields = append(fields, dataset.Field{Name: dataset.FieldLogQ, DType: tensor.F32})
	}
	return &InBatch{t, logq, fields}
}

// Len implements dataset.Dataset.
func (b *InBatch) Len() int { return b.t.Len() }

// Order implements dataset.Ordered.
func (b *InBatch) Order(seed uint64) dataset.Order { return b.t.order(seed, 1, 2, nil) }

// Fields implements dataset.Dataset.
func (b *InBatch) Fields() []dataset.Field { return b.fields }

// Gather implements dataset.Dataset.
func (b *InBatch) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := dataset.CheckGather(b.fields, dst, row, indices, b.t.Len()); err != nil {
		return err
	}
	user, item, y := dst[0].I32()[row:], dst[1].I32()[row:], dst[2].I32()[row:]
	for i, at := range indices {
		user[i], item[i], y[i] = b.t.User[at], b.t.Item[at], 0
	}
	if b.logq != nil {
		for i, item := range item[:len(indices)] {
			dst[3].F32()[row+i] = b.logq[item]
		}
	}
	return nil
}

// Examples returns candidates as a dataset: user i32 (), item i32 (Count), y i32
// () = 0, the place of the item that was met.
func (c *Candidates) Examples() dataset.Dataset { return &ranked{c, listFields(c.Count, false)} }

// ranked is candidates as a dataset.
type ranked struct {
	c      *Candidates
	fields []dataset.Field
}

func (r *ranked) Len() int                { return r.c.Len() }
func (r *ranked) Fields() []dataset.Field { return r.fields }

func (r *ranked) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := dataset.CheckGather(r.fields, dst, row, indices, r.c.Len()); err != nil {
		return err
	}
	n := r.c.Count
	user, item, y := dst[0].I32()[row:], dst[1].I32()[row*n:], dst[2].I32()[row:]
	for i, at := range indices {
		user[i], y[i] = r.c.User[at], 0
		copy(item[i*n:(i+1)*n], r.c.Item[at*n:])
	}
	return nil
}
