"""Writes pillow.json: what Pillow's bicubic filter makes of a made-up image, by the
sum of its bytes and that of bytes times their places, modulo 2**32.

    python pillow.py > pillow.json     (made with Pillow 13.0.0)
"""
import json
from PIL import Image


def made(width, height, channels):
    """The image that made in resample_test.go makes."""
    v, out = 1, bytearray()
    for i in range(width * height * channels):
        v = (v * 1103515245 + 12345) & 0xFFFFFFFF
        out.append((v >> 16 & 63) + (i * 3 // (channels * 2)) % 192)
    return Image.frombytes("RGB" if channels == 3 else "L", (width, height), bytes(out))


def sums(data):
    return sum(data) % 2**32, sum((i + 1) * b for i, b in enumerate(data)) % 2**32


cases = []
for channels in (1, 3):
    for width, height, to_width, to_height, box in [
        (40, 30, 13, 17, (0, 0, 40, 30)), (40, 30, 40, 11, (0, 0, 40, 30)), (7, 5, 32, 32, (0, 0, 7, 5)), (1, 1, 4, 3, (0, 0, 1, 1)),
        (100, 61, 28, 28, (19.5, 0, 80.5, 61)), (33, 90, 32, 16, (0, 36.75, 33, 53.25)), (64, 64, 64, 64, (0, 0, 64, 64)),
    ]:
        # Rows first, as versions before 13 always did: it now takes what costs less.
        left, top, right, bottom = box
        out = made(width, height, channels).resize((to_width, height), Image.BICUBIC, (left, 0, right, height))
        out = out.resize((to_width, to_height), Image.BICUBIC, (0, top, to_width, bottom))
        cases.append({"channels": channels, "size": [width, height], "to": [to_width, to_height], "box": box, "sums": sums(out.tobytes())})
print(json.dumps(cases))
