package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// digestRows is how many examples one checksum covers.
const digestRows = 32

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Digest identifies the examples of a dataset, all fields in their order, by 32
// hexadecimal digits. It finds what changed by mistake, not what was forged: a
// CRC-32C, for which processors have an instruction, of each field of each 32
// examples, and the first half of SHA-256 over those.
// A dataset that is dataset.Digested says it itself.
func Digest(ds dataset.Dataset) (string, error) {
	if d, ok := ds.(dataset.Digested); ok {
		return d.Digest(), nil
	}
	fields := ds.Fields()
	sums := make([]byte, 4*len(fields)*((ds.Len()+digestRows-1)/digestRows))
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			buf, indices := dataset.NewBuffers(fields, digestRows), make([]int, digestRows)
			var scratch []byte
			for first := w * digestRows; first < ds.Len() && errs[w] == nil; first += workers * digestRows {
				rows := indices[:min(digestRows, ds.Len()-first)]
				for i := range rows {
					rows[i] = first + i
				}
				errs[w] = gather(ds, buf, rows)
				for i, f := range fields {
					scratch = elements(scratch[:0], buf[i], len(rows)*f.Shape.Size())
					at := 4 * (first/digestRows*len(fields) + i)
					binary.LittleEndian.PutUint32(sums[at:], crc32.Checksum(scratch, castagnoli))
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return "", fmt.Errorf("train: digest of the data: %w", err)
	}
	sum := sha256.Sum256(sums)
	return hex.EncodeToString(sum[:16]), nil
}

// elements appends the first n elements of a tensor, little endian.
func elements(b []byte, t *tensor.Tensor, n int) []byte {
	switch t.DType() {
	case tensor.F32:
		b = slices.Grow(b, 4*n)[:4*n]
		for i, v := range t.F32()[:n] {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		}
	case tensor.I32:
		b, _ = binary.Append(b, binary.LittleEndian, t.I32()[:n]) // numbers never fail
	case tensor.F64:
		b, _ = binary.Append(b, binary.LittleEndian, t.F64()[:n])
	case tensor.I64:
		b, _ = binary.Append(b, binary.LittleEndian, t.I64()[:n])
	case tensor.U8:
		b = append(b, t.U8()[:n]...)
	}
	return b
}
