package train

import (
	"fmt"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// choices are random users with m items each, two categories and three numbers.
func choices(t testing.TB, n, m int) dataset.Dataset {
	t.Helper()
	s := rng.NewStream(uint64(m), "choices")
	whole := func(count, limit int) []int32 {
		x := make([]int32, count)
		for i := range x {
			x[i] = int32(float64(limit) * s.Float64())
		}
		return x
	}
	x := make([]float32, 3*n)
	for i := range x {
		x[i] = float32(s.Float64() - 0.5)
	}
	item := tensor.Of(whole(n, 12))
	if m > 1 {
		item = tensor.Of(whole(n*m, 12), n, m)
	}
	ds, err := dataset.New(dataset.Column{Name: "user", Data: tensor.Of(whole(n, 20))}, dataset.Column{Name: "item", Data: item},
		dataset.Column{Name: "cat", Data: tensor.Of(whole(2*n, 4), n, 2)}, dataset.Column{Name: "x", Data: tensor.Of(x, n, 3)},
		dataset.Column{Name: "y", Data: tensor.Of(make([]int32, n))})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// TestRecommendersExecution: every model of users and items, of one item and of
// several, has one fingerprint however it is executed.
func TestRecommendersExecution(t *testing.T) {
	f := nn.Features{Users: 20, Items: 12, Categories: []int{4, 4}}
	models := []nn.Layer{
		nn.MF(20, 12, 5), nn.BPRMF(20, 12, 17), nn.GMF(20, 12, 5), nn.NeuMF(20, 12, 3).Dropout(0.2), nn.FM(f, 4), nn.DeepFM(f, 4, 6, 5),
		nn.DLRM(f, 4, []int{5}, []int{6}), nn.TwoTower(20, 12, 4).Context(4, 4).UserHidden(6, 5).ItemHidden(5).Normalize().Temperature(0.2),
	}
	for _, model := range models {
		for items, loss := range map[int]nn.Loss{1: nn.BCEWithLogits(), 2: nn.BPR(), 4: nn.SampledSoftmax()} {
			c := Config{
				Name: "choices", Seed: 3, Data: choices(t, 150, items), Model: model, Loss: loss, Optimizer: optim.Adam(0.02).WithClipNorm(1),
				Batch: batch.Fixed(40), Budget: Epochs(3), Out: NoOut,
			}
			want := onCPU(t, c, Exec{Threads: 1}).Summary.Fingerprint
			ways := []Exec{{Threads: 2, Micro: 7}, {Threads: 1, Micro: 1}}
			for _, isa := range icpu.Tiers() {
				ways = append(ways, Exec{Threads: 2, ISA: isa.String()})
			}
			for _, x := range ways {
				if got := onCPU(t, c, x).Summary.Fingerprint; got != want {
					t.Errorf("%s of %d items, %+v: fingerprint %.8s, want %.8s", fmt.Sprint(model), items, x, got, want)
				}
			}
		}
	}
}
