package nn

import (
	"slices"

	"github.com/descent-ml/descent/graph"
)

// EncoderConfig describes an encoder of texts.
type EncoderConfig struct {
	Vocab   int // tokens that there are
	Context int // positions at most
	Layers  int // blocks
	Heads   int // of attention, a divisor of Dim
	KVHeads int // heads of keys and values, a divisor of Heads; 0 is Heads
	Dim     int // channels
	Hidden  int // channels inside the MLP; 0 is 4·Dim, for "swiglu" 8/3·Dim rounded up to a multiple of 64

	Dropout     float64 // of embeddings, of the probabilities of attention, of what blocks add
	WordDropout float64 // of the embeddings of whole tokens, in training
	Bias        bool    // of linear layers and layer norms
	PostNorm    bool    // BERT's order: see BlockConfig
	Norm        string  // "layer" or "rms"
	Eps         float64 // of norms; 0 is 1e-5, for "rms" 1e-6
	MLP         string  // "gelu", "gelu_tanh" or "swiglu"
	Positions   string  // "learned", "sinusoidal" or "rotary"
	Base        float64 // of rotary positions; 0 is 10000
	Pool        string  // "mean", "max": over the tokens of the text; "first": its first token
}

// DefaultEncoder is BERT's form with norms before the parts of a block, in a
// small size; the caller sets Vocab and Context. BERT (Devlin et al., NAACL
// 2019) normalizes behind them, pools the first token, and has segments, which
// this has not.
func DefaultEncoder() EncoderConfig {
	return EncoderConfig{
		Layers: 2, Heads: 4, Dim: 128, Dropout: 0.1,
		Bias: true, Norm: "layer", MLP: "gelu", Positions: "learned", Pool: "mean",
	}
}

type encoder struct{ EncoderConfig }

// Encoder reads a text: i32 tokens (T), T at most Context, to one vector (C).
// Every token sees all others, but for padding: with a field "length", i32 ()
// per example, tokens from there on count for nothing. A classifier is
// Sequential(Encoder(c), Dense(classes)). Parameters are named as those of GPT,
// without "transformer.": "wte.weight", "wpe.weight", "h.0.…", "ln_f.weight"
// (with PostNorm "ln_0.weight", the norm of the embeddings, instead).
func Encoder(c EncoderConfig) Layer { return encoder{c} }

func (e encoder) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.Encoder", x) {
		return c.failed()
	}
	t := e.trunk()
	reason := t.fault(c, x)
	if reason == "" && !slices.Contains(poolKinds, e.Pool) {
		reason = unknown("pool", e.Pool, poolKinds)
	}
	if reason != "" {
		return c.Failf("nn.Encoder", []*graph.Node{x}, "%s", reason)
	}
	h := t.Build(c, x)
	switch e.Pool {
	case "mean":
		return c.MeanOver(h, c.Inputs["length"])
	case "max":
		return c.MaxOver(h, c.Inputs["length"])
	}
	return c.Slice(c.Reshape(h, x.Shape.Last()*e.Dim), 0, e.Dim)
}

func (e EncoderConfig) trunk() trunk {
	t := trunk{
		vocab: e.Vocab, context: e.Context, layers: e.Layers, dim: e.Dim, positions: e.Positions,
		dropout: e.Dropout, wordDropout: e.WordDropout,
		block: BlockConfig{
			Heads: e.Heads, KVHeads: e.KVHeads, Hidden: e.Hidden, Layers: e.Layers, PostNorm: e.PostNorm,
			Bias: e.Bias, Dropout: e.Dropout, Norm: e.Norm, Eps: e.Eps, MLP: e.MLP,
		},
	}
	t.turn(e.Base)
	return t
}

// String returns, for example, "Encoder(2 layers, 4 heads, 128 channels)".
func (e encoder) String() string { return "Encoder(" + e.trunk().size() + ")" }
