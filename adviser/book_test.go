package adviser

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestStandings: settings that take 1, 1.3 and 2 s, in rounds whose seeds change all times
// by up to a factor of 2; the second is only in the lucky rounds.
func TestStandings(t *testing.T) {
	b, rng := &book{}, rand.New(rand.NewPCG(3, 3))
	settings := []Setting{{32, 1}, {64, 1}, {128, 1}}
	for round := range 6 {
		luck := 1.0
		if round%2 == 1 {
			luck = 0.5
		}
		for i, seconds := range []float64{1, 1.3, 2} {
			if i == 1 && luck == 1 {
				continue
			}
			b.note(settings[i], round, seconds*luck*math.Exp(0.02*rng.NormFloat64()))
		}
	}
	all := b.standings()
	for i, s := range all {
		if s.Setting != settings[i] || s.runs != []int{6, 3, 6}[i] {
			t.Fatalf("%+v", all)
		}
		if got, want := math.Exp(s.log-all[0].log), []float64{1, 1.3, 2}[i]; math.Abs(got/want-1) > 0.05 {
			t.Errorf("%v is %v times as slow, want %v", s.Setting, got, want)
		}
		if s.error <= 0 || s.error > 0.05 {
			t.Errorf("%v: standard error %v", s.Setting, s.error)
		}
	}
}

// One lucky run alone does not lead.
func TestStandingsDistrustOneRun(t *testing.T) {
	b := &book{}
	for round := range 4 {
		b.note(Setting{32, 1}, round, 1)
	}
	b.note(Setting{64, 1}, 0, 0.98)
	if first := b.standings()[0]; first.Setting != (Setting{32, 1}) {
		t.Errorf("%+v leads", first)
	}
}
