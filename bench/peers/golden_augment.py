"""Golden values of changes of images, from Pillow and PyTorch.

    .venv/bin/pip install pillow==13.0.0
    .venv/bin/python golden_augment.py ../../dataset/images/testdata

Writes augment.json: for each case `change`, its `args`, and the `output` (H, W, C) of u8 for
`image` or `gray`, (17, 20, C), as base64. Pillow defines resizing, levels, blends and equalize; PyTorch's
grid_sample in float64 defines affine changes; colorsys defines hues, as torchvision's adjust_hue.
"""
import base64
import colorsys
import json
import math
import os
import sys

import numpy as np
import PIL
import torch
import torch.nn.functional as F
from PIL import Image, ImageEnhance, ImageOps

H, W = 17, 20


def image(channels):
    """Smooth colours with some noise, from black to white."""
    r = np.random.default_rng(7)
    y, x, k = np.meshgrid(np.arange(H), np.arange(W), np.arange(channels), indexing="ij")
    v = 127 + 110 * np.sin(0.3 * x + 0.9 * k) * np.cos(0.25 * y - k) + r.integers(-25, 26, (H, W, channels))
    return np.clip(v, 3, 250).astype(np.uint8)


def pil(a):
    return Image.fromarray(a if a.shape[2] == 3 else a[:, :, 0])


def back(im):
    a = np.asarray(im)
    return a if a.ndim == 3 else a[:, :, None]


def resized(a, top, left, h, w):
    return back(pil(a).crop((left, top, left + w, top + h)).resize((W, H), Image.BILINEAR))


def affine(a, m):
    """m maps the pixel centres of the result to places of the source, as in augment_affine.go."""
    y, x = np.meshgrid(np.arange(H) + 0.5, np.arange(W) + 0.5, indexing="ij")
    sx, sy = m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]
    grid = torch.tensor(np.stack([2 * sx / W - 1, 2 * sy / H - 1], -1))[None]
    out = F.grid_sample(torch.tensor(a.astype(np.float64)).permute(2, 0, 1)[None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return np.floor(out[0].permute(1, 2, 0).numpy() + 0.5).astype(np.uint8)


def rotated(a, degrees):
    s, c, cx, cy = math.sin(math.radians(degrees)), math.cos(math.radians(degrees)), W / 2, H / 2
    return affine(a, (c, -s, cx - c * cx + s * cy, s, c, cy - s * cx - c * cy))


def hue(a, turn):
    out = np.empty_like(a)
    for at in np.ndindex(H, W):
        h, s, v = colorsys.rgb_to_hsv(*(a[at] / 255.0))
        out[at] = np.floor(np.array(colorsys.hsv_to_rgb((h + turn) % 1, s, v)) * 255 + 0.5)
    return out


CHANGES = {
    "resized": resized,
    "rotate": rotated,
    "shear_x": lambda a, v: affine(a, (1, v, 0, 0, 1, 0)),
    "shear_y": lambda a, v: affine(a, (1, 0, 0, v, 1, 0)),
    "brightness": lambda a, f: back(ImageEnhance.Brightness(pil(a)).enhance(f)),
    "contrast": lambda a, f: back(ImageEnhance.Contrast(pil(a)).enhance(f)),
    "saturation": lambda a, f: back(ImageEnhance.Color(pil(a)).enhance(f)),
    "sharpness": lambda a, f: back(ImageEnhance.Sharpness(pil(a)).enhance(f)),
    "hue": hue,
    "posterize": lambda a, bits: back(ImageOps.posterize(pil(a), bits)),
    "solarize": lambda a, threshold: back(ImageOps.solarize(pil(a), threshold)),
    "autocontrast": lambda a: back(ImageOps.autocontrast(pil(a))),
    "equalize": lambda a: back(ImageOps.equalize(pil(a))),
}


def text(a):
    return base64.b64encode(a.tobytes()).decode()


def main():
    cases = []
    images = {"image": image(3), "gray": image(1)}

    def case(change, *args, of=("image", "gray")):
        for name in of:
            cases.append({"change": change, "of": name, "args": list(args), "output": text(CHANGES[change](images[name], *args))})

    for box in ((0, 0, 17, 20), (2, 3, 9, 12), (4, 0, 1, 2), (0, 5, 17, 7), (3, 2, 11, 1)):
        case("resized", *box)
    for degrees in (0, 15, -37.5, 90, 180):
        case("rotate", degrees)
    for v in (0.3, -0.09):
        case("shear_x", v)
        case("shear_y", v)
    for f in (0, 0.4, 1, 1.9):
        for change in ("brightness", "contrast", "sharpness"):
            case(change, f)
        case("saturation", f, of=("image",))
    for turn in (0.1, -0.25, 0.5, 0):
        case("hue", turn, of=("image",))
    for bits in (1, 4, 7):
        case("posterize", bits)
    for threshold in (0, 77, 178):
        case("solarize", threshold)
    case("autocontrast")
    case("equalize")
    os.makedirs(sys.argv[1], exist_ok=True)
    with open(os.path.join(sys.argv[1], "augment.json"), "w") as f:
        head = {"pillow": PIL.__version__, "torch": torch.__version__, "height": H, "width": W} | {n: text(a) for n, a in images.items()}
        f.write(json.dumps(head)[:-1] + ',\n"cases": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]}\n")


main()
