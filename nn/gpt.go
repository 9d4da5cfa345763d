package nn

import "github.com/descent-ml/descent/graph"

// GPTConfig describes a language model.
type GPTConfig struct {
	Vocab   int // tokens that there are
	Context int // positions at most
	Layers  int // blocks
	Heads   int // of attention, a divisor of Dim
	KVHeads int // heads of keys and values, a divisor of Heads; 0 is Heads
	Dim     int // channels
	Hidden  int // channels inside the MLP; 0 is 4·Dim, for "swiglu" 8/3·Dim rounded up to a multiple of 64

	Dropout   float64 // of embeddings, of the probabilities of attention, of what blocks add
	Bias      bool    // of linear layers and layer norms
	Norm      string  // "layer" or "rms"
	Eps       float64 // of norms; 0 is 1e-5, for "rms" 1e-6
	MLP       string  // "gelu", "gelu_tanh" or "swiglu"
	Positions string  // "learned", "sinusoidal" or "rotary"
	Base      float64 // of rotary positions; 0 is 10000
	Tied      bool    // the output uses the embeddings of tokens (Press, Wolf, arXiv:1608.05859)
}

// DefaultGPT is GPT-2's form, in the size of its smallest model: 124,439,808
// parameters (Radford et al., 2019). Dropout is 0; GPT-2 was trained with 0.1.
func DefaultGPT() GPTConfig {
	return GPTConfig{
		Vocab: 50257, Context: 1024, Layers: 12, Heads: 12, Dim: 768,
		Bias: true, Norm: "layer", MLP: "gelu_tanh", Positions: "learned", Tied: true,
	}
}

type gpt struct{ GPTConfig }

// GPT is a decoder-only transformer: i32 tokens (T), T at most Context, to the
// scores (T, Vocab) of the token that follows each. Parameters are named and
// laid out as in Hugging Face's GPT2LMHeadModel: "transformer.wte.weight",
// "transformer.wpe.weight", "transformer.h.0.…" (see Block),
// "transformer.ln_f.weight", and "lm_head.weight" unless the output is tied;
// HuggingFace adapts files to them. With "rms", "swiglu", "rotary", no biases
// and an output of its own it is Llama's form (Touvron et al.,
// arXiv:2302.13971). First values: see Block; embeddings and the output start
// from N(0, 0.02²).
func GPT(c GPTConfig) Layer { return gpt{c} }

func (g gpt) Build(c *Context, x *graph.Node) *graph.Node {
	if c.missing("nn.GPT", x) {
		return c.failed()
	}
	t := g.trunk()
	if reason := t.fault(c, x); reason != "" {
		return c.Failf("nn.GPT", []*graph.Node{x}, "%s", reason)
	}
	h := c.Apply("transformer", t, x)
	if g.Tied {
		return c.LinearT(h, t.table(c, "transformer"))
	}
	return c.Apply("lm_head", Dense(g.Vocab).NoBias().Init(smallNormal), h)
}

func (g GPTConfig) trunk() trunk {
	t := trunk{
		vocab: g.Vocab, context: g.Context, layers: g.Layers, dim: g.Dim, positions: g.Positions, dropout: g.Dropout,
		block: BlockConfig{
			Heads: g.Heads, KVHeads: g.KVHeads, Hidden: g.Hidden, Layers: g.Layers, Causal: true,
			Bias: g.Bias, Dropout: g.Dropout, Norm: g.Norm, Eps: g.Eps, MLP: g.MLP,
		},
	}
	t.turn(g.Base)
	return t
}

// String returns, for example, "GPT(4 layers, 4 heads, 128 channels)".
func (g gpt) String() string { return "GPT(" + g.trunk().size() + ")" }
