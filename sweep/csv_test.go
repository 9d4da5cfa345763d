package sweep

import (
	"testing"

	"github.com/descent-ml/descent/train"
)

// TestCSV: the tables of a sweep of one size, cell by cell. The seed that does not
// reach the target is there, with empty cells.
func TestCSV(t *testing.T) {
	trial := func(phase string, lr float64, seed uint64, end string, train float64, values ...float64) *Trial {
		x := &Trial{Comparison: Reached, Phase: phase, Batch: 8, LR: lr, Seed: seed, End: end, Wall: 2, Train: number(train)}
		for i, v := range values {
			x.Updates, x.Examples, x.Seconds = uint64(10*(i+1)), uint64(80*(i+1)), 0.25*float64(i+1)
			x.Points = append(x.Points, Point{Update: x.Updates, Examples: x.Examples, Seconds: x.Seconds, Loss: number(1 - v), Value: number(v)})
		}
		return x
	}
	o := options().withDefaults()
	o.Batches, o.Seeds = []int{8}, 2
	nan := arithmetic(nil).Mean
	r := summarize(&o, []comparison{{name: Reached, order: train.Target{Metric: "accuracy"}}}, []*Trial{
		{Phase: Timing, Batch: 8, End: Capped},
		trial(Tuning, 0.01, 3, Diverged, nan),
		trial(Tuning, 0.005, 3, Reached, nan, 0.25, 0.9375),
		trial(Measure, 0.005, 2, Capped, 0.75, 0.5, 0.75, 0.625),
		trial(Measure, 0.005, 1, Reached, 0.875, 0.5, 0.9375),
	}, map[int]float64{})
	const trials = `comparison,phase,batch,lr,seed,end,updates,examples,seconds,wall_seconds,comparable,target_update,target_update_after,target_examples,target_seconds,metric,final,best,best_update,train,gap
target,tuning,8,0.005,3,target,20,160,0.5,2,true,20,10,160,0.5,accuracy,0.9375,0.9375,20,,
target,tuning,8,0.01,3,diverged,0,0,0,2,true,,,,,accuracy,,,,,
target,measure,8,0.005,1,target,20,160,0.5,2,true,20,10,160,0.5,accuracy,0.9375,0.9375,20,0.875,0.0625
target,measure,8,0.005,2,cap,30,240,0.75,2,true,,,,,accuracy,0.625,0.75,20,0.75,-0.125
`
	if got := string(r.trialsCSV()); got != trials {
		t.Errorf("trials.csv is\n%swant\n%s", got, trials)
	}
	const evaluations = `comparison,phase,batch,lr,seed,update,examples,seconds,loss,metric,value
target,tuning,8,0.005,3,10,80,0.25,0.75,accuracy,0.25
target,tuning,8,0.005,3,20,160,0.5,0.0625,accuracy,0.9375
target,measure,8,0.005,1,10,80,0.25,0.5,accuracy,0.5
target,measure,8,0.005,1,20,160,0.5,0.0625,accuracy,0.9375
target,measure,8,0.005,2,10,80,0.25,0.5,accuracy,0.5
target,measure,8,0.005,2,20,160,0.5,0.25,accuracy,0.75
target,measure,8,0.005,2,30,240,0.75,0.375,accuracy,0.625
`
	if got := string(r.evaluationsCSV()); got != evaluations {
		t.Errorf("evaluations.csv is\n%swant\n%s", got, evaluations)
	}
	if row := r.Comparisons[0].Rows[0]; row.Reached != 1 || row.Seeds != 2 || row.Beyond != 30 || row.Edge != Lower {
		t.Errorf("row %+v", row)
	}
}
