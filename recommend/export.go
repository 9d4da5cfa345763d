package recommend

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/descent-ml/descent/dataset/interactions"
)

// Export writes the vectors of users and items into a new folder, which it makes,
// and refuses one that exists (an error that is fs.ErrExist), as vectors there may be
// in use. The files are
// users.npy and items.npy, float32 (N, D), whose product is the score, and
// users.txt and items.txt, the identifier of each row in a line. A line break in
// an identifier is written as a space.
func (r *Recommender) Export(dir string) error {
	if r.ranker.item == nil {
		return errors.New("recommend: the model has no vectors: its score is no product of two")
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return fmt.Errorf("recommend: %w", err)
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return fmt.Errorf("recommend: %w", err)
	}
	for _, x := range []struct {
		name    string
		vectors Vectors
		ids     *interactions.Names
	}{{"users", *r.ranker.user, r.catalog.Users}, {"items", *r.ranker.item, r.catalog.Items}} {
		path := filepath.Join(dir, x.name)
		err := errors.Join(write(path+".npy", x.vectors.writeNPY), write(path+".txt", func(w io.Writer) error { return writeIDs(w, x.ids) }))
		if err != nil {
			return fmt.Errorf("recommend: %w", err)
		}
	}
	return nil
}

// write writes a file through a buffer.
func write(path string, f func(w io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<16)
	return errors.Join(f(w), w.Flush(), file.Close())
}

// writeNPY writes version 1.0 of NumPy's format: the header, a multiple of 64
// bytes, then the numbers.
func (v Vectors) writeNPY(w io.Writer) error {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", v.N, v.D)
	const before = 10 // magic, version, length
	length := (before+len(header)+1+63)/64*64 - before
	start := append([]byte("\x93NUMPY\x01\x00"), byte(length), byte(length>>8))
	if _, err := w.Write(fmt.Appendf(start, "%-*s\n", length-1, header)); err != nil {
		return err
	}
	var b []byte
	for i := range v.N {
		b = b[:0]
		for _, x := range v.Row(i) {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func writeIDs(w io.Writer, ids *interactions.Names) error {
	var line []byte
	for i := range ids.Len() {
		line = ids.Append(line[:0], i)
		for k, c := range line {
			if c == '\n' || c == '\r' {
				line[k] = ' '
			}
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}
