package dataset

import (
	"github.com/descent-ml/descent/internal/cells"
	"github.com/descent-ml/descent/tensor"
)

// tableRows is the features of a table by columns, which become rows in a
// batch: a wide vocabulary or text would take too much memory before.
type tableRows struct {
	width int
	dense []denseBlock
	codes []codeBlock
	texts []textBlock
}

// denseBlock is width features from at, (examples, width).
type denseBlock struct {
	at, width int
	data      []float32
}

// codeBlock is categories, one-hot from at; -1 is zeros.
type codeBlock struct {
	at    int
	codes []int32
}

// textBlock is the buckets of texts from at.
type textBlock struct {
	at    int
	words [][]textEntry
}

func (r *tableRows) addDense(at, width, n int) []float32 {
	data := make([]float32, n*width)
	r.dense = append(r.dense, denseBlock{at, width, data})
	return data
}

func (r *tableRows) addCodes(memo *cells.Memo[int32], at, n int) {
	codes := make([]int32, n)
	for row := range codes {
		codes[row] = memo.At(row)
	}
	r.codes = append(r.codes, codeBlock{at, codes})
}

func (r *tableRows) addText(words [][]textEntry, at int) {
	r.texts = append(r.texts, textBlock{at, words})
}

// settle returns the source of n rows: plain rows where all is dense.
func (r *tableRows) settle(n int) source {
	if len(r.codes) > 0 || len(r.texts) > 0 {
		return r
	}
	all := rows[float32]{make([]float32, n*r.width), r.width}
	for _, b := range r.dense {
		for row := range n {
			copy(all.data[row*r.width+b.at:], b.data[row*b.width:(row+1)*b.width])
		}
	}
	return all
}

func (r *tableRows) gather(dst *tensor.Tensor, row int, indices []int) {
	out := dst.F32()[row*r.width:]
	for i, x := range indices {
		one := out[i*r.width : (i+1)*r.width]
		clear(one)
		for _, b := range r.dense {
			copy(one[b.at:], b.data[x*b.width:(x+1)*b.width])
		}
		for _, b := range r.codes {
			if c := b.codes[x]; c >= 0 {
				one[b.at+int(c)] = 1
			}
		}
		for _, b := range r.texts {
			for _, w := range b.words[x] {
				one[b.at+int(w.bucket)] = w.value
			}
		}
	}
}
