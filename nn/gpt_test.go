package nn_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/numtest"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// tokens declares a text of n tokens.
func tokens(n int) nn.Input {
	return nn.Input{Name: "x", DType: tensor.I32, Shape: tensor.Shape{n}}
}

var textLength = nn.Input{Name: "length", DType: tensor.I32}

// tinyGPT is GPT-2's form in a small size, changed by the functions given.
func tinyGPT(change ...func(c *nn.GPTConfig)) nn.GPTConfig {
	c := nn.DefaultGPT()
	c.Vocab, c.Context, c.Layers, c.Heads, c.Dim = 7, 12, 2, 2, 8
	for _, f := range change {
		f(&c)
	}
	return c
}

// llamaForm is a language model with all that GPT-2 has not.
func llamaForm(c *nn.GPTConfig) {
	c.Heads, c.KVHeads, c.Hidden = 4, 2, 6
	c.Bias, c.Norm, c.MLP, c.Positions, c.Tied = false, "rms", "swiglu", "rotary", false
}

// tinyEncoder is an encoder in a small size, changed likewise.
func tinyEncoder(change ...func(c *nn.EncoderConfig)) nn.EncoderConfig {
	c := nn.DefaultEncoder()
	c.Vocab, c.Context, c.Layers, c.Heads, c.Dim, c.Hidden = 7, 12, 1, 2, 4, 6
	for _, f := range change {
		f(&c)
	}
	return c
}

// TestTransformerNames: parameters are those of Hugging Face's GPT2LMHeadModel,
// in their shapes.
func TestTransformerNames(t *testing.T) {
	one := func(c *nn.GPTConfig) { c.Layers = 1 }
	for _, c := range []struct {
		name  string
		model nn.Layer
		in    nn.Input
		want  string
	}{
		{"GPT-2", nn.GPT(tinyGPT(one)), tokens(5), `transformer.wte.weight f32[7 8], transformer.wpe.weight f32[12 8],
			transformer.h.0.ln_1.weight f32[8], transformer.h.0.ln_1.bias f32[8],
			transformer.h.0.attn.c_attn.weight f32[8 24], transformer.h.0.attn.c_attn.bias f32[24],
			transformer.h.0.attn.c_proj.weight f32[8 8], transformer.h.0.attn.c_proj.bias f32[8],
			transformer.h.0.ln_2.weight f32[8], transformer.h.0.ln_2.bias f32[8],
			transformer.h.0.mlp.c_fc.weight f32[8 32], transformer.h.0.mlp.c_fc.bias f32[32],
			transformer.h.0.mlp.c_proj.weight f32[32 8], transformer.h.0.mlp.c_proj.bias f32[8],
			transformer.ln_f.weight f32[8], transformer.ln_f.bias f32[8]`},
		{"Llama", nn.GPT(tinyGPT(one, llamaForm)), tokens(5), `transformer.wte.weight f32[7 8], transformer.h.0.ln_1.weight f32[8],
			transformer.h.0.attn.c_attn.weight f32[8 16], transformer.h.0.attn.c_proj.weight f32[8 8], transformer.h.0.ln_2.weight f32[8],
			transformer.h.0.mlp.c_fc.weight f32[8 6], transformer.h.0.mlp.c_gate.weight f32[8 6], transformer.h.0.mlp.c_proj.weight f32[6 8],
			transformer.ln_f.weight f32[8], lm_head.weight f32[8 7]`},
		{"encoder", nn.Encoder(tinyEncoder(func(c *nn.EncoderConfig) { c.Bias, c.PostNorm = false, true })), tokens(5),
			`wte.weight f32[7 4], wpe.weight f32[12 4], ln_0.weight f32[4],
			h.0.attn.c_attn.weight f32[4 12], h.0.attn.c_proj.weight f32[4 4], h.0.ln_1.weight f32[4],
			h.0.mlp.c_fc.weight f32[4 6], h.0.mlp.c_proj.weight f32[6 4], h.0.ln_2.weight f32[4]`},
		{"layers", nn.Sequential(nn.Attention(2).KVHeads(1).NoBias(), nn.Block(nn.BlockConfig{Heads: 1, Hidden: 3, Norm: "rms", MLP: "gelu"})), x(5, 4),
			`0.c_attn.weight f32[4 8], 0.c_proj.weight f32[4 4], 1.ln_1.weight f32[4], 1.attn.c_attn.weight f32[4 12], 1.attn.c_proj.weight f32[4 4],
			1.ln_2.weight f32[4], 1.mlp.c_fc.weight f32[4 3], 1.mlp.c_proj.weight f32[3 4]`},
	} {
		g, err := nn.Forward(c.model, c.in)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got, want := strings.Join(names(g), ", "), strings.Join(strings.Fields(c.want), " "); got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

// TestGPTSize: GPT-2's smallest model has the parameters that it is known for,
// and a training graph of it takes no memory.
func TestGPTSize(t *testing.T) {
	rows, err := nn.Summary(nn.GPT(nn.DefaultGPT()), tokens(1024))
	if err != nil {
		t.Fatal(err)
	}
	var params int64
	for _, r := range rows {
		params += r.Params
	}
	if params != 124_439_808 {
		t.Errorf("%d parameters, want 124,439,808", params)
	}
}

// TestTransformerShapes: a text may be shorter than the context.
func TestTransformerShapes(t *testing.T) {
	for _, c := range []struct {
		model nn.Layer
		in    []nn.Input
		want  string
	}{
		{nn.GPT(tinyGPT()), []nn.Input{tokens(12)}, "f32[B 12 7]"},
		{nn.GPT(tinyGPT()), []nn.Input{tokens(1)}, "f32[B 1 7]"},
		{nn.GPT(tinyGPT(llamaForm)), []nn.Input{tokens(5)}, "f32[B 5 7]"},
		{nn.GPT(tinyGPT(func(c *nn.GPTConfig) { c.Positions = "sinusoidal" })), []nn.Input{tokens(5)}, "f32[B 5 7]"},
		{nn.Encoder(tinyEncoder()), []nn.Input{tokens(5)}, "f32[B 4]"},
		{nn.Sequential(nn.Encoder(tinyEncoder(func(c *nn.EncoderConfig) { c.Pool = "first" })), nn.Dense(3)), []nn.Input{tokens(5), textLength}, "f32[B 3]"},
		{nn.Encoder(tinyEncoder(func(c *nn.EncoderConfig) { c.Pool = "max" })), []nn.Input{tokens(5), textLength}, "f32[B 4]"},
		{nn.Attention(2).Causal(), []nn.Input{x(5, 4)}, "f32[B 5 4]"},
	} {
		g, err := nn.Forward(c.model, c.in...)
		if err != nil {
			t.Errorf("%v: %v", c.model, err)
		} else if got := g.Output("pred").Shape.String(); got != c.want {
			t.Errorf("%v: %s, want %s", c.model, got, c.want)
		}
	}
}

// TestTransformerInit: first values are nanoGPT's.
func TestTransformerInit(t *testing.T) {
	g, err := nn.Forward(nn.GPT(tinyGPT(func(c *nn.GPTConfig) { c.Layers, c.Tied = 8, false })), tokens(5))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range g.Vars {
		want := graph.Init{Rule: "normal", B: 0.02}
		switch name := v.Attr.Name; {
		case strings.Contains(name, ".ln_") && strings.HasSuffix(name, "weight"):
			want = graph.Init{Rule: "constant", A: 1}
		case strings.HasSuffix(name, "bias"):
			want = graph.Init{Rule: "zeros"}
		case strings.HasSuffix(name, "c_proj.weight"):
			want.B = 0.005 // 0.02/√16
		case name == "lm_head.weight":
			want.Transposed = true
		}
		got := v.Attr.Init
		if got.Rule != want.Rule || got.A != want.A || math.Abs(got.B-want.B) > 1e-15 || got.Transposed != want.Transposed {
			t.Errorf("%s starts as %+v, want %+v", v.Attr.Name, got, want)
		}
	}
}

// TestTransformerDropout: dropout in training only, each with a stream of its
// own.
func TestTransformerDropout(t *testing.T) {
	streams := func(train bool) (all []string) {
		var b graph.Builder
		c := nn.NewContext(&b, train, tokens(5))
		b.Output("y", c.Model(nn.Encoder(tinyEncoder(func(c *nn.EncoderConfig) { c.WordDropout = 0.1 }))))
		g, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range g.Nodes {
			if s := n.Attr.Attention.Stream; s != "" {
				all = append(all, s)
			}
			if n.Op.Class == graph.Random {
				all = append(all, n.Attr.Name)
			}
		}
		return all
	}
	if got := streams(false); got != nil {
		t.Errorf("streams %v outside training", got)
	}
	want := []string{"words", "dropout", "h.0.attn.attention", "h.0.dropout", "h.0.dropout.1"}
	if got := streams(true); !slices.Equal(got, want) {
		t.Errorf("streams %v, want %v", got, want)
	}
}

// TestTransformerMistakes: configurations that cannot be are errors that say
// why, with the line of the caller.
func TestTransformerMistakes(t *testing.T) {
	gpt := func(f func(c *nn.GPTConfig)) nn.Layer { return nn.GPT(tinyGPT(f)) }
	encoder := func(f func(c *nn.EncoderConfig)) nn.Layer { return nn.Encoder(tinyEncoder(f)) }
	for _, c := range []struct {
		want  string
		model nn.Layer
		in    nn.Input
	}{
		{"vocab 0, context 12, layers 2, dim 8, want at least 1 of each", gpt(func(c *nn.GPTConfig) { c.Vocab = 0 }), tokens(5)},
		{"dim 8 and heads 3, want a dim that divides", gpt(func(c *nn.GPTConfig) { c.Heads = 3 }), tokens(5)},
		{"0 heads, want at least 1", gpt(func(c *nn.GPTConfig) { c.Heads = 0 }), tokens(5)},
		{"3 heads of keys and values, want a divisor of the 4 heads", gpt(func(c *nn.GPTConfig) { c.Heads, c.KVHeads = 4, 3 }), tokens(5)},
		{"-1 hidden channels", gpt(func(c *nn.GPTConfig) { c.Hidden = -1 }), tokens(5)},
		{"dropout 1, want", gpt(func(c *nn.GPTConfig) { c.Dropout = 1 }), tokens(5)},
		{"eps -1, want", gpt(func(c *nn.GPTConfig) { c.Eps = -1 }), tokens(5)},
		{`norm "batch", want layer or rms`, gpt(func(c *nn.GPTConfig) { c.Norm = "batch" }), tokens(5)},
		{`mlp "relu", want gelu or gelu_tanh or swiglu`, gpt(func(c *nn.GPTConfig) { c.MLP = "relu" }), tokens(5)},
		{`positions "", want learned or sinusoidal or rotary`, gpt(func(c *nn.GPTConfig) { c.Positions = "" }), tokens(5)},
		{"heads of 1 channels, want an even number", gpt(func(c *nn.GPTConfig) { c.Heads, c.Positions = 8, "rotary" }), tokens(5)},
		{"rotary base -1", gpt(func(c *nn.GPTConfig) { c.Base, c.Positions = -1, "rotary" }), tokens(5)},
		{"13 tokens and a context of 12", gpt(func(c *nn.GPTConfig) {}), tokens(13)},
		{"want an example of tokens", gpt(func(c *nn.GPTConfig) {}), x(5)},
		{"want an example of tokens", gpt(func(c *nn.GPTConfig) {}), nn.Input{Name: "x", DType: tensor.I32}},
		{"no input", gpt(func(c *nn.GPTConfig) {}), textLength},
		{`pool "sum", want mean or first or max`, encoder(func(c *nn.EncoderConfig) { c.Pool = "sum" }), tokens(5)},
		{"word dropout 2", encoder(func(c *nn.EncoderConfig) { c.WordDropout = 2 }), tokens(5)},
		{"4 channels do not divide among 3 heads", nn.Attention(3), x(5, 4)},
		{"want an example of positions and channels", nn.Attention(2), x(4)},
		{"make the layer with Attention", nn.AttentionLayer{}, x(5, 4)},
		{"0 heads, want at least 1", nn.Block(nn.BlockConfig{}), x(5, 4)},
	} {
		_, err := nn.Forward(c.model, c.in)
		var e *graph.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.Contains(e.Pos, "gpt_test.go") {
			t.Errorf("%v: error %v, want %q and this file", c.model, err, c.want)
		}
	}
}

// TestTransformerGradients checks whole models: every form, with padding and
// with segments.
func TestTransformerGradients(t *testing.T) {
	small := func(c *nn.GPTConfig) { c.Layers, c.Context, c.Vocab = 1, 5, 5 }
	for name, c := range map[string]struct {
		model   nn.Layer
		padded  bool
		segment float64
	}{
		"GPT-2":      {model: nn.GPT(tinyGPT(small))},
		"Llama":      {model: nn.GPT(tinyGPT(small, llamaForm))},
		"multiquery": {model: nn.GPT(tinyGPT(small, func(c *nn.GPTConfig) { c.KVHeads, c.MLP = 1, "gelu" }))},
		"sinusoidal": {model: nn.GPT(tinyGPT(small, func(c *nn.GPTConfig) { c.Positions = "sinusoidal" })), segment: 2},
		"segments":   {model: nn.GPT(tinyGPT(small)), segment: 3},
		"turned":     {model: nn.GPT(tinyGPT(small, llamaForm)), segment: 2},
		"encoder":    {model: nn.Sequential(nn.Encoder(tinyEncoder()), nn.Dense(3)), padded: true},
		"post-norm":  {model: nn.Encoder(tinyEncoder(func(c *nn.EncoderConfig) { c.PostNorm, c.Pool = true, "first" })), padded: true},
		"max":        {model: nn.Encoder(tinyEncoder(func(c *nn.EncoderConfig) { c.Pool, c.Positions = "max", "rotary" })), padded: true},
	} {
		t.Run(name, func(t *testing.T) {
			numtest.CheckGradient(t, numtest.NewMaker(name, 3), func(m *numtest.Maker) *graph.Node {
				return onMaker(t, m, c.model, c.padded, c.segment)
			})
		})
	}
}

// onMaker builds a model of five tokens over random values, which are leaves.
func onMaker(t *testing.T, m *numtest.Maker, model nn.Layer, padded bool, segment float64) *graph.Node {
	g, err := nn.Forward(model, tokens(5))
	if err != nil {
		t.Fatal(err)
	}
	params := map[string]*graph.Node{}
	for _, v := range g.Vars {
		params[v.Attr.Name] = m.Update(numtest.Normal, v.Shape.Dims...)
	}
	c := nn.NewContext(&m.Builder, false)
	c.Inputs["x"] = m.Index(5, 5)
	if padded {
		c.Inputs["length"] = m.Index(6)
	}
	if segment > 0 {
		c.Segment = m.Number("segment", segment)
	}
	return c.At(params).Model(model)
}
