package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/descent-ml/descent/optim"
)

// optimizerOf parses the value of the key optimizer and builds it.
func optimizerOf(t *testing.T, text string) optim.Optimizer {
	t.Helper()
	c, err := Parse("test", []byte("data: {train: a.csv, target: y}\noptimizer: "+text))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("again", c.YAML())
	if err != nil || !reflect.DeepEqual(again.Optimizer, c.Optimizer) {
		t.Fatalf("%s is written as %s, which reads as %v, %v", text, c.YAML(), again, err)
	}
	return c.Optimizer.Options.build()
}

// withoutFunctions leaves out the functions of groups, which do not compare.
func withoutFunctions(o optim.Optimizer) optim.Optimizer {
	groups := o.Groups
	o.Groups = nil
	for _, g := range groups {
		g.Where = nil
		o.Groups = append(o.Groups, g)
	}
	return o
}

// TestOptimizerKinds: what a configuration makes is what the constructors make.
func TestOptimizerKinds(t *testing.T) {
	for text, want := range map[string]optim.Optimizer{
		"adadelta":                     optim.AdaDelta(1),
		"{adadelta: {rho: 0.8}}":       {LR: 1, Chain: []optim.Transform{optim.ScaleByAdaDelta{Rho: 0.8, Eps: 1e-6}}},
		"{adam: {amsgrad: true}}":      optim.Adam(1e-3).AMSGrad(),
		"{adamw: {amsgrad: true}}":     optim.AdamW(1e-3).AMSGrad(),
		"{adam: {lazy: exact}}":        optim.Adam(1e-3).Exact(),
		"{adamw: {lazy: plain}}":       optim.AdamW(1e-3),
		"{nadam: {beta1: 0.8}}":        optim.NAdam(2e-3).Betas(0.8, 0.999),
		"{radam: {eps: 1e-6}}":         optim.RAdam(1e-3).Eps(1e-6),
		"{lion: {weight_decay: 1}}":    optim.Lion(1e-4).WeightDecay(1),
		"{lars: {weight_decay: 1e-4}}": optim.LARS(1).WeightDecay(1e-4),
		"sparse_adam":                  optim.SparseAdam(1e-3),
		"{sparse_adam: {eps: 1e-6}}":   optim.SparseAdam(1e-3).Eps(1e-6),
		"{adagrad: {rowwise: true}}":   optim.AdaGrad(0.01).Rowwise(),
		"ftrl":                         optim.FTRL(0.1),
		"{ftrl: {alpha: 0.3, l1: 2}}":  optim.FTRL(0.3).L1(2),
		"{ftrl: {beta: 0, l2: 0.5}}":   {LR: 0.1, Chain: []optim.Transform{optim.FollowLeader{L2: 0.5}}},
		"lamb":                         optim.LAMB(1e-3),
		"muon":                         optim.Muon(0.02, 3e-4),
		"adafactor":                    optim.Adafactor(0.01),
		"schedule_free":                optim.ScheduleFreeAdamW(0.0025),
		"schedule_free_sgd":            optim.ScheduleFreeSGD(1),
		"{radam: {decoupled: true}}":   {LR: 1e-3, Chain: []optim.Transform{optim.DecoupledDecay(0), optim.DefaultRAdam()}},
	} {
		if got := optimizerOf(t, text); !reflect.DeepEqual(withoutFunctions(got), withoutFunctions(want)) {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}

// TestAverages: what is around an optimizer, for an epoch of 100 examples in
// batches of 10.
func TestAverages(t *testing.T) {
	const head = "data: {train: a.csv, target: y}\nbatch: 10\noptimizer: adam\n"
	want := optim.Adam(1e-3)
	for text, o := range map[string]optim.Optimizer{
		"":                                want,
		"ema: {decay: 0.99}":              want.WithEMA(0.99),
		"swa: {start: 0.75, every: 1ep}":  want.WithSWA(0.75, 10),
		"lookahead: {every: 6}":           want.WithLookahead(&optim.Lookahead{Every: 6, Alpha: 0.5}),
		"clip: {adaptive: 0.02, norm: 1}": want.WithClipAdaptive(0.02).WithClipNorm(1),
	} {
		c, err := Parse("test", []byte(head+text))
		if err != nil {
			t.Fatal(err)
		}
		got := c.buildOptimizer(100)
		if got.Schedule = nil; !reflect.DeepEqual(got, o) {
			t.Errorf("%s: %+v, want %+v", text, got, o)
		}
	}
	for text, part := range map[string]string{
		"ema: {decay: 1}":                                 "want less than 1",
		"swa: {start: 0.5, every: 1min}":                  "want epochs, updates or examples",
		"ema: {decay: 0.9}\nswa: {start: 0.5}":            "two averages",
		"optimizer: schedule_free\nlookahead: {every: 5}": "its own average",
	} {
		_, err := Parse("test", []byte("data: {train: a.csv, target: y}\n"+text))
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %v, want %q", text, err, part)
		}
	}
}
