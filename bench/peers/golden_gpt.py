"""Golden values of transformers from Hugging Face's models in PyTorch.

    .venv/bin/python golden_gpt.py ../../internal/numtest/golden

Writes gpt2.safetensors and llama.safetensors, small random models of the forms of
GPT2LMHeadModel and LlamaForCausalLM under their own names, and transformers.json: tokens,
the logits of both models, the losses of 100 updates of the first, and encoders of PyTorch's
own layers with their gradients, in float64 on one thread. internal/numtest/golden/README.md describes the files.
"""
import copy
import json
import os
import sys

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaRMSNorm, LlamaRotaryEmbedding

torch.set_num_threads(1)
GEN = torch.Generator().manual_seed(20240301)
VOCAB, CONTEXT, UPDATES, BATCHES, BATCH = 65, 16, 100, 8, 4


def random_weights(model, scale):
    """Normal values: matrices and biases of a scale, norms around 1."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            norm = p.dim() == 1 and name.endswith("weight")
            p.copy_(torch.randn(p.shape, generator=GEN) * scale + (1.0 if norm else 0.0))
    return model.eval()


def gpt2():
    return GPT2LMHeadModel(GPT2Config(
        vocab_size=VOCAB, n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=2, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=0, eos_token_id=0, attn_implementation="eager"))


def llama():
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=31, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=CONTEXT, rms_norm_eps=1e-5, tie_word_embeddings=False, attn_implementation="sdpa"))


class Angles(torch.nn.Module):
    """Llama's rotary embedding in the type of its input; theirs is in float32."""

    def __init__(self, config):
        super().__init__()
        self.dim, self.base = config.hidden_size // config.num_attention_heads, config.rope_parameters["rope_theta"]

    def forward(self, x, position_ids):
        turns = self.base ** (-torch.arange(0, self.dim, 2, dtype=x.dtype) / self.dim)
        angle = torch.cat(2 * (position_ids[..., None].to(x.dtype) * turns,), dim=-1)
        return angle.cos(), angle.sin()


def wide(model):
    """A copy in float64, also where Llama's code goes to float32 whatever the model's type."""
    model = copy.deepcopy(model).double()
    for name, module in list(model.named_modules()):
        if isinstance(module, LlamaRMSNorm):
            norm = torch.nn.RMSNorm(module.weight.shape, eps=module.variance_epsilon, dtype=torch.float64)
            norm.weight = module.weight
            model.set_submodule(name, norm)
        elif isinstance(module, LlamaRotaryEmbedding):
            model.set_submodule(name, Angles(model.config))
    return model


def text(rows, length, vocab):
    """Tokens that follow from the one before, but for one in eight."""
    x = torch.randint(vocab, (rows, length), generator=GEN)
    free = torch.rand(rows, length, generator=GEN) < 0.125
    for t in range(1, length):
        x[:, t] = torch.where(free[:, t], x[:, t], (7 * x[:, t - 1] + 3) % vocab)
    return x


def save(model, path):
    """A file as save_pretrained writes it: a tied output is left out."""
    kept = {n: p.detach().float().contiguous() for n, p in model.named_parameters()}
    save_file(kept, path, metadata={"format": "pt"})
    print(f"{path}: {len(kept)} tensors, {os.path.getsize(path)} bytes")


def logits(model, x):
    with torch.no_grad():
        y = wide(model)(x).logits
        y32 = model.float()(x).logits
    error = ((y32.double() - y).abs().max() / max(1.0, y.abs().max())).item()
    return {"tokens": x.tolist(), "logits": y.reshape(-1).tolist(), "float32_error": float(f"{error:.2g}")}


def losses(model, batches, dtype):
    """AdamW as nanoGPT has it: weight decay of what has two axes, gradients clipped."""
    model = copy.deepcopy(model).to(dtype).train()
    params = list(model.parameters())
    groups = [{"params": [p for p in params if p.dim() >= 2], "weight_decay": 0.1},
              {"params": [p for p in params if p.dim() < 2], "weight_decay": 0.0}]
    opt = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))
    out = []
    for u in range(UPDATES):
        b = batches[u % len(batches)]
        y = model(b[:, :-1]).logits
        loss = F.cross_entropy(y.reshape(-1, VOCAB), b[:, 1:].reshape(-1))
        out.append(loss.item())
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
    return out


def ours(name, p):
    """PyTorch's TransformerEncoderLayer under the names and in the layout of our blocks."""
    parts = {"self_attn.in_proj_": "attn.c_attn.", "self_attn.out_proj.": "attn.c_proj.", "linear1.": "mlp.c_fc.", "linear2.": "mlp.c_proj.",
             "norm1.": "ln_1.", "norm2.": "ln_2.", "layers.": "h."}
    for theirs, our in parts.items():
        name = name.replace(theirs, our)
    return name, p.T if p.dim() == 2 and name.startswith("h.") else p


def encoder(norm_first):
    """A text encoder of PyTorch's layers: padded texts to the mean over their tokens."""
    vocab, context, dim, rows = 7, 6, 8, 3
    layer = torch.nn.TransformerEncoderLayer(dim, 2, 10, 0.0, "gelu", batch_first=True, norm_first=norm_first, dtype=torch.float64)
    body = torch.nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
    parts = torch.nn.ModuleDict({"wte": torch.nn.Embedding(vocab, dim), "wpe": torch.nn.Embedding(context, dim),
                                 "ln_f" if norm_first else "ln_0": torch.nn.LayerNorm(dim)}).double()
    random_weights(body, 0.5)
    random_weights(parts, 0.5)
    x, lengths = torch.randint(vocab, (rows, context), generator=GEN), torch.tensor([6, 4, 1])
    pad = torch.arange(context) >= lengths[:, None]
    h = parts["wte"](x) + parts["wpe"].weight
    h = body(h, src_key_padding_mask=pad) if norm_first else body(parts["ln_0"](h), src_key_padding_mask=pad)
    h = (parts["ln_f"](h) if norm_first else h).masked_fill(pad[:, :, None], 0.0)
    y = h.sum(1) / lengths[:, None]
    dy = torch.randn(y.shape, generator=GEN, dtype=torch.float64)
    y.backward(dy)
    named = [ours(n, t) for n, t in list(parts.named_parameters()) + list(body.named_parameters())]
    grads = [ours(n, t.grad) for n, t in list(parts.named_parameters()) + list(body.named_parameters())]
    return {"post_norm": not norm_first, "tokens": x.reshape(-1).tolist(), "lengths": lengths.tolist(), "output": y.reshape(-1).tolist(),
            "dy": dy.reshape(-1).tolist(), "params": {n: t.reshape(-1).tolist() for n, t in named},
            "grads": {n: t.reshape(-1).tolist() for n, t in grads}}


def main(out):
    small, turned = random_weights(gpt2(), 0.08), random_weights(llama(), 0.2)
    save(small, os.path.join(out, "gpt2.safetensors"))
    save(turned, os.path.join(out, "llama.safetensors"))
    batches = [text(BATCH, CONTEXT + 1, VOCAB) for _ in range(BATCHES)]
    double, single = losses(small, batches, torch.float64), losses(small, batches, torch.float32)
    worst = max(abs(a - b) / b for a, b in zip(single, double))
    case = {"torch": torch.__version__, "transformers": transformers.__version__,
            "gpt2": logits(small, text(1, CONTEXT, VOCAB)), "llama": logits(turned, text(1, CONTEXT - 3, 31)),
            "encoders": [encoder(True), encoder(False)],
            "training": {"batches": [b.tolist() for b in batches], "losses": double, "float32_error": float(f"{worst:.2g}")}}
    path = os.path.join(out, "transformers.json")
    with open(path, "w") as f:
        json.dump(case, f, separators=(",", ":"))
        f.write("\n")
    print(f"{path}: {os.path.getsize(path)} bytes; losses {double[0]:.4f} to {double[-1]:.4f}, float32 within {worst:.2g}")


main(sys.argv[1])
