package generate

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/internal/rng"
)

// randomLogits are n logits with a spread of about 3, some of them equal.
func randomLogits(n int, seed uint64) []float32 {
	r := rng.NewStream(seed, "logits")
	z := make([]float32, n)
	for i := range z {
		z[i] = float32(math.Round(12*(r.Float64()+r.Float64()+r.Float64()+r.Float64()-2)) / 2)
	}
	return z
}

// choice is a token and its probability.
type choice struct {
	token       int
	probability float64
}

// plainChoices is the definition of Sampling in float64, without seed: sort,
// cut, cut.
func plainChoices(z []float32, s Sampling) []choice {
	largest := slices.Max(z)
	all := make([]choice, len(z))
	for i, v := range z {
		all[i] = choice{i, math.Exp(float64(v-largest) / s.Temperature)}
	}
	slices.SortStableFunc(all, func(a, b choice) int {
		if a.probability > b.probability {
			return -1
		}
		if a.probability < b.probability {
			return 1
		}
		return a.token - b.token
	})
	sum := func() (t float64) {
		for _, c := range all {
			t += c.probability
		}
		return t
	}
	if s.TopK > 0 {
		all = all[:min(s.TopK, len(all))]
	}
	if s.TopP > 0 {
		have, want := 0.0, s.TopP*sum()*(1-1e-9)
		for n, c := range all {
			if have += c.probability; have >= want {
				all = all[:n+1]
				break
			}
		}
	}
	t := sum()
	for i := range all {
		all[i].probability /= t
	}
	return all
}

// TestSamplerDraws compares frequencies with the plain definition: no token
// outside of the chosen ones, each of them as often as it is probable.
func TestSamplerDraws(t *testing.T) {
	for _, vocabulary := range []int{1, 2, 65, 1000} {
		for _, s := range []Sampling{
			{Temperature: 1}, {Temperature: 0.8, TopK: 5}, {Temperature: 1.3, TopP: 0.9}, {Temperature: 0.5, TopK: 20, TopP: 0.7},
			{Temperature: 2, TopK: 1}, {Temperature: 1, TopP: 1e-9}, {Temperature: 1, TopK: 1 << 20, TopP: 0.9999},
		} {
			t.Run(fmt.Sprint(vocabulary, s), func(t *testing.T) {
				z := randomLogits(vocabulary, 3)
				d, err := NewSampler(s, vocabulary)
				if err != nil {
					t.Fatal(err)
				}
				const draws = 4000
				counts := make([]int, vocabulary)
				for i := range draws {
					id, err := d.Sample(z, nil, 0, uint64(i))
					if err != nil {
						t.Fatal(err)
					}
					counts[id]++
				}
				for _, c := range plainChoices(z, s) {
					mean := draws * c.probability
					if off := math.Abs(float64(counts[c.token]) - mean); off > 5*math.Sqrt(mean)+5 {
						t.Errorf("token %d drawn %d times, want about %.1f", c.token, counts[c.token], mean)
					}
					counts[c.token] = 0
				}
				for id, n := range counts {
					if n != 0 {
						t.Errorf("token %d drawn %d times, want never", id, n)
					}
				}
			})
		}
	}
}

// TestKeep compares quickselect with sorting, on keys of all sizes with few and
// with many different weights.
func TestKeep(t *testing.T) {
	r := rng.NewStream(1, "keep")
	for trial := range 2000 {
		n := 1 + int(r.Uint32()%100)
		keys := make([]uint64, n)
		for i := range keys {
			keys[i] = uint64(r.Uint32()>>(r.Uint32()%32))<<idBits | uint64(idMask-i)
		}
		m := measure(trial % 2)
		limit := uint64(1 + r.Uint32()%uint32(n))
		if m == byWeight {
			limit = max(1, uint64(r.Float64()*1.1*float64(total(keys))))
		}
		sorted, have := slices.Sorted(slices.Values(keys)), uint64(0)
		slices.Reverse(sorted)
		for i, k := range sorted {
			if have += m.of(k); have >= limit {
				sorted = sorted[:i+1]
				break
			}
		}
		d := &Sampler{spare: make([]uint64, n)}
		got := d.keep(slices.Clone(keys), m, limit)
		want := slices.DeleteFunc(slices.Clone(keys), func(k uint64) bool { return !slices.Contains(sorted, k) })
		if !slices.Equal(got, want) {
			t.Fatalf("trial %d: %d keys by %d up to %d: kept %d, want %d", trial, n, m, limit, len(got), len(want))
		}
	}
}

func TestGreedyTakesTheLowestOfEquals(t *testing.T) {
	d, err := NewSampler(Sampling{}, 5)
	if err != nil {
		t.Fatal(err)
	}
	for want, z := range [][]float32{{2, 2, 1, 2, 0}, {0, 1, 1, 0, 1}, {-3, -3, -1, -2, -1}} {
		if got, err := d.Sample(z, nil, 0, 0); err != nil || int(got) != want {
			t.Errorf("%v: token %d, %v (want %d)", z, got, err, want)
		}
	}
}

func TestPenalty(t *testing.T) {
	z := []float32{1, 2, -1, 0.5}
	d, err := NewSampler(Sampling{Penalty: 2}, len(z))
	if err != nil {
		t.Fatal(err)
	}
	got := d.penalized(z, []int32{1, 2, 1, 1})
	if want := []float32{1, 1, -2, 0.5}; !slices.Equal(got, want) {
		t.Errorf("with penalty: %v, want %v", got, want)
	}
	if got := d.penalized(z, []int32{3}); !slices.Equal(got, []float32{1, 2, -1, 0.25}) {
		t.Errorf("the next text: %v", got)
	}
	if id, err := d.Sample(z, []int32{1, 2, 1}, 0, 0); err != nil || id != 0 {
		t.Errorf("token %d, %v (want 0)", id, err)
	}
}

// TestSamplerBits pins what is drawn: it must not depend on the machine, nor
// on the tier of instructions.
func TestSamplerBits(t *testing.T) {
	defer kernel.Use(kernel.Active())
	for _, isa := range []cpu.ISA{cpu.PureGo, cpu.AVX2, cpu.AVX512} {
		if isa > cpu.Best() {
			continue
		}
		kernel.Use(isa)
		h := fnv.New64a()
		for i, s := range []Sampling{{Temperature: 1}, {Temperature: 0.7, TopK: 40, Seed: 2}, {Temperature: 1.1, TopP: 0.95, Seed: 3, Penalty: 1.2}} {
			d, err := NewSampler(s, 3000)
			if err != nil {
				t.Fatal(err)
			}
			var text []int32
			z := randomLogits(3000, uint64(i))
			for n := range 200 {
				id, err := d.Sample(z, text, uint64(i), uint64(n))
				if err != nil {
					t.Fatal(err)
				}
				text = append(text, id)
			}
			binary.Write(h, binary.LittleEndian, text)
		}
		const want = 0x7cbe8857b6a24e16
		if got := h.Sum64(); got != want {
			t.Errorf("%v: the hash of the tokens is %#x, want %#x", isa, got, uint64(want))
		}
	}
}

func TestSamplerRefuses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	d, err := NewSampler(Sampling{Temperature: 1}, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range [][]float32{{1, nan, 0}, {inf, 1, 2}, {-inf, -inf, -inf}} {
		if _, err := d.Sample(z, nil, 0, 7); err == nil || !strings.Contains(err.Error(), "at position 7") {
			t.Errorf("%v: got %v", z, err)
		}
	}
	if id, err := d.Sample([]float32{-inf, 1, -inf}, nil, 0, 0); err != nil || id != 1 {
		t.Errorf("token %d, %v (want 1)", id, err)
	}
	if _, err := d.Sample([]float32{1}, nil, 0, 0); err == nil {
		t.Error("logits of another vocabulary")
	}
	bad := Sampling{Temperature: -1, TopK: -2, TopP: 1.5, Penalty: 0.5}
	err = d.Reset(bad)
	for _, want := range []string{"temperature is -1", "top-k is -2", "top-p is 1.5", "penalty of repetition is 0.5"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := NewSampler(Sampling{}, MaxVocabulary+1); err == nil {
		t.Error("a vocabulary that is too large")
	}
}

func TestSamplerAllocatesNothing(t *testing.T) {
	for _, vocabulary := range []int{65, 50257} {
		z := randomLogits(vocabulary, 1)
		d, err := NewSampler(Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95, Penalty: 1.1}, vocabulary)
		if err != nil {
			t.Fatal(err)
		}
		d.Sample(z, nil, 0, 0)
		if n := testing.AllocsPerRun(20, func() { d.Sample(z, []int32{1, 2}, 0, 1) }); n != 0 {
			t.Errorf("%v allocations for a vocabulary of %d", n, vocabulary)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	for _, vocabulary := range []int{65, 50257} {
		for name, s := range map[string]Sampling{
			"greedy": {}, "all": {Temperature: 1}, "top-k": {Temperature: 0.8, TopK: 40}, "top-p": {Temperature: 1, TopP: 0.95},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, vocabulary), func(b *testing.B) {
				z := randomLogits(vocabulary, 1)
				d, err := NewSampler(s, vocabulary)
				if err != nil {
					b.Fatal(err)
				}
				for i := 0; b.Loop(); i++ {
					d.Sample(z, nil, 0, uint64(i))
				}
			})
		}
	}
}
