package train

import (
	"context"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// visits are random pairs of 20 users and 12 items, so that groups have items
// twice, with the weight 0 for some and a correction.
func visits(t testing.TB, n int, seed uint64) dataset.Dataset {
	t.Helper()
	s := rng.NewStream(seed, "visits")
	user, item, y := make([]int32, n), make([]int32, n), make([]int32, n)
	weight, logq := make([]float32, n), make([]float32, n)
	for i := range n {
		user[i], item[i] = int32(20*s.Float64()), int32(12*s.Float64())
		weight[i], logq[i] = float32(int(3*s.Float64())), float32(-3*s.Float64())
	}
	ds, err := dataset.New(
		dataset.Column{Name: "user", Data: tensor.Of(user)}, dataset.Column{Name: "item", Data: tensor.Of(item)}, dataset.Column{Name: "y", Data: tensor.Of(y)},
		dataset.Column{Name: "weight", Data: tensor.Of(weight)}, dataset.Column{Name: "logq", Data: tensor.Of(logq)})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// TestInBatchExecution: negatives from groups of a batch do not depend on how
// it is executed, nor does the loss on other data; groups begin anew in shards.
func TestInBatchExecution(t *testing.T) {
	for _, way := range []struct {
		shards int
		sparse bool
	}{{1, true}, {1, false}, {3, true}, {3, false}} {
		shards := way.shards
		c := Config{
			Name: "visits", Seed: 3, Data: visits(t, 150, 1), Val: visits(t, 700, 2), // more than evalRows, and no whole groups
			Model: nn.MF(20, 12, 5).Sparse(way.sparse), Loss: nn.InBatch(6), Optimizer: optim.SGD(0.5).Momentum(0.9).WithClipNorm(1),
			Batch: batch.Fixed(40), Shards: shards, Budget: Epochs(4), Out: NoOut,
		}
		want := onCPU(t, c, Exec{Threads: 1}).Summary
		for _, x := range []Exec{{Threads: 1, Micro: 1}, {Threads: 2, Micro: 7}, {Threads: 2}, {Threads: 1, Workers: shards}, {Threads: 2, Micro: 12, ISA: "go"}} {
			got := onCPU(t, c, x).Summary
			if got.Fingerprint != want.Fingerprint || got.Val[0] != want.Val[0] {
				t.Errorf("%+v, %+v: fingerprint %.8s and %v, want %.8s and %v", way, x, got.Fingerprint, got.Val, want.Fingerprint, want.Val)
			}
		}
	}
}

// TestInBatchIsNotExplained: alone an example has no negatives, and so no loss.
func TestInBatchIsNotExplained(t *testing.T) {
	_, err := Explain(context.Background(), Config{Loss: nn.InBatch(6), Out: t.TempDir()}, 1)
	if err == nil || !strings.Contains(err.Error(), "in_batch") {
		t.Error(err)
	}
}

// TestInBatchNeedsPartners: batches, or shards of them, of one example are refused,
// unless the example brings its negatives along.
func TestInBatchNeedsPartners(t *testing.T) {
	for _, c := range []struct {
		batch, shards int
		want          string
	}{{1, 0, "a batch of 1:"}, {4, 4, "a batch of 4 in 4 shards:"}, {2, 0, ""}, {5, 4, ""}} {
		config := Config{Model: nn.MF(20, 12, 5), Loss: nn.InBatch(6), Data: visits(t, 20, 1), Batch: batch.Fixed(c.batch), Shards: c.shards, Budget: Epochs(1)}
		err := config.Validate()
		if refused := err != nil && strings.Contains(err.Error(), "in_batch with "+c.want); refused != (c.want != "") {
			t.Errorf("batch %d, %d shards: %v", c.batch, c.shards, err)
		}
	}
	n := tensor.Of([]int32{1, 2}, 2)
	listed, err := dataset.New(dataset.Column{Name: "user", Data: n}, dataset.Column{Name: "item", Data: tensor.Of([]int32{1, 2, 3, 4}, 2, 2)}, dataset.Column{Name: "y", Data: n})
	if err != nil {
		t.Fatal(err)
	}
	if err := (Config{Loss: nn.InBatch(6), Data: listed, Batch: batch.Fixed(1)}).checkGroups(); err != nil {
		t.Error(err)
	}
}
