package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"unsafe"

	"github.com/descent-ml/descent/tensor"
)

// chunk is how many bytes are hashed and copied at a time: they stay in L2 from
// one to the other.
const chunk = 256 << 10

// smallIO is the buffer that gathers headers and small tensors; chunks pass it by.
const smallIO = 32 << 10

// swapped says that memory has not the files' byte order. A test sets it.
var swapped = binary.NativeEndian.Uint16([]byte{1, 0}) != 1

// memory returns the bytes of a tensor's elements, shared.
func memory(t *tensor.Tensor) []byte {
	switch t.DType() {
	case tensor.F32:
		return bytesOf(t.F32())
	case tensor.F64:
		return bytesOf(t.F64())
	case tensor.I32:
		return bytesOf(t.I32())
	case tensor.I64:
		return bytesOf(t.I64())
	}
	return t.U8()
}

func bytesOf[T tensor.Element](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

// writeElements writes the elements little endian; on such a machine no byte is copied.
func writeElements(w io.Writer, t *tensor.Tensor) error {
	var buf []byte
	for b := memory(t); len(b) > 0; {
		part := b[:min(chunk, len(b))]
		b = b[len(part):]
		if swapped {
			buf = append(buf[:0], part...)
			swap(buf, t.DType().Size())
			part = buf
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// readElements fills a tensor from its file form. What it reads it also writes to sum.
func readElements(r io.Reader, sum io.Writer, e *Entry, t *tensor.Tensor) error {
	if fileTypes[e.DType].size != t.DType().Size() {
		return readHalves(r, sum, e, t.F32())
	}
	for b := memory(t); len(b) > 0; {
		part := b[:min(chunk, len(b))]
		b = b[len(part):]
		if err := readBoth(r, sum, part); err != nil {
			return err
		}
		if swapped {
			swap(part, t.DType().Size())
		}
	}
	return nil
}

// readHalves widens F16 or BF16, which is exact.
func readHalves(r io.Reader, sum io.Writer, e *Entry, dst []float32) error {
	widen := fromF16
	if e.DType == "BF16" {
		widen = fromBF16
	}
	buf := make([]byte, min(chunk, 2*len(dst)))
	for len(dst) > 0 {
		part := buf[:min(len(buf), 2*len(dst))]
		if err := readBoth(r, sum, part); err != nil {
			return err
		}
		for i := range len(part) / 2 {
			dst[i] = widen(binary.LittleEndian.Uint16(part[2*i:]))
		}
		dst = dst[len(part)/2:]
	}
	return nil
}

func readBoth(r io.Reader, sum io.Writer, b []byte) error {
	if _, err := io.ReadFull(r, b); err != nil {
		return short(err)
	}
	_, err := sum.Write(b)
	return err
}

// swap reverses each element of size bytes.
func swap(b []byte, size int) {
	for ; len(b) > 0; b = b[size:] {
		for i, j := 0, size-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}

func fromBF16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// fromF16 widens an IEEE 754 binary16, with its subnormals, infinities and the
// payload of its NaNs.
func fromF16(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // frac * 2^-24, exact in float32
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(f))
	case 31:
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// readTensors reads the data after a header, in its order.
func readTensors(r io.Reader, sum io.Writer, h *Header) (Tensors, error) {
	ts := make(Tensors, len(h.Entries))
	for i := range h.Entries {
		e := &h.Entries[i]
		t := tensor.New(fileTypes[e.DType].as, e.Shape...)
		if err := readElements(r, sum, e, t); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.Name, err)
		}
		ts[e.Name] = t
	}
	return ts, nil
}
