package adviser

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	pace := line(1e-3, 1e-5, ladder(4096))
	now := Setting{32, 1e-3}
	raced := func(best ...Raced) *Contest {
		return &Contest{Metric: "loss", Level: 0.3, Entered: 9, Rounds: 5, Deep: true, Raced: best}
	}
	safe := &RateTest{Batch: 32, Rate: 0.02, From: 0.01, To: 0.04}
	for name, c := range map[string]struct {
		advice Advice
		want   Choice
		why    string
	}{
		"another is faster": {Advice{Race: raced(Raced{Setting{128, 4e-3}, 1, 0.9, 1.1, 5}, Raced{Setting{128, 2e-3}, 1.2, 1.1, 1.3, 4}, Raced{now, 1.5, 1.4, 1.6, 3})},
			Choice{Setting: Setting{128, 4e-3}, Safe: true}, "1.5 times as fast"},
		"rates that do": {Advice{Race: raced(Raced{Setting{128, 4e-3}, 1, 0.9, 1.1, 5}, Raced{Setting{128, 2e-3}, 1.2, 1.1, 1.3, 4})},
			Choice{Setting: Setting{128, 4e-3}, Safe: true}, "rates from 0.002 to 0.004"},
		"as good as any": {Advice{Race: raced(Raced{Setting{64, 1e-3}, 1, 0.9, 1.1, 5}, Raced{now, 1.04, 1, 1.1, 3})},
			Choice{Setting: now, Safe: true, Keep: true}, "as fast as any"},
		"one seed":         {Advice{Race: raced(Raced{Setting{64, 1e-3}, 1, 0.9, 1.1, 1})}, Choice{Setting: Setting{64, 1e-3}, Safe: true}, "1 seeds only"},
		"a short race":     {Advice{Race: &Contest{Share: 0.01, Raced: []Raced{{Setting{2, 1}, 1, 1, 1, 3}}}, Rate: safe}, Choice{Setting: Setting{32, 0.02}, Safe: true}, "1.0 % of the budget only"},
		"no race":          {Advice{Rate: safe}, Choice{Setting: Setting{32, 0.02}, Safe: true}, "no time for a race"},
		"a rate that does": {Advice{Rate: &RateTest{Batch: 32, Rate: 2e-3, From: 5e-4, To: 5e-3}}, Choice{Setting: now, Safe: true, Keep: true}, "falls well at your rate"},
		"a rate above that is borne": {Advice{Rate: &RateTest{Batch: 32, Rate: 2e-4, From: 1e-4, To: 4e-4, Seeds: []RateSeed{{Steepest: 2e-4, Lowest: 3e-3, Gain: 0.5}}}},
			Choice{Setting: now, Safe: true, Keep: true}, "from 0.0001 to 0.0015"},
		"a short race that it led": {Advice{Race: &Contest{Share: 0.07, Raced: []Raced{{now, 1, 1, 1, 1}}}, Rate: safe}, Choice{Setting: now, Safe: true, Keep: true}, "your setting led"},
		"no safe answer":           {Advice{Rate: &RateTest{Batch: 32, Unsafe: "the seeds disagree"}}, Choice{Setting: now}, "the seeds disagree"},
		"nothing":                  {Advice{}, Choice{Setting: now}, "more"},
	} {
		a := c.advice
		a.Pace, a.Current = pace, now
		a.choose()
		if got := a.Choice; got.Setting != c.want.Setting || got.Safe != c.want.Safe || got.Keep != c.want.Keep || !strings.Contains(strings.Join(got.Reasons, "; "), c.why) {
			t.Errorf("%s: %+v, want %+v because %q", name, got, c.want, c.why)
		}
	}
}
