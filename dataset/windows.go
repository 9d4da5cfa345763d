package dataset

import (
	"fmt"
	"unicode/utf8"

	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/tokenizer"
)

// The ways in which the windows of an epoch are cut for training.
const (
	CutPhases = "phases" // side by side, from another place in each epoch (default)
	CutRandom = "random" // begin anywhere, as nanoGPT's, but none twice in an epoch
	CutFixed  = "fixed"  // side by side, at the same places in each epoch
)

// Windows is a dataset of windows of T tokens, for language models. Its fields
// are x i32 (T), tokens s to s+T-1 for a window that begins at s, and y i32 (T),
// the token behind each of them: tokens s+1 to s+T. Where some windows are
// shorter there is also weight f32 (T), which is 1, and 0 beyond the end of a
// window; x and y are 0 there.
type Windows struct {
	tokens *Tokens
	length int // T
	count  int // of an epoch
	phases int // window j begins at (j % count)·T + j/count, j < count·phases
	cut    string
	spans  []windowSpan // else
	fields []Field
	chars  int // of the targets; 0: not known
}

// windowSpan is the x of a window: n tokens from a place on, at most T.
type windowSpan struct{ from, n int }

// TrainWindows cuts windows for training: an epoch has N/T - 1 of N tokens, at
// least one, none of them short, and reads nearly every token once. Order says
// which, by the way of cutting.
func TrainWindows(t *Tokens, length int, cut string) (*Windows, error) {
	switch cut {
	case "":
		cut = CutPhases
	case CutPhases, CutRandom, CutFixed:
	default:
		return nil, fmt.Errorf("dataset: windows cut by %q (want %s, %s or %s)", cut, CutPhases, CutRandom, CutFixed)
	}
	if err := checkWindows(t, length); err != nil {
		return nil, err
	}
	if t.Len() <= length {
		return nil, fmt.Errorf("dataset: %d tokens for windows of %d and the token behind (want more tokens, or a shorter context)", t.Len(), length)
	}
	count := max(1, t.Len()/length-1)
	w := &Windows{tokens: t, length: length, count: count, phases: t.Len() - count*length, cut: cut}
	w.settle(false)
	return w, nil
}

// EvalWindows cuts windows side by side for an evaluation: every token but the
// first is a target once. The last window may be short.
func EvalWindows(t *Tokens, length int) (*Windows, error) {
	if err := checkWindows(t, length); err != nil {
		return nil, err
	}
	w := &Windows{tokens: t, length: length}
	w.addSpans(0, t.Len()-1)
	w.settle((t.Len()-1)%length != 0)
	return w, nil
}

// DocumentWindows cuts each document into windows of its own: no window reaches
// from one into the next. A document is what stands between two tokens of the
// end of a text; the one before it is its first input, the one behind it its
// last target, so that every token but the first of all is a target once.
func DocumentWindows(t *Tokens, length int) (*Windows, error) {
	if err := checkWindows(t, length); err != nil {
		return nil, err
	}
	if t.tok == nil || t.tok.EndOfText() < 0 {
		return nil, fmt.Errorf("dataset: %s: a tokenizer without a token for the end of a text does not tell documents apart", t.name)
	}
	w, from := &Windows{tokens: t, length: length}, 0
	for i, end := 0, t.tok.EndOfText(); i < t.Len(); i++ {
		if t.At(i) == end || i == t.Len()-1 {
			w.addSpans(from, i)
			from = i
		}
	}
	w.settle(true)
	return w, nil
}

func checkWindows(t *Tokens, length int) error {
	if length < 1 || length > 1<<24 {
		return fmt.Errorf("dataset: windows of %d tokens (want 1 or more)", length)
	}
	if t.Len() < 2 {
		return fmt.Errorf("dataset: %s: %d tokens (want at least 2: one to read and one to predict)", t.name, t.Len())
	}
	return nil
}

// addSpans cuts the inputs from to to-1.
func (w *Windows) addSpans(from, to int) {
	for ; from < to; from += w.length {
		w.spans = append(w.spans, windowSpan{from, min(w.length, to-from)})
	}
}

// settle completes windows, of which some are short or none is.
func (w *Windows) settle(short bool) {
	if w.spans != nil {
		w.count, w.phases = len(w.spans), 1
		w.countChars()
	}
	shape := tensor.Shape{w.length}
	w.fields = []Field{{FieldX, tensor.I32, shape}, {FieldY, tensor.I32, shape}}
	if short {
		w.fields = append(w.fields, Field{FieldWeight, tensor.F32, shape})
	}
}

// countChars counts the characters that the targets are.
func (w *Windows) countChars() {
	tok := w.tokens.tok
	if tok == nil || tok.Kind() == tokenizer.KindWords {
		return
	}
	chars := make([]int, w.tokens.vocab)
	var text []byte
	for id := range chars {
		text = tok.AppendToken(text[:0], int32(id))
		for _, b := range text {
			if utf8.RuneStart(b) {
				chars[id]++
			}
		}
	}
	for i := 1; i < w.tokens.Len(); i++ {
		w.chars += chars[w.tokens.At(i)]
	}
}

// Units returns "char" and the number of characters that the targets of an
// evaluation are together; 0 if it is not known.
func (w *Windows) Units() (name string, n int) { return "char", w.chars }

// Len returns the number of windows of an epoch.
func (w *Windows) Len() int { return w.count }

// Fields returns x, y and, where windows are short, weight.
func (w *Windows) Fields() []Field { return w.fields }

// Tokens returns what the windows are cut from.
func (w *Windows) Tokens() *Tokens { return w.tokens }

// Length returns T.
func (w *Windows) Length() int { return w.length }

// Start returns the place of the first token of window j, and how many tokens
// of x it has.
func (w *Windows) Start(j int) (from, n int) {
	if w.spans != nil {
		return w.spans[j].from, w.spans[j].n
	}
	return j%w.count*w.length + j/w.count, w.length
}

// Order returns the order of the windows of each epoch. Those for training are
// numbered beyond Len: window j of phase p is number j + p·Len, and begins p
// tokens later than window j. By CutPhases an epoch is a permutation of the
// windows of one phase, by CutRandom windows of any; both keyed by the seed.
func (w *Windows) Order(seed uint64) Order {
	switch {
	case w.phases > 1 && w.cut == CutPhases:
		phase, place := rng.Key(seed, "phase"), Shuffled(w.count, seed)
		return func(dst []int, epoch, i int) {
			place(dst, epoch, i)
			first := w.phaseOf(phase, epoch) * w.count
			for k := range dst {
				dst[k] += first
			}
		}
	case w.phases > 1 && w.cut == CutRandom:
		starts := (w.count-1)*w.length + w.phases
		place := Shuffled(starts, seed)
		return func(dst []int, epoch, i int) {
			place(dst, epoch, i)
			for k, start := range dst {
				dst[k] = w.number(start)
			}
		}
	}
	return Shuffled(w.count, seed)
}

// phaseOf is uniform over the phases but for less than 2⁻⁶⁴ of each.
func (w *Windows) phaseOf(key [2]uint32, epoch int) int {
	b := rng.Philox([4]uint32{uint32(epoch), uint32(uint64(epoch) >> 32), 0, 0}, key)
	return int((uint64(b[0])<<32 | uint64(b[1])) % uint64(w.phases))
}

// number returns the number of the window that begins at a place.
func (w *Windows) number(start int) int {
	j := min(start/w.length, w.count-1)
	return j + (start-j*w.length)*w.count
}

// Gather implements Dataset. Windows of other phases than the first have
// numbers beyond Len: see Order.
func (w *Windows) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if err := CheckGather(w.fields, dst, row, indices, w.count*w.phases); err != nil {
		return err
	}
	x, y := dst[0].I32(), dst[1].I32()
	for i, j := range indices {
		from, n := w.Start(j)
		at := (row + i) * w.length
		end := at + w.length
		w.tokens.Copy(x[at:at+n], from)
		w.tokens.Copy(y[at:at+n], from+1)
		clear(x[at+n : end])
		clear(y[at+n : end])
		if len(dst) > 2 {
			mark(dst[2].F32()[at:end], n)
		}
	}
	return nil
}

// mark sets the first n weights to 1 and the others to 0.
func mark(weight []float32, n int) {
	for i := range weight[:n] {
		weight[i] = 1
	}
	clear(weight[n:])
}
