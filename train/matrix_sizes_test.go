package train

import (
	"math"
	"testing"

	"github.com/descent-ml/descent/batch"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
)

// sizesUpdates is how long a run with changing sizes is: they change within.
const sizesUpdates = 60

// matrixSizes are models whose batches change their size: by the schedule, and by
// the noise of gradients, of which the meter decides by itself when it is measured.
var matrixSizes = []matrixModel{
	{
		name:      "growth",
		model:     nn.Sequential(nn.Dense(9), nn.ReLU(), nn.Dropout(0.2), nn.Dense(3)),
		loss:      nn.CrossEntropy(),
		optimizer: optim.AdamW(0.02).WithSchedule(optim.WarmUp(0.1, optim.Cosine(0))).WithCoupling(optim.AdamSDE().WithDecay(), 8),
		examples:  weightedExamples,
		policy:    batch.Growth{Bounds: batch.Bounds{Start: 5, Max: 64}},
		batch:     matrixBatch{64, 300},
	},
	{
		name:      "noise",
		model:     nn.Sequential(nn.Categories([]int{5, 9}, 3), nn.Dense(8), nn.BatchNorm(), nn.ReLU(), nn.Dense(4)),
		loss:      nn.CrossEntropy(),
		optimizer: optim.SGD(0.2).Momentum(0.5).WithCoupling(optim.AdaScale(), 0),
		examples:  categoryExamples,
		policy:    erratic{70},
		batch:     matrixBatch{70, 300},
		barriers:  true,
	},
}

// erratic takes sizes from the last bits of what is measured, so that no difference
// can hide.
type erratic struct{ most int }

func (e erratic) Max(int) int    { return e.most }
func (erratic) String() string   { return "erratic" }
func (erratic) NeedsNoise() bool { return true }
func (e erratic) Next(s batch.State, p batch.Progress) (batch.State, string) {
	if p.Noise.Samples() == 0 {
		return batch.State{Size: 9}, ""
	}
	bits := math.Float64bits(p.Noise.S()) ^ math.Float64bits(p.Noise.Q()) ^ math.Float64bits(p.Loss) ^ math.Float64bits(p.Rate)
	return batch.State{Size: 8 + int(bits%uint64(e.most-7))}, "a bit"
}

// TestMatrixOfSizes: however batches are executed, all of the same sizes are made at
// the same updates, with one set of bits.
func TestMatrixOfSizes(t *testing.T) {
	for _, m := range matrixSizes {
		first := cell{model: m, batch: m.batch, threads: 1, isa: icpu.Best(), workers: 1, memory: 1}
		t.Run(m.name, func(t *testing.T) {
			reference := first.steps(t)
			changes := 0
			for i, s := range reference[1:] {
				if s.size != reference[i].size {
					changes++
				}
			}
			if changes < 4 || len(reference) != sizesUpdates {
				t.Errorf("%d changes in %d updates", changes, len(reference))
			}
			var all []cell
			for _, micro := range []int{1, 7, 0} {
				for _, threads := range []int{1, 2} {
					for _, isa := range icpu.Tiers() {
						for _, resumed := range []bool{false, true} {
							all = append(all, cell{m, m.batch, micro, threads, isa, resumed, 1, 1}.barriers()...)
						}
					}
				}
			}
			for _, c := range pairwise(all) {
				t.Run(c.way(), func(t *testing.T) { c.check(t, reference) })
			}
		})
	}
}
