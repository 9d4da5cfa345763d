package train

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// mislabeled gives example 21 another class and a loud voice.
type mislabeled struct{ dataset.Dataset }

func (m mislabeled) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	err := m.Dataset.Gather(dst, row, indices)
	for i, x := range indices {
		if x == 21 {
			for j := range 4 {
				dst[0].F32()[4*(row+i)+j] *= 20
			}
			dst[1].I32()[row+i] = (dst[1].I32()[row+i] + 1) % 3
		}
	}
	return err
}

func TestExplain(t *testing.T) {
	plain := nn.Sequential(nn.Dense(8), nn.ReLU(), nn.Dropout(0.2), nn.Dense(3))
	for name, model := range map[string]nn.Layer{"each alone": plain, "batch norm": normalized(t).Model} {
		c := normalized(t)
		c.Model, c.Data, c.Shards = model, mislabeled{c.Data}, 2
		fit(t, c)
		for _, update := range []uint64{2, 10} { // example 21 is in the second of 4 updates of an epoch
			e, err := Explain(context.Background(), c, update)
			if err != nil {
				t.Fatal(err)
			}
			if e.Recorded != "same" || e.Update != update || e.Batch != 16 || len(e.Examples) != 16 {
				t.Errorf("%s, update %d: %+v", name, update, e)
			}
			shares, losses := 0.0, 0.0
			for _, x := range e.Examples {
				shares += x.Share
				losses += x.Loss
			}
			if math.Abs(shares-1) > 1e-4 {
				t.Errorf("%s, update %d: the shares add up to %v", name, update, shares)
			}
			if at := slices.IndexFunc(e.Examples, func(x Influence) bool { return x.Index == 21 }); at < 0 || name == "each alone" && update == 10 && at > 0 { // trained weights know better
				t.Errorf("%s, update %d: example 21 is in place %d of %+v", name, update, at, e.Examples[:3])
			}
			weights := 0.0
			for _, x := range e.Examples {
				buf := dataset.NewBuffers(c.Data.Fields(), 1)
				if err := c.Data.Gather(buf, 0, []int{x.Index}); err != nil {
					t.Fatal(err)
				}
				weights += []float64{1, 2, 0.5}[buf[1].I32()[0]] * float64(buf[2].F32()[0])
			}
			if math.Abs(losses/weights-e.Loss) > 1e-5*math.Abs(e.Loss) {
				t.Errorf("%s, update %d: the losses of the examples give %v, the batch %v", name, update, losses/weights, e.Loss)
			}
		}
		if _, err := Explain(context.Background(), c, 25); err == nil || !strings.Contains(err.Error(), "updates 1 to 24") {
			t.Errorf("beyond the end: %v", err)
		}
	}
}

// TestExplainTables: the gradients of tables of which each example touches other
// rows add up to that of the batch.
func TestExplainTables(t *testing.T) {
	const n = 48
	user, item, y := tensor.New(tensor.I32, n), tensor.New(tensor.I32, n), tensor.New(tensor.F32, n)
	for i := range n {
		user.I32()[i], item.I32()[i], y.F32()[i] = int32(i*7%11), int32(i*5%13), float32(i%5)
	}
	data, err := dataset.New(dataset.Column{Name: dataset.FieldUser, Data: user}, dataset.Column{Name: dataset.FieldItem, Data: item}, dataset.Column{Name: dataset.FieldY, Data: y})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Seed: 1, Data: data, Model: nn.MF(11, 13, 4).Mean(2), Loss: nn.MSE(), Optimizer: optim.SGD(0.1),
		Batch: batch.Fixed(16), Budget: Updates(6), Out: t.TempDir() + "/run",
	}
	fit(t, c)
	e, err := Explain(context.Background(), c, 4)
	if err != nil {
		t.Fatal(err)
	}
	shares := 0.0
	for _, x := range e.Examples {
		shares += x.Share
	}
	if math.Abs(shares-1) > 1e-4 || e.Recorded != "same" {
		t.Errorf("the shares add up to %v; recorded %s", shares, e.Recorded)
	}
}
