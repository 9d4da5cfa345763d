"""Writes reference.safetensors with the reference implementation.

Made with Python 3.11, numpy 2.4.6 and safetensors 0.8.0:
    pip install safetensors numpy && python make.py
The values are those that TestReference expects.
"""
import numpy as np
from safetensors import TensorSpec, serialize_file

keep = []  # TensorSpec holds addresses only
specs = {}


def add(name, dtype, array):
    keep.append(array)
    specs[name] = TensorSpec(dtype=dtype, shape=list(array.shape), data_ptr=array.ctypes.data, data_len=array.nbytes)


add("0.weight", "float32", (np.arange(6, dtype=np.float32) / 8 - 0.25).astype(np.float32).reshape(2, 3))
add("0.bias", "float32", np.array([np.inf, -0.0], np.float32))
add("f64", "float64", np.array([1 / 3, -np.pi, 5e-324]))
add("i32", "int32", np.array([-(2**31), 2**31 - 1], np.int32))
add("i64", "int64", np.array([[-(2**63)], [2**63 - 1]], np.int64))
add("u8", "uint8", np.array([0, 127, 255], np.uint8))
add("scalar", "float32", np.array(2.5, np.float32))
add("empty", "float32", np.zeros((0, 4), np.float32))
add("f16", "float16", np.array([1, -2.5, 65504, 2**-24, -(2**-14), np.inf, 0.0], np.float16))
add("bf16", "bfloat16", np.array([0x3F80, 0xC020, 0x7F80, 0x0001], np.uint16))  # the bits
add("schön <&>", "uint8", np.array([7], np.uint8))

serialize_file(specs, "reference.safetensors", {"format": "np", "note": 'quoted "<&>" ü'})
