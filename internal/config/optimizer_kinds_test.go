package config

import (
	"reflect"
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

// TestOptimizerKinds: what a configuration makes is what the constructors make.
func TestOptimizerKinds(t *testing.T) {
	for text, want := range map[string]optim.Optimizer{
		"adadelta":                   optim.AdaDelta(1),
		"{adadelta: {rho: 0.8}}":     {LR: 1, Chain: []optim.Transform{optim.ScaleByAdaDelta{Rho: 0.8, Eps: 1e-6}}},
		"{adam: {amsgrad: true}}":    optim.Adam(1e-3).AMSGrad(),
		"{adamw: {amsgrad: true}}":   optim.AdamW(1e-3).AMSGrad(),
		"{nadam: {beta1: 0.8}}":      optim.NAdam(2e-3).Betas(0.8, 0.999),
		"{radam: {eps: 1e-6}}":       optim.RAdam(1e-3).Eps(1e-6),
		"{lion: {weight_decay: 1}}":  optim.Lion(1e-4).WeightDecay(1),
		"{radam: {decoupled: true}}": {LR: 1e-3, Chain: []optim.Transform{optim.DecoupledDecay(0), optim.DefaultRAdam()}},
	} {
		if got := optimizerOf(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}
