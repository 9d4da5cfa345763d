package dataset

import (
	"fmt"
	"iter"
	"slices"
	"unsafe"

	"github.com/descent-ml/descent/internal/cells"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/tokenizer"
)

// FieldLength is the number of tokens of an example that are text, i32 (): x has
// padding behind them.
const FieldLength = "length"

// KindTokens is a column whose texts are tokens, the only feature of its schema:
// see TextSchema.
const KindTokens = "tokens"

// TextOptions makes the texts of one column the features, as tokens, and leaves
// out all other columns. Only Column is required.
type TextOptions struct {
	Column    string              // by name or number
	Tokenizer tokenizer.Tokenizer // default: one that is trained on the training rows
	Kind      string              // of that; default tokenizer.KindWords
	Config    tokenizer.Config    // of that; characters that the training rows do not have are unknown
	Length    int                 // tokens of an example, L; longer texts lose their end; 0: that of all but one in 100 training texts, at most 512
}

const (
	wholeTexts = 0.99 // of the training texts, which the default length does not cut
	mostLength = 512  // by default
)

// fitText learns how the texts of a column become tokens.
func (t *Table) fitText(s *Schema, rows []int, o TextOptions) error {
	col, err := t.column(o.Column)
	if err != nil {
		return fmt.Errorf("%w, wanted for the text", err)
	}
	if t.skip[col] || slices.Contains(t.targets, col) || col == t.weight {
		return fmt.Errorf("dataset: %s: column %q is the text and also the target, the weight or skipped", t.file, t.names[col])
	}
	tok := o.Tokenizer
	if tok == nil {
		if tok, err = t.trainTokenizer(col, rows, o); err != nil {
			return err
		}
	}
	lengths, err := t.textLengths(col, rows, tok)
	if err != nil {
		return err
	}
	length := o.Length
	if length == 0 {
		length = min(max(1, lengths[min(int(wholeTexts*float64(len(lengths))), len(lengths)-1)]), mostLength)
	}
	if s.Text, err = NewTextSchema(tok, length); err != nil {
		return err
	}
	s.Text.Column = t.names[col]
	t.dropOthers(s, col)
	if cut := len(lengths) - upTo(lengths, length); cut > 0 {
		s.Hints = append(s.Hints, fmt.Sprintf("%d of %d training texts have more than %d tokens and lose their end (the longest has %d)", cut, len(lengths), length, lengths[len(lengths)-1]))
	}
	return nil
}

func (t *Table) trainTokenizer(col int, rows []int, o TextOptions) (tokenizer.Tokenizer, error) {
	if o.Kind == "" {
		o.Kind = tokenizer.KindWords
	}
	o.Config.Unknown = true
	tok, err := tokenizer.Train(o.Kind, t.texts(col, rows), o.Config)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: column %q: %w", t.file, t.names[col], err)
	}
	return tok, nil
}

// texts returns the texts of a column in some rows; each is valid until the
// next.
func (t *Table) texts(col int, rows []int) iter.Seq[string] {
	return func(yield func(string) bool) {
		var text []byte
		for _, row := range rows {
			text = t.columns[col].Append(text[:0], row)
			if !yield(string(text)) {
				return
			}
		}
	}
}

// textLengths returns the tokens of the texts in some rows, sorted.
func (t *Table) textLengths(col int, rows []int, tok tokenizer.Tokenizer) ([]int, error) {
	lengths := make([]int, 0, len(rows))
	var ids []int32
	for text := range t.texts(col, rows) {
		var err error
		if ids, err = tok.Append(ids[:0], text); err != nil {
			return nil, t.errorAt(rows[len(lengths)], col, "%w", err)
		}
		lengths = append(lengths, len(ids))
	}
	slices.Sort(lengths)
	return lengths, nil
}

// upTo counts the numbers that are at most n among sorted ones.
func upTo(sorted []int, n int) int {
	at, _ := slices.BinarySearch(sorted, n+1)
	return at
}

// dropOthers says of the columns beside the text that they are not used.
func (t *Table) dropOthers(s *Schema, text int) {
	for col, name := range t.names {
		if col != text && col != t.weight && !t.skip[col] && !slices.Contains(t.targets, col) {
			s.Dropped = append(s.Dropped, DroppedColumn{name, fmt.Sprintf("the text of %q is all that is read", t.names[text])})
		}
	}
}

// textEncoder turns texts into tokens by a schema.
type textEncoder struct {
	schema *TextSchema
	tok    tokenizer.Tokenizer
}

func newTextEncoder(s *TextSchema) (*textEncoder, error) {
	tok, err := s.Load()
	if err != nil {
		return nil, err
	}
	if s.Column == "" || tok == nil {
		return nil, fmt.Errorf("dataset: the schema is of a language model, not of a table")
	}
	return &textEncoder{s, tok}, nil
}

func (e *textEncoder) fields() []Field {
	return []Field{{FieldX, tensor.I32, tensor.Shape{e.schema.Length}}, {FieldLength, tensor.I32, nil}}
}

// append appends the tokens of a text, without what is beyond the length.
func (e *textEncoder) append(dst []int32, text []byte) ([]int32, error) {
	from := len(dst)
	dst, err := e.tok.Append(dst, unsafe.String(unsafe.SliceData(text), len(text)))
	return dst[:min(len(dst), from+e.schema.Length)], err
}

// Tokens reports whether the features are the tokens of a text: then PutText is
// for its cell, and not Put.
func (e *Encoder) Tokens() bool { return e.text != nil }

// PutText writes the tokens of a text into x, as long as Fields says, and zeros
// behind them, and returns how many there are.
func (e *Encoder) PutText(cell *cells.Cell, x []int32) (length int32, err error) {
	ids := e.ids.Get().(*[]int32)
	defer e.ids.Put(ids)
	if *ids, err = e.text.append((*ids)[:0], cell.Text()); err != nil {
		return 0, err
	}
	n := copy(x, *ids)
	clear(x[n:])
	return int32(n), nil
}

// encodeTexts is Encode where the features are tokens.
func (e *Encoder) encodeTexts(t *Table) (*Memory, error) {
	cols, err := e.find(t)
	if err != nil {
		return nil, err
	}
	r := &textRows{tokens: newTokens(e.text.tok.Size(), nil), ends: make([]int, t.Len()), length: e.text.schema.Length}
	var ids []int32
	var text []byte
	lengths := make([]int32, t.Len())
	for row := range lengths {
		text = t.columns[cols[0]].Append(text[:0], row)
		if ids, err = e.text.append(ids[:0], text); err != nil {
			return nil, t.errorAt(row, cols[0], "%w", err)
		}
		r.tokens.add(ids)
		r.ends[row], lengths[row] = r.tokens.Len(), int32(len(ids))
	}
	m, fields := &Memory{n: t.Len()}, e.text.fields()
	m.attach(fields[0], r)
	m.attach(fields[1], rows[int32]{lengths, 1})
	return m, e.encodeTarget(m, t)
}

// textRows is texts of up to length tokens, one behind another.
type textRows struct {
	tokens *Tokens
	ends   []int
	length int
}

func (r *textRows) gather(dst *tensor.Tensor, row int, indices []int) {
	out := dst.I32()[row*r.length:]
	for i, k := range indices {
		from, x := 0, out[i*r.length:(i+1)*r.length]
		if k > 0 {
			from = r.ends[k-1]
		}
		n := r.ends[k] - from
		r.tokens.Copy(x[:n], from)
		clear(x[n:])
	}
}
