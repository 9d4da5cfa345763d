package checkpoint

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/descent-ml/descent/tensor"
)

// Tensors are tensors by name: parameters by their own ("0.weight"), state of
// an optimizer under "optim/" ("optim/0.weight/m").
type Tensors = map[string]*tensor.Tensor

// Encode writes tensors and metadata to w as safetensors. The same input gives
// the same bytes. It shares the tensors' memory and makes no copy of it.
func Encode(w io.Writer, ts Tensors, metadata map[string]string) error {
	if err := encode(w, ts, metadata); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

func encode(w io.Writer, ts Tensors, metadata map[string]string) error {
	h, err := describe(ts, metadata)
	if err != nil {
		return err
	}
	head, err := h.encode()
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, e := range h.Entries {
		if err := writeElements(w, ts[e.Name]); err != nil {
			return err
		}
	}
	return nil
}

// Decode reads safetensors of size bytes in all from r. F16 and BF16 become
// f32, which is exact; a type that package tensor lacks is refused. Errors are
// ErrTruncated, ErrDamaged, ErrKind or r's own. Memory stays in proportion to
// size, whatever the header claims.
func Decode(r io.Reader, size int64) (Tensors, map[string]string, error) {
	ts, meta, err := decode(r, size)
	if err != nil {
		return nil, nil, fmt.Errorf("checkpoint: %w", err)
	}
	return ts, meta, nil
}

func decode(r io.Reader, size int64) (Tensors, map[string]string, error) {
	h, _, err := readHeader(r, size)
	if err != nil {
		return nil, nil, err
	}
	ts, err := readTensors(r, io.Discard, h)
	return ts, h.Metadata, err
}

// WriteTensors writes a plain safetensors file, atomically.
func WriteTensors(path string, ts Tensors, metadata map[string]string) error {
	return replace(path, func(f *os.File) error {
		w := bufio.NewWriterSize(f, smallIO)
		if err := encode(w, ts, metadata); err != nil {
			return err
		}
		return w.Flush()
	})
}

// ReadTensors reads any safetensors file; it verifies no checksum. Checkpoints
// and model files open too, as the tensors they hold. Errors are as for Decode.
func ReadTensors(path string) (ts Tensors, metadata map[string]string, err error) {
	err = open(path, func(r io.Reader, size int64) (err error) {
		ts, metadata, err = decode(r, size)
		return err
	})
	return ts, metadata, err
}

// ReadHeader reads what a safetensors file says about itself, without its data.
func ReadHeader(path string) (h *Header, err error) {
	err = open(path, func(r io.Reader, size int64) (err error) {
		h, _, err = readHeader(r, size)
		return err
	})
	return h, err
}

// open calls read with a file's bytes, buffered, and adds the path to its error.
func open(path string, read func(r io.Reader, size int64) error) error {
	// A pipe would block in Open, so look first.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("checkpoint: read %s: %w: %v, want a regular file", path, ErrKind, info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return readFrom(f, path, read)
}

// readFrom is open for a file at hand, which it closes.
func readFrom(f fs.File, path string, read func(r io.Reader, size int64) error) error {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := read(bufio.NewReaderSize(f, smallIO), info.Size()); err != nil {
		return fmt.Errorf("checkpoint: read %s: %w", path, err)
	}
	return nil
}
