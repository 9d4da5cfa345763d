package checkpoint

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
)

// A sealed file is a safetensors file whose metadata says what it is (kind,
// version) and begins, sorted by key, with its checksum: "sha256:" and the
// SHA-256 of the whole file with these 64 digits as zeros.
const (
	sealPrefix = `{"` + metadataKey + `":{"checksum":"sha256:`
	digitsAt   = 8 + len(sealPrefix) // the offset of the digits in the file
	digits     = 2 * sha256.Size
)

var zeroSeal = "sha256:" + strings.Repeat("0", digits)

// writeSealed writes a sealed file atomically. No key of meta may sort before "checksum".
func writeSealed(path, kind, version string, ts Tensors, meta map[string]string) error {
	meta = maps.Clone(meta)
	meta["checksum"], meta["kind"], meta["version"] = zeroSeal, kind, version
	return replace(path, func(f *os.File) error {
		sum := sha256.New()
		w := bufio.NewWriterSize(f, smallIO)
		if err := encode(io.MultiWriter(sum, w), ts, meta); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
		_, err := f.WriteAt(hex.AppendEncode(nil, sum.Sum(nil)), int64(digitsAt))
		return err
	})
}

// readSealed reads a sealed file of size bytes and verifies it: first that it is
// whole, then that it is what the caller wants.
func readSealed(r io.Reader, size int64, kind, version string) (Tensors, map[string]string, error) {
	h, raw, err := readHeader(r, size)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.HasPrefix(raw[8:], []byte(sealPrefix)) || len(raw) < digitsAt+digits {
		return nil, nil, fmt.Errorf("%w: plain safetensors, without a checksum, want a %s", ErrKind, kind)
	}
	claimed := string(raw[digitsAt : digitsAt+digits])
	copy(raw[digitsAt:], zeroSeal[len(zeroSeal)-digits:])
	sum := sha256.New()
	sum.Write(raw)
	ts, err := readTensors(r, sum, h)
	if err != nil {
		return nil, nil, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != claimed {
		return nil, nil, damaged("its checksum is %.16s…, want %.16s…", got, claimed)
	}
	if got := h.Metadata["kind"]; got != kind {
		return nil, nil, fmt.Errorf("%w: %s, want a %s", ErrKind, got, kind)
	}
	if got := h.Metadata["version"]; got != version {
		return nil, nil, fmt.Errorf("%w: %s %s (this program reads %s)", ErrVersion, kind, got, version)
	}
	return ts, h.Metadata, nil
}
