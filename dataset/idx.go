package dataset

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/descent-ml/descent/tensor"
)

// maxRank is the most axes of an array in a file.
const maxRank = 8

// ReadIDX reads an IDX file, plain or gzip: the format of MNIST. Elements of
// type u8, i32, f32 and f64 keep it, i8 and i16 become i32.
func ReadIDX(path string) (*tensor.Tensor, error) { return readArray(path, ParseIDX) }

// readArray reads a file that holds one array and nothing else.
func readArray(path string, parse func(io.Reader) (*tensor.Tensor, error)) (*tensor.Tensor, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := parse(f)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return t, nil
}

// ParseIDX is ReadIDX for a stream of plain bytes. A header that promises more
// than there is costs no memory.
func ParseIDX(r io.Reader) (*tensor.Tensor, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("idx: header: %w", err)
	}
	if head[0] != 0 || head[1] != 0 || head[3] == 0 || head[3] > maxRank {
		return nil, fmt.Errorf("idx: begins with % x (want 00 00, a type and 1 to %d axes)", head, maxRank)
	}
	convert, ok := idxTypes[head[2]]
	if !ok {
		return nil, fmt.Errorf("idx: element type 0x%02x (want 08, 09, 0b, 0c, 0d or 0e)", head[2])
	}
	dims := make([]uint32, head[3])
	if err := binary.Read(r, binary.BigEndian, dims); err != nil {
		return nil, fmt.Errorf("idx: axes: %w", err)
	}
	shape := make(tensor.Shape, len(dims))
	for i, d := range dims {
		shape[i] = int(d)
	}
	return readElements(r, "idx", shape, convert, binary.BigEndian)
}

// element says how elements lie in a file.
type element struct {
	size int
	read func(raw []byte, order binary.ByteOrder, shape tensor.Shape) *tensor.Tensor
}

var idxTypes = map[byte]element{
	0x08: {1, bytesAsU8},
	0x09: {1, func(raw []byte, _ binary.ByteOrder, shape tensor.Shape) *tensor.Tensor {
		return decode(raw, 1, shape, func(b []byte) int32 { return int32(int8(b[0])) })
	}},
	0x0b: {2, func(raw []byte, o binary.ByteOrder, shape tensor.Shape) *tensor.Tensor {
		return decode(raw, 2, shape, func(b []byte) int32 { return int32(int16(o.Uint16(b))) })
	}},
	0x0c: {4, decodeI32},
	0x0d: {4, decodeF32},
	0x0e: {8, decodeF64},
}

func bytesAsU8(raw []byte, _ binary.ByteOrder, shape tensor.Shape) *tensor.Tensor {
	return tensor.Of(raw, shape...)
}

func decodeI32(raw []byte, o binary.ByteOrder, shape tensor.Shape) *tensor.Tensor {
	return decode(raw, 4, shape, func(b []byte) int32 { return int32(o.Uint32(b)) })
}

func decodeI64(raw []byte, o binary.ByteOrder, shape tensor.Shape) *tensor.Tensor {
	return decode(raw, 8, shape, func(b []byte) int64 { return int64(o.Uint64(b)) })
}

func decodeF32(raw []byte, o binary.ByteOrder, shape tensor.Shape) *tensor.Tensor {
	return decode(raw, 4, shape, func(b []byte) float32 { return math.Float32frombits(o.Uint32(b)) })
}

func decodeF64(raw []byte, o binary.ByteOrder, shape tensor.Shape) *tensor.Tensor {
	return decode(raw, 8, shape, func(b []byte) float64 { return math.Float64frombits(o.Uint64(b)) })
}

func decode[T tensor.Element](raw []byte, size int, shape tensor.Shape, one func([]byte) T) *tensor.Tensor {
	out := make([]T, shape.Size())
	for i := range out {
		out[i] = one(raw[i*size : (i+1)*size])
	}
	return tensor.Of(out, shape...)
}

// readElements reads the elements of an array up to the end of the stream.
func readElements(r io.Reader, format string, shape tensor.Shape, e element, order binary.ByteOrder) (*tensor.Tensor, error) {
	size := e.size
	for _, d := range shape {
		if d < 0 || d > 0 && size > math.MaxInt/d {
			return nil, fmt.Errorf("%s: shape %v is too large", format, shape)
		}
		size *= d
	}
	raw, err := readExactly(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %v: %w", format, shape, err)
	}
	if err := atEnd(r); err != nil {
		return nil, fmt.Errorf("%s: %v: %w", format, shape, err)
	}
	return e.read(raw, order, shape).Reshape(shape...)
}
