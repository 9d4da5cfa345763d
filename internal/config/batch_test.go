package config

import (
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/train"
)

// parsed is a configuration with a value of batch, for data that do not matter.
func parsed(t *testing.T, more string) *Config {
	t.Helper()
	c, err := Parse("x.yaml", []byte("data: {train: x.csv}\n"+more))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPolicies(t *testing.T) {
	for text, want := range map[string]batch.Policy{
		"64":                                 batch.Fixed(64),
		"all":                                batch.All(),
		"{size: 32}":                         batch.Fixed(32),
		"{size: 32, policy: fixed, base: 8}": batch.Fixed(32),
		"auto":                               batch.Auto{Bounds: batch.Bounds{Start: 64}, Efficiency: 0.5},
		"{policy: {auto: {efficiency: 0.8, fixed: 1e-3, per_example: 1e-5}}}":         batch.Auto{Bounds: batch.Bounds{Start: 64}, Efficiency: 0.8, Cost: batch.Cost{Fixed: 1e-3, PerExample: 1e-5}},
		"{size: 16, policy: stages, max: 512}":                                        batch.Stages{Bounds: batch.Bounds{Start: 16, Max: 512}, Every: batch.Epochs(20), Factor: 2},
		"{size: 16, policy: growth, min: 8}":                                          batch.Growth{Bounds: batch.Bounds{Start: 16, Min: 8}},
		"{size: 16, policy: {norm_test: 0.3}}":                                        batch.NormTest{Bounds: batch.Bounds{Start: 16}, Theta: 0.3},
		"{size: 16, policy: {inner_product: {nu: 5.84}}}":                             batch.InnerProduct{Bounds: batch.Bounds{Start: 16}, Theta: 0.9, Nu: 5.84},
		"{size: 16, policy: {cabs: {floor: 0.1}}}":                                    batch.CABS{Bounds: batch.Bounds{Start: 16}, C: 1, Floor: 0.1},
		"{size: 16, policy: {noise_scale: {r: 90}}}":                                  batch.NoiseScale{Bounds: batch.Bounds{Start: 16}, R: 90},
		"{size: 16, policy: {goodput: {fixed: 0.5}}, coupling: none, decay: updates}": batch.Goodput{Bounds: batch.Bounds{Start: 16}, Cost: batch.Cost{Fixed: 0.5}},
	} {
		c := parsed(t, "schedule: cosine\nbatch: "+text)
		if got := c.policy(); got != want {
			t.Errorf("%s: %#v, want %#v", text, got, want)
		}
		again, err := Parse("again", c.YAML())
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := again.policy(); got != want || again.Sizes.Base != c.Sizes.Base || again.Sizes.Coupling != c.Sizes.Coupling || again.Sizes.Decay != c.Sizes.Decay {
			t.Errorf("%s, printed and read: %#v", text, got)
		}
	}
}

// TestPlainBatchesAreStoredAsEver: a run that was stored before there were policies
// resumes.
func TestPlainBatchesAreStoredAsEver(t *testing.T) {
	for text, want := range map[string]string{"64": "batch: 64", "all": "batch: all", "{size: 64, shards: 2}": "batch: {size: 64, shards: 2}"} {
		if yaml := string(parsed(t, "batch: "+text).YAML()); !strings.Contains(yaml, want+"\n") {
			t.Errorf("%s is printed in\n%s", text, yaml)
		}
	}
}

func TestAutomaticCoupling(t *testing.T) {
	for text, want := range map[string]string{
		"batch: 64":                    "none",
		"batch: all":                   "none",
		"batch: {size: 256, base: 64}": "sqrt",
		"batch: auto":                  "sqrt",
		"optimizer: sgd\nbatch: auto":  "adascale",
		"optimizer: sgd\nschedule: cosine\nbatch: {size: 8, policy: growth}":         "linear",
		"optimizer: sgd\nbatch: {size: 8, policy: cabs}":                             "none",
		"optimizer: sgd\nbatch: {size: 8, policy: norm_test, coupling: sqrt}":        "sqrt",
		"optimizer: sgd\nbatch: {size: 8, base: 4, coupling: none}":                  "none",
		"optimizer: adam\nbatch: {size: 8, policy: noise_scale, coupling: adam_sde}": "adam_sde",
	} {
		o := parsed(t, text).buildOptimizer(1000)
		if got := o.Coupling.String(); got != want {
			t.Errorf("%s: coupling %s, want %s", text, got, want)
		}
		if err := o.Validate(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSizesThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		"batch: {size: all, policy: auto}":                                  "x.yaml:2:15: all examples in every batch",
		"batch: {size: 64, max: 100}":                                       "min and max are for a size that changes",
		"batch: {policy: auto, min: 200, max: 100}":                         "got 200, more than max, 100",
		"batch: {size: 64, policy: auto, min: 100}":                         "got 64, less than min, 100",
		"batch: {size: 64, policy: auto, max: 60}":                          "got 64, more than max, 60",
		"batch: {size: 64, policy: growth}":                                 "schedule constant never does",
		"batch: {size: 64, policy: cabs, coupling: linear}":                 "want none",
		"batch: auto\nnoise: off":                                           "x.yaml:3:8: off, but batch.policy auto",
		"batch: {policy: {stages: {factor: 1}}}":                            "x.yaml:2:35: got 1",
		"batch: {size: 64, coupling: linear}":                               "x.yaml:2:29: coupling linear changes nothing",
		"batch: {coupling: adascale, base: 64}":                             "x.yaml:2:19: coupling adascale with",
		"batch: {coupling: adascale, base: 64}\noptimizer: sgd\nnoise: off": "x.yaml:2:19: adascale goes by the noise",
		"noise: {every: 3ep}":                                               "want updates, such as 16up",
		"noise: of":                                                         "want auto, on or off",
		"batch: autoo":                                                      "got autoo (want a whole number, 1 or more, all or auto)",
		"batch: {policy: {norm_test: {thta: 1}}}":                           `did you mean "theta"?`,
		"batch: {policy: {norm_test: {theta: 0}}}":                          "want above 0",
	} {
		if _, err := Parse("x.yaml", []byte("data: {train: x.csv}\n"+text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestNoise(t *testing.T) {
	for text, want := range map[string]train.Noise{
		"auto": {}, "off": {Mode: train.NoiseOff}, "on": {Mode: train.NoiseOn},
		"{every: 16up, layers: true}": {Mode: train.NoiseOn, Every: batch.Updates(16), Layers: true},
		"{by: examples}":              {Mode: train.NoiseOn, By: train.ByExamples},
	} {
		c := parsed(t, "noise: "+text)
		again, err := Parse("again", c.YAML())
		if got := c.Noise.build(); err != nil || got != want || again.Noise.build() != want {
			t.Errorf("%s: %+v and printed %+v, %v, want %+v", text, got, again, err, want)
		}
	}
}

// TestOverridesOfSizes: a policy stands beside the size that is there, and takes the
// place of another.
func TestOverridesOfSizes(t *testing.T) {
	for _, c := range []struct {
		first, set string
		want       batch.Policy
	}{
		{"48", "batch.policy=noise_scale", batch.NoiseScale{Bounds: batch.Bounds{Start: 48}}},
		{"auto", "batch.max=100", batch.Auto{Bounds: batch.Bounds{Start: 64, Max: 100}, Efficiency: 0.5}},
		{"{size: 8, policy: {norm_test: {theta: 1}}}", "batch.policy.noise_scale.r=3", batch.NoiseScale{Bounds: batch.Bounds{Start: 8}, R: 3}},
		{"auto", "batch=16", batch.Fixed(16)},
	} {
		got, err := Parse("x.yaml", []byte("data: {train: x.csv}\nbatch: "+c.first), c.set)
		if err != nil || got.policy() != c.want {
			t.Errorf("%s and %s: %v", c.first, c.set, err)
		}
	}
}
