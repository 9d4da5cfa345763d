package generate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// forms are models of every kind of part, small.
func forms(vocabulary, context int) map[string]nn.Layer {
	gpt := nn.DefaultGPT()
	gpt.Vocab, gpt.Context, gpt.Layers, gpt.Heads, gpt.Dim = vocabulary, context, 2, 4, 24
	llama := gpt
	llama.Bias, llama.Norm, llama.MLP, llama.Positions, llama.Tied, llama.KVHeads = false, "rms", "swiglu", "rotary", false, 2
	waves := gpt
	waves.Positions, waves.KVHeads, waves.MLP, waves.Layers = "sinusoidal", 1, "gelu", 1
	memory := nn.Sequential(nn.Embedding(vocabulary, 24), nn.LSTM(20), nn.GRU(16), nn.Dense(vocabulary))
	return map[string]nn.Layer{"recurrent": memory, "gpt2": nn.GPT(gpt), "llama": nn.GPT(llama), "sinusoids, one head of keys": nn.GPT(waves)}
}

// forward is the program that sees all positions of a text at once.
func forward(t testing.TB, m *model) func(tokens []int32) (logits []float32) {
	t.Helper()
	g, err := nn.Forward(m.layer, nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{m.context}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.engine.Compile(g, m.vars, engine.Options{Rows: 1})
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.I32, 1, m.context)
	return func(tokens []int32) []float32 {
		clear(x.I32()[copy(x.I32(), tokens):])
		p.Begin(0, nil)
		p.Micro([]*tensor.Tensor{x}, 0, 1)
		return p.Output(g.Outputs[0].Name).F32()
	}
}

func isas() []cpu.ISA {
	all := []cpu.ISA{cpu.PureGo, cpu.AVX2, cpu.AVX512}
	return all[:slices.Index(all, cpu.Best())+1]
}

// TestCachedLogits: the logits of every position, with the text cut into calls
// in any way, are those of the whole text at once, bit by bit.
func TestCachedLogits(t *testing.T) {
	defer kernel.Use(kernel.Active())
	tok := chars(t)
	const context = 40
	text := tok.Encode(strings.Repeat("every good boy does fine ", 2))[:context]
	for name, layer := range forms(tok.Size(), context) {
		for _, isa := range isas() {
			kernel.Use(isa)
			m := newModel(t, layer, tok, context, 1)
			whole := forward(t, m)(text)
			for _, sizes := range [][]int{{1}, {8}, {20}, {1, 8, 20}, {7, 3, 1, 15}} {
				t.Run(fmt.Sprint(name, isa, sizes), func(t *testing.T) { sameLogits(t, m, text, whole, sizes) })
			}
		}
	}
}

// sameLogits reads a text as the second of two sequences, in chunks of the given sizes in turn.
func sameLogits(t *testing.T, m *model, text []int32, whole []float32, sizes []int) {
	d, err := newDecoder(m.engine, m.vars, m.layer, 2, m.context)
	if err != nil {
		t.Fatal(err)
	}
	for past, i := 0, 0; past < len(text); i++ {
		n := min(sizes[i%len(sizes)], len(text)-past)
		p := d.choose(n)
		n = d.set(p, 1, text[past:past+min(n, p.n)], past)
		p.run(1, 2)
		d.remember(p, 0, 1, n)
		for j := 1; j <= n; j++ {
			got, want := p.last(0, j), whole[(past+j-1)*d.vocabulary():]
			for k, v := range got {
				if v != want[k] || math.IsNaN(float64(v)) {
					t.Fatalf("position %d, token %d: %v, want %v", past+j-1, k, v, want[k])
				}
			}
		}
		past += n
	}
}

// TestGreedyIsArgmaxOfForward: what is generated is what the whole program says,
// beyond the end of the context too.
func TestGreedyIsArgmaxOfForward(t *testing.T) {
	tok := chars(t)
	const context = 24
	for name, layer := range forms(tok.Size(), context) {
		t.Run(name, func(t *testing.T) {
			m := newModel(t, layer, tok, context, 2)
			prompt := "so it goes"
			got := collect(t, m.generator(t, 3), []string{"x", prompt, "yz"}, Options{Tokens: 60})[1]
			run, text, distinct := forward(t, m), tok.Encode(prompt), map[int32]bool{}
			for i, id := range got.tokens {
				start := window(len(text), context)
				logits := run(text[start:])[(len(text)-start-1)*tok.Size():][:tok.Size()]
				if want := int32(slices.Index(logits, slices.Max(logits))); id != want {
					t.Fatalf("token %d is %d, want %d", i, id, want)
				}
				text, distinct[id] = append(text, id), true
			}
			if len(distinct) < 3 {
				t.Errorf("only %d different tokens: the test says little", len(distinct))
			}
		})
	}
}

// TestPromptsAreReadInChunks: a text does not depend on how its prompt is cut,
// which depends on the prompts beside it.
func TestPromptsAreReadInChunks(t *testing.T) {
	tok := chars(t)
	layer := forms(tok.Size(), 200)["gpt2"]
	m := newModel(t, layer, tok, 200, 1)
	o := Options{Sampling: Sampling{Temperature: 1, Seed: 3}, Tokens: 12}
	alone, beside := m.generator(t, 1), m.generator(t, 2)
	for n := 1; n < 190; n += 17 {
		prompt := strings.Repeat("the quick brown fox ", 10)[:n]
		want := collect(t, alone, []string{prompt}, o)[0].text
		if got := collect(t, beside, []string{prompt, strings.Repeat("b", 130)}, o)[0].text; got != want {
			t.Errorf("a prompt of %d characters: %q, want %q", n, got, want)
		}
	}
}

// TestTokensAllocateNothing: but for the text of the pieces.
func TestTokensAllocateNothing(t *testing.T) {
	tok := chars(t)
	m := newModel(t, forms(tok.Size(), 32)["llama"], tok, 32, 1)
	g := m.generator(t, 2)
	o := Options{Sampling: Sampling{Temperature: 0.8, TopK: 10, TopP: 0.9}, Tokens: 1 << 20}
	collect(t, g, []string{"a", "b"}, Options{Tokens: 50})
	texts, err := g.prepare([]string{"a", "b"}, &o)
	if err != nil {
		t.Fatal(err)
	}
	g.begin(0, texts, &o)
	step := func() {
		g.pieces = g.pieces[:0]
		if err := g.step(&o); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n > 2 {
		t.Errorf("%v allocations for 2 tokens and their text, want at most a text for each", n)
	}
}

func BenchmarkToken(b *testing.B) {
	tok := chars(b)
	for name, c := range map[string]nn.GPTConfig{
		"4x128": {Layers: 4, Heads: 4, Dim: 128, Context: 64}, "6x384": {Layers: 6, Heads: 6, Dim: 384, Context: 256},
	} {
		c.Vocab, c.Norm, c.MLP, c.Positions, c.Tied = 65, "layer", "gelu", "learned", true
		for _, sequences := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/%d", name, sequences), func(b *testing.B) {
				g := newModel(b, nn.GPT(c), tok, c.Context, 1).generator(b, sequences)
				n := 0
				for b.Loop() {
					for _, err := range g.GenerateAll(context.Background(), slices.Repeat([]string{"\n"}, sequences), Options{Tokens: 500}) {
						if n++; err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
