package batch

import (
	"strings"
	"testing"
)

func TestPolicyText(t *testing.T) {
	for _, c := range []struct {
		p    Policy
		want string
	}{
		{Stages{}, "{policy: {stages: {every: 20ep, factor: 2}}}"},
		{Growth{Bounds{Start: 64, Max: 4096}}, "{size: 64, policy: growth, max: 4096}"},
		{NormTest{Bounds: Bounds{Start: 64, Min: 16, Max: 2048}}, "{size: 64, policy: {norm_test: {theta: 0.5}}, min: 16, max: 2048}"},
		{InnerProduct{Nu: 5.84}, "{policy: {inner_product: {theta: 0.9, nu: 5.84}}}"},
		{CABS{}, "{policy: {cabs: {c: 1}}}"},
		{NoiseScale{}, "{policy: noise_scale}"},
		{NoiseScale{R: 90}, "{policy: {noise_scale: {r: 90}}}"},
		{Goodput{Bounds: Bounds{Start: 32}, Cost: Cost{Fixed: 1e-3, PerExample: 1e-5}}, "{size: 32, policy: {goodput: {fixed: 0.001, per_example: 1e-05}}}"},
		{Auto{}, "auto"},
		{Auto{Bounds: Bounds{Max: 512}, Efficiency: 0.25}, "{policy: {auto: {efficiency: 0.25}}, max: 512}"},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("%#v is written %s, want %s", c.p, got, c.want)
		}
	}
}

func TestPolicyRefuses(t *testing.T) {
	for want, p := range map[string]Policy{
		"size -1":                       NormTest{Bounds: Bounds{Start: -1}},
		"min 65 is above max 64":        Auto{Bounds: Bounds{Min: 65, Max: 64}},
		"is below min 16":               Goodput{Bounds: Bounds{Start: 8, Min: 16}},
		"is above max 64":               Growth{Bounds{Start: 65, Max: 64}},
		"larger than the training data": CABS{Bounds: Bounds{Start: 1001}},
		"theta -0.5":                    NormTest{Theta: -0.5},
		"nu -1":                         InnerProduct{Nu: -1},
		"c -1":                          CABS{C: -1},
		"r -1":                          NoiseScale{R: -1},
		"stages every 10min":            Stages{Every: Span{600, Second}},
		"factor 1":                      Stages{Factor: 1},
		"efficiency 1 of auto":          Auto{Efficiency: 1},
		"an update costs -1 s":          Auto{Cost: Cost{Fixed: -1}},
	} {
		if err := Check(p, 1000); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", p, err, want)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		in       Bounds
		examples int
		want     Bounds
	}{
		{Bounds{}, 60000, Bounds{32, 1, 6000}},
		{Bounds{}, 1e7, Bounds{32, 1, 8192}},
		{Bounds{}, 100, Bounds{10, 1, 10}},
		{Bounds{}, 5, Bounds{1, 1, 1}},
		{Bounds{Start: 50}, 100, Bounds{50, 1, 50}},
		{Bounds{Max: 4096}, 100, Bounds{32, 1, 100}},
		{Bounds{Min: 64}, 1000, Bounds{64, 64, 100}},
	} {
		if got := c.in.withDefaults(c.examples); got != c.want {
			t.Errorf("%+v of %d examples is %+v, want %+v", c.in, c.examples, got, c.want)
		}
		if err := Check(Auto{Bounds: c.in}, c.examples); err != nil {
			t.Error(err)
		}
	}
}
