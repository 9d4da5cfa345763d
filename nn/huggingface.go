package nn

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/tensor"
)

// HuggingFace returns the tensors of a file from Hugging Face under the names
// and in the layout of GPT; has tells which names the model has. What the model
// has as it is, is left alone, so files of our own pass unchanged.
//
// Of GPT-2 it takes names with or without "transformer.", and leaves out the
// buffers of attention (attn.bias, attn.masked_bias) and an lm_head.weight that
// repeats the embeddings where the model's output is tied. Of Llama it turns
// the matrices, (out, in) there, joins q_proj, k_proj and v_proj, and leaves out
// rotary_emb.inv_freq. ts is not changed; what is not turned is shared with it.
func HuggingFace(ts map[string]*tensor.Tensor, has func(name string) bool) map[string]*tensor.Tensor {
	out := maps.Clone(ts)
	if ts["model.embed_tokens.weight"] != nil && !has("model.embed_tokens.weight") {
		fromLlama(out)
	}
	for name, t := range maps.Clone(out) {
		switch {
		case has(name):
		case has("transformer." + name):
			delete(out, name)
			out["transformer."+name] = t
		case strings.HasSuffix(name, ".attn.bias"), strings.HasSuffix(name, ".attn.masked_bias"), strings.HasSuffix(name, ".rotary_emb.inv_freq"):
			delete(out, name)
		}
	}
	if head := out["lm_head.weight"]; !has("lm_head.weight") && same(head, out["transformer.wte.weight"]) {
		delete(out, "lm_head.weight")
	}
	return out
}

// same reports whether two f32 tensors are there and have the same elements.
func same(a, b *tensor.Tensor) bool {
	return a != nil && b != nil && a.DType() == tensor.F32 && b.DType() == tensor.F32 && slices.Equal(a.F32(), b.F32())
}

// llamaNames are the parts of Llama's names, and ours.
var llamaNames = strings.NewReplacer(
	"model.embed_tokens.", "transformer.wte.", "model.norm.", "transformer.ln_f.", "model.layers.", "transformer.h.",
	".input_layernorm.", ".ln_1.", ".post_attention_layernorm.", ".ln_2.", ".self_attn.o_proj.", ".attn.c_proj.",
	".mlp.gate_proj.", ".mlp.c_gate.", ".mlp.up_proj.", ".mlp.c_fc.", ".mlp.down_proj.", ".mlp.c_proj.")

// fromLlama changes the tensors of Llama to those of GPT.
func fromLlama(ts map[string]*tensor.Tensor) {
	for layer := 0; ; layer++ {
		attn := "model.layers." + strconv.Itoa(layer) + ".self_attn."
		q, k, v := attn+"q_proj.weight", attn+"k_proj.weight", attn+"v_proj.weight"
		if !matrices(ts[q], ts[k], ts[v]) {
			break
		}
		ts["transformer.h."+strconv.Itoa(layer)+".attn.c_attn.weight"] = sideBySide(ts[q], ts[k], ts[v])
		delete(ts, q)
		delete(ts, k)
		delete(ts, v)
	}
	for name, t := range maps.Clone(ts) {
		ours := llamaNames.Replace(name)
		if ours == name {
			continue
		}
		delete(ts, name)
		if matrices(t) && ours != "transformer.wte.weight" {
			t = sideBySide(t)
		}
		ts[ours] = t
	}
}

// matrices reports whether all tensors are f32 matrices with rows of one length.
func matrices(ts ...*tensor.Tensor) bool {
	return !slices.ContainsFunc(ts, func(t *tensor.Tensor) bool {
		return t == nil || t.DType() != tensor.F32 || len(t.Shape()) != 2 || t.Shape()[1] != ts[0].Shape()[1]
	})
}

// sideBySide returns the transposes of matrices (outᵢ, in) as one, (in, Σ outᵢ).
func sideBySide(ts ...*tensor.Tensor) *tensor.Tensor {
	in, width, from := ts[0].Shape()[1], 0, 0
	for _, t := range ts {
		width += t.Shape()[0]
	}
	y := tensor.New(tensor.F32, in, width)
	for _, t := range ts {
		for o := range t.Shape()[0] {
			for i, v := range t.F32()[o*in : (o+1)*in] {
				y.F32()[i*width+from+o] = v
			}
		}
		from += t.Shape()[0]
	}
	return y
}
