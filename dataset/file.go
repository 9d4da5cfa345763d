package dataset

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// file is an open file, decompressed if its bytes are gzip, Zstandard or bzip2, whatever
// its name.
type file struct {
	*bufio.Reader
	f *os.File
}

// openFile opens a plain or compressed file.
func openFile(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	r, err := plain(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("dataset: %s: %w", path, err)
	}
	return &file{r, f}, nil
}

// OpenFile opens a plain or compressed file (gzip, Zstandard, bzip2, told by its
// first bytes) and reads it decompressed.
func OpenFile(path string) (io.ReadCloser, error) { return openFile(path) }

func (f *file) Close() error { return f.f.Close() }

// plain returns a reader of the decompressed bytes of r.
func plain(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	magic, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var inner io.Reader
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		inner, err = gzip.NewReader(b)
	case bytes.Equal(magic, []byte("\x28\xb5\x2f\xfd")):
		inner, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1))
	case bytes.HasPrefix(magic, []byte("BZh")):
		inner = bzip2.NewReader(b)
	default:
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(inner, 64<<10), nil
}

// readExactly returns the next n bytes of r. Memory that is not written costs
// nothing, but beyond 64 MiB it is asked for as the bytes arrive, so that a
// header cannot claim more than the file has.
func readExactly(r io.Reader, n int) ([]byte, error) {
	const step = 64 << 20
	buf := make([]byte, 0, min(n, step))
	for len(buf) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(n, 2*cap(buf)))
			copy(grown, buf)
			buf = grown
		}
		m, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%d bytes of data (want %d): the file is cut off or its header is wrong", len(buf), n)
		}
		if err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// atEnd reports data behind the end that a header gave.
func atEnd(r io.Reader) error {
	switch _, err := io.ReadFull(r, make([]byte, 1)); err {
	case io.EOF:
		return nil
	case nil:
		return errors.New("more data than the header says")
	default:
		return err
	}
}
