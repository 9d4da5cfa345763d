"""Prints the digest that TestFingerprint expects, from the definition alone."""
import hashlib
import struct


def text(s):
    return struct.pack("<Q", len(s)) + s


h = b"descent fingerprint 1\n" + struct.pack("<3Q", 3, 192, 3)
h += text(b"a") + text(b"i64") + struct.pack("<2Q", 1, 1) + struct.pack("<q", -5)
h += text(b"b") + text(b"f32") + struct.pack("<3Q", 2, 2, 1) + struct.pack("<2f", 1, -2)
h += text(b"c") + text(b"u8") + struct.pack("<Q", 0) + struct.pack("<B", 9)
print(hashlib.sha256(h).hexdigest())
