package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/tokenizer"
)

const alphabet = "\n abcdefghijklmnopqrstuvwxyzäß€"

// model is a language model that nobody has trained.
type model struct {
	layer     nn.Layer
	tokenizer tokenizer.Tokenizer
	context   int
	engine    engine.Engine
	vars      engine.Vars
}

// pointwise sees the last token and its position alone.
func pointwise(vocabulary, context int) nn.Layer {
	return nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
		position := c.Param("position", graph.Init{Rule: "normal", B: 1}, context, 16)
		h := c.Add(c.Apply("token", nn.Embedding(vocabulary, 16), x), c.Gather(position, c.Cache.Position))
		return c.Apply("out", nn.Dense(vocabulary), h)
	})
}

// newModel gives a model random parameters that are large enough for the next
// token to depend on the text.
func newModel(t testing.TB, layer nn.Layer, tok tokenizer.Tokenizer, context, threads int) *model {
	t.Helper()
	eng, err := cpu.New(cpu.Config{Threads: threads, Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(eng.Close)
	g, _, err := nn.Decoder(layer, 1, context)
	if err != nil {
		t.Fatal(err)
	}
	return &model{layer, tok, context, eng, newVars(t, eng, g)}
}

func newVars(t testing.TB, eng engine.Engine, g *graph.Graph) engine.Vars {
	var specs []engine.VarSpec
	for _, v := range g.Vars {
		specs = append(specs, engine.VarSpec{Name: v.Attr.Name, Kind: v.Attr.Kind, Shape: v.Shape.Dims})
	}
	vars, err := eng.NewVars(specs)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range g.Vars {
		x := tensor.New(tensor.F32, v.Shape.Dims...)
		if err := nn.Initialize(v.Attr.Init, v.Shape.Dims, 1, v.Attr.Name, x.F32()); err != nil {
			t.Fatal(err)
		}
		scale := float32(1.5)
		if strings.Contains(v.Attr.Name, "transformer") || strings.Contains(v.Attr.Name, "lm_head") {
			scale = 12 // GPT's first values are small
		}
		for i := range x.F32() {
			x.F32()[i] *= scale
		}
		if err := vars.Write(v.Attr.Name, x); err != nil {
			t.Fatal(err)
		}
	}
	return vars
}

func (m *model) generator(t testing.TB, sequences int) *Generator {
	t.Helper()
	g, err := New(m.engine, m.vars, m.layer, m.tokenizer, Config{Context: m.context, Sequences: sequences})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func chars(t testing.TB) tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Chars(alphabet)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// outcome is a text and how it came about.
type outcome struct {
	text   string
	tokens []int32
	ending Ending
}

// collect returns the texts of all prompts.
func collect(t testing.TB, g *Generator, prompts []string, o Options) []outcome {
	t.Helper()
	out := make([]outcome, len(prompts))
	for p, err := range g.GenerateAll(context.Background(), prompts, o) {
		if err != nil {
			t.Fatal(err)
		}
		s := &out[p.Sequence]
		if s.ending != GoesOn {
			t.Errorf("a piece behind the end of text %d", p.Sequence)
		}
		s.text, s.tokens, s.ending = s.text+p.Text, append(s.tokens, p.Token), p.Ending
	}
	return out
}

// TestTextIsAFunctionOfItsPlace: alone or beside others, from one thread or
// two, a text of a seed, a number and a prompt is the same.
func TestTextIsAFunctionOfItsPlace(t *testing.T) {
	tok := chars(t)
	for _, context := range []int{1, 2, 7, 20, 64} {
		t.Run(fmt.Sprint("context ", context), func(t *testing.T) {
			prompts := []string{"abc", "", strings.Repeat("long prompt ", 12), "z", "abc"}
			o := Options{Sampling: Sampling{Temperature: 1, TopK: 20, Seed: 7}, Tokens: 50}
			var want []outcome
			for _, threads := range []int{1, 2} {
				m := newModel(t, pointwise(tok.Size(), context), tok, context, threads)
				for _, sequences := range []int{1, 2, 5, 8} {
					got := collect(t, m.generator(t, sequences), prompts, o)
					if want == nil {
						want = got
					}
					for i := range got {
						if got[i].text != want[i].text || got[i].ending != AtTokens || len(got[i].tokens) != o.Tokens {
							t.Errorf("%d threads, %d sequences, text %d: %q (%s), want %q", threads, sequences, i, got[i].text, got[i].ending, want[i].text)
						}
					}
				}
			}
			if want[0].text == want[4].text {
				t.Error("two samples of one prompt are the same")
			}
		})
	}
}

func TestWindow(t *testing.T) {
	for _, c := range []struct{ n, length, want int }{
		{1, 8, 0}, {8, 8, 0}, {9, 8, 4}, {12, 8, 4}, {13, 8, 8}, {100, 8, 92}, {5, 1, 4}, {3, 2, 1}, {8, 7, 3}, {11, 7, 6},
	} {
		if got := window(c.n, c.length); got != c.want {
			t.Errorf("%d tokens, context %d: from %d, want %d", c.n, c.length, got, c.want)
		}
	}
}

// TestEndings: the last piece says why a text ends, and no text has a part of a
// stop string.
func TestEndings(t *testing.T) {
	tok := chars(t)
	m := newModel(t, pointwise(tok.Size(), 16), tok, 16, 1)
	g := m.generator(t, 1)
	o := Options{Sampling: Sampling{Temperature: 1}, Tokens: 40}
	whole := collect(t, g, []string{"a"}, o)[0]
	runes := []rune(whole.text)
	if len(runes) != o.Tokens {
		t.Fatalf("%d characters of %d tokens", len(runes), o.Tokens)
	}
	for from := 0; from < 38; from += 5 {
		o.Stop = []string{"not there", string(runes[from : from+3])}
		want, _, _ := strings.Cut(whole.text, o.Stop[1])
		got := collect(t, g, []string{"a"}, o)[0]
		if got.text != want || got.ending != AtStop {
			t.Errorf("stop %q: %q (%s), want %q", o.Stop[1], got.text, got.ending, want)
		}
	}
	o.Stop = []string{string(runes[38:]) + "more"}
	if got := collect(t, g, []string{"a"}, o)[0]; got.text != whole.text || got.ending != AtTokens {
		t.Errorf("half a stop string at the end: %q (%s), want %q", got.text, got.ending, whole.text)
	}
}

// TestEndOfText: the token between documents ends a text, and an empty prompt
// begins with it.
func TestEndOfText(t *testing.T) {
	tok, err := tokenizer.Train(tokenizer.KindBytes, nil, tokenizer.Config{EndOfText: true})
	if err != nil {
		t.Fatal(err)
	}
	m := newModel(t, pointwise(tok.Size(), 16), tok, 16, 1)
	g := m.generator(t, 1)
	o := Options{Sampling: Sampling{Temperature: 1}, Tokens: 20000}
	got := collect(t, g, []string{""}, o)[0]
	last := len(got.tokens) - 1
	if got.ending != EndOfText || slices.Index(got.tokens, tok.EndOfText()) != last {
		t.Errorf("%d tokens, %s, the token between documents is number %d", last+1, got.ending, slices.Index(got.tokens, tok.EndOfText()))
	}
	o.KeepGoing, o.Tokens = true, last+10
	if on := collect(t, g, []string{""}, o)[0]; on.ending != AtTokens || !slices.Equal(on.tokens[:last+1], got.tokens) {
		t.Errorf("%d tokens, %s", len(on.tokens), on.ending)
	}
}

// TestPiecesAreWholeCharacters: the bytes of a character come at once.
func TestPiecesAreWholeCharacters(t *testing.T) {
	s := newStream(tokenizer.Bytes(), []string{"€€"})
	var text string
	for _, b := range []byte("ä€ß€\xff€x€") {
		piece, stopped := s.next(int32(b))
		if stopped || strings.ToValidUTF8(piece, "") != piece {
			t.Errorf("piece %q", piece)
		}
		text += piece
	}
	if text != "ä€ß€\ufffd€x" {
		t.Errorf("%q before the end", text)
	}
	if rest, stopped := s.flush(); rest != "€" || stopped {
		t.Errorf("%q at the end", rest)
	}
}

func TestGenerateRefuses(t *testing.T) {
	tok := chars(t)
	m := newModel(t, pointwise(tok.Size(), 16), tok, 16, 1)
	g := m.generator(t, 1)
	for want, c := range map[string]struct {
		prompts []string
		o       Options
	}{
		"prompt 1: tokenizer: character 'Q'": {[]string{"a", "bQ"}, Options{}},
		"the temperature is -1":              {[]string{"a"}, Options{Sampling: Sampling{Temperature: -1}}},
		"-3 tokens":                          {[]string{"a"}, Options{Tokens: -3}},
		"an empty stop string":               {[]string{"a"}, Options{Stop: []string{""}}},
	} {
		n := 0
		for _, err := range g.GenerateAll(context.Background(), c.prompts, c.o) {
			if n++; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d pieces", want, n)
		}
	}
	if _, err := New(m.engine, m.vars, m.layer, tok, Config{}); err == nil {
		t.Error("a context of 0")
	}
	small := newModel(t, pointwise(5, 16), tok, 16, 1)
	if _, err := New(small.engine, small.vars, small.layer, tok, Config{Context: 16}); err == nil || !strings.Contains(err.Error(), "the model has 5 tokens, its tokenizer 31") {
		t.Errorf("a model of fewer tokens: %v", err)
	}
}

// TestGenerateStops: at the end of the context that it is given, and when the
// caller has enough.
func TestGenerateStops(t *testing.T) {
	tok := chars(t)
	g := newModel(t, pointwise(tok.Size(), 16), tok, 16, 1).generator(t, 2)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	why, n := errors.New("enough"), 0
	for _, err := range g.GenerateAll(ctx, []string{"a", "b"}, Options{}) {
		if n++; n == 7 {
			cancel(why)
		}
		if err != nil && (err != why || n != 9) { // the pieces of the step are still given
			t.Errorf("piece %d: %v", n, err)
		}
	}
	if n != 9 {
		t.Errorf("%d pieces", n)
	}
	for range g.GenerateAll(context.Background(), []string{"a", "b"}, Options{}) {
		break
	}
	if got := collect(t, g, []string{"a"}, Options{Tokens: 3})[0]; len(got.tokens) != 3 {
		t.Errorf("afterwards %d tokens", len(got.tokens))
	}
}

// TestBrokenWeights: logits that are not finite are an error that says where.
func TestBrokenWeights(t *testing.T) {
	tok := chars(t)
	m := newModel(t, pointwise(tok.Size(), 16), tok, 16, 1)
	bias := tensor.New(tensor.F32, tok.Size())
	bias.F32()[3] = float32(math.NaN())
	if err := m.vars.Write("out.bias", bias); err != nil {
		t.Fatal(err)
	}
	for _, err := range m.generator(t, 2).Generate(context.Background(), "abc", Options{}) {
		if err == nil || !strings.Contains(err.Error(), "the largest logit at position 3 is NaN") {
			t.Errorf("got %v", err)
		}
	}
}

// TestEmptyPrompt: a text begins with what its tokenizer has.
func TestEmptyPrompt(t *testing.T) {
	for text, want := range map[string]string{"b\na ": "\n", "b a": " ", "ba": "a"} {
		tok, err := tokenizer.Chars(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.AppendToken(nil, beginning(tok)); string(got) != want {
			t.Errorf("%q begins with %q, want %q", text, got, want)
		}
	}
}
