package config

import (
	"fmt"

	"github.com/descent-ml/descent/nn"
)

// transformer is what the models of text have in common.
type transformer struct {
	layers, heads, kvHeads int // kvHeads 0: heads
	dim, hidden            int // hidden 0: by dim
	vocab, context         int // 0: what the data have
	dropout, eps, base     float64
	bias                   bool
	norm, mlp, positions   string
}

func (o *transformer) keys() fields {
	size := func(key string, p *int) field { return field{key: key, codec: count{p: p, low: 1}} }
	auto := func(key string, p *int) field { return field{key: key, codec: count{p: p, low: 1, auto: "auto"}} }
	return fields{
		size("layers", &o.layers), size("heads", &o.heads), auto("kv_heads", &o.kvHeads), size("dim", &o.dim), auto("hidden", &o.hidden),
		auto("vocab", &o.vocab), auto("context", &o.context),
		{key: "dropout", codec: number{&o.dropout, fraction}},
		{key: "bias", codec: flag{&o.bias}},
		{key: "norm", codec: word{&o.norm, []string{"layer", "rms"}}},
		{key: "eps", codec: number{&o.eps, aboveZero}},
		{key: "mlp", codec: word{&o.mlp, []string{"gelu", "gelu_tanh", "swiglu"}}},
		{key: "positions", codec: word{&o.positions, []string{"learned", "sinusoidal", "rotary"}}},
		{key: "rotary_base", codec: number{&o.base, aboveOne}},
	}
}

// fault says what is wrong between the options, "" if nothing is.
func (o *transformer) fault() string {
	switch {
	case o.dim%o.heads != 0:
		return fmt.Sprintf("dim %d does not divide among heads: %d", o.dim, o.heads)
	case o.kvHeads > 0 && o.heads%o.kvHeads != 0:
		return fmt.Sprintf("kv_heads %d does not divide heads: %d", o.kvHeads, o.heads)
	case o.positions == "rotary" && o.dim/o.heads%2 != 0:
		return fmt.Sprintf("positions rotary wants heads of an even size, not %d (dim %d, heads %d)", o.dim/o.heads, o.dim, o.heads)
	}
	return ""
}

// settle gives the model the vocabulary and the context of the data.
func (o *transformer) settle(m *modelContext) {
	if o.vocab == 0 {
		o.vocab = m.vocab
	}
	if o.context == 0 {
		o.context = m.context
	}
}

// ready settles the options, and notes if there is no text.
func (o *transformer) ready(m *modelContext, kind string) {
	o.settle(m)
	if (o.vocab == 0 || o.context == 0) && m.err == nil {
		m.err = fmt.Errorf("config: the model %s reads text, but the data have none (or set its vocab and context)", kind)
	}
	m.holds(kind, "vocab", o.vocab)
}

// gpt is a language model.
type gpt struct {
	transformer
	tied bool
}

func newGPT() *gpt {
	return &gpt{transformer{layers: 4, heads: 4, dim: 128, bias: true, norm: "layer", eps: 1e-5, mlp: "gelu_tanh", positions: "learned", base: 10000}, true}
}

func (g *gpt) keys() fields {
	return append(g.transformer.keys(), field{key: "tied", codec: flag{&g.tied}})
}

func (g *gpt) build(m *modelContext) nn.Layer {
	o := g.transformer
	o.ready(m, "gpt")
	return nn.GPT(nn.GPTConfig{
		Vocab: o.vocab, Context: o.context, Layers: o.layers, Heads: o.heads, KVHeads: o.kvHeads, Dim: o.dim, Hidden: o.hidden,
		Dropout: o.dropout, Bias: o.bias, Norm: o.norm, Eps: o.eps, MLP: o.mlp, Positions: o.positions, Base: o.base, Tied: g.tied,
	})
}

// encoder turns a text to a vector.
type encoder struct {
	transformer
	wordDropout float64
	postNorm    bool
	pool        string
}

func newEncoder() *encoder {
	d := nn.DefaultEncoder()
	return &encoder{
		transformer{layers: d.Layers, heads: d.Heads, dim: d.Dim, dropout: d.Dropout, bias: d.Bias, norm: d.Norm, eps: 1e-5,
			mlp: d.MLP, positions: d.Positions, base: 10000}, 0, false, d.Pool,
	}
}

func (e *encoder) keys() fields {
	return append(e.transformer.keys(),
		field{key: "word_dropout", codec: number{&e.wordDropout, fraction}},
		field{key: "post_norm", codec: flag{&e.postNorm}},
		field{key: "pool", codec: word{&e.pool, []string{"mean", "first", "max"}}})
}

func (e *encoder) build(m *modelContext) nn.Layer {
	o := e.transformer
	o.ready(m, "encoder")
	return nn.Encoder(nn.EncoderConfig{
		Vocab: o.vocab, Context: o.context, Layers: o.layers, Heads: o.heads, KVHeads: o.kvHeads, Dim: o.dim, Hidden: o.hidden,
		Dropout: o.dropout, WordDropout: e.wordDropout, Bias: o.bias, PostNorm: e.postNorm, Norm: o.norm, Eps: o.eps, MLP: o.mlp,
		Positions: o.positions, Base: o.base, Pool: e.pool,
	})
}
