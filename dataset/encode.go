package dataset

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/descent-ml/descent/internal/cells"
	"github.com/descent-ml/descent/tensor"
)

// Encoder turns rows into numbers by a schema. It is safe for concurrent use.
type Encoder struct {
	schema   *Schema
	features []feature
	width    int // of x
	cats     int // of cat
	missing  missingCells
	classes  []map[string]int32 // of each target
	words    sync.Pool          // *textHash
	text     *textEncoder       // of tokens, the only feature; or nil
	ids      sync.Pool          // *[]int32
}

// feature is where a column goes.
type feature struct {
	column    *ColumnSchema
	at        int              // in x, or in cat
	width     int              // in x
	embed     bool             // into cat
	indicator int              // in x, or -1
	index     map[string]int32 // of categories, from 0
}

// NewEncoder returns the encoder of a schema of columns.
func NewEncoder(s *Schema) (*Encoder, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if s.Image != nil {
		return nil, fmt.Errorf("dataset: the schema is of images, not of a table")
	}
	e := &Encoder{schema: s, missing: newMissingCells(s.Missing), words: sync.Pool{New: func() any { return new(textHash) }}}
	for _, t := range s.Targets() {
		e.classes = append(e.classes, indexOf(t.Classes))
	}
	if s.Text != nil {
		var err error
		e.text, err = newTextEncoder(s.Text)
		e.ids.New = func() any { return new([]int32) }
		e.features = []feature{{column: &ColumnSchema{Name: s.Text.Column, Kind: KindTokens}, indicator: -1}}
		return e, err
	}
	for i := range s.Columns {
		c := &s.Columns[i]
		f := feature{column: c, at: e.width, width: s.width(c), indicator: -1}
		if c.Kind == KindCategorical || c.Kind == KindBoolean {
			f.index = indexOf(c.Vocabulary)
		}
		if f.embed = c.Kind == KindCategorical && s.Categories == CategoriesEmbedding; f.embed {
			f.at = e.cats
			e.cats++
		}
		e.width += f.width
		e.features = append(e.features, f)
	}
	for i := range e.features {
		if e.features[i].column.Indicator {
			e.features[i].indicator = e.width
			e.width++
		}
	}
	return e, nil
}

func indexOf(names []string) map[string]int32 {
	m := make(map[string]int32, len(names))
	for i, n := range names {
		m[n] = int32(i)
	}
	return m
}

// Len returns the number of columns that are features.
func (e *Encoder) Len() int { return len(e.features) }

// Column returns the schema of feature column i.
func (e *Encoder) Column(i int) *ColumnSchema { return e.features[i].column }

// scaled returns a number as the feature that it becomes.
func (c *ColumnSchema) scaled(v float64) float32 {
	if c.Std == 0 {
		return 0
	}
	z := (v - c.Mean) / c.Std
	if c.Clip > 0 {
		return float32(smoothClip(z, c.Clip))
	}
	return float32(z)
}

// Put writes the cell of feature column i into a row of Fields: x and cat.
// The row must be zeros where the column goes. It does not allocate for
// numbers, categories and booleans.
func (e *Encoder) Put(i int, cell *cells.Cell, x []float32, cat []int32) error {
	f := &e.features[i]
	switch c := f.column; c.Kind {
	case KindCategorical:
		code := e.code(f, cell)
		if f.embed {
			cat[f.at] = code + 1
		} else if code >= 0 {
			x[f.at+int(code)] = 1
		}
		return nil
	case KindTokens:
		return errors.New("the features are tokens: PutText is for them")
	case KindText:
		t := e.words.Get().(*textHash)
		defer e.words.Put(t)
		if !e.missing.cell(cell) {
			for _, w := range t.features(cell.Text(), c.Buckets) {
				x[f.at+int(w.bucket)] = w.value
			}
		}
		return nil
	}
	missing, err := e.dense(f, cell, x[f.at:f.at+f.width])
	if missing && f.indicator >= 0 {
		x[f.indicator] = 1
	}
	return err
}

// dense writes the features of a number, a boolean or a date, and reports
// whether it is missing.
func (e *Encoder) dense(f *feature, cell *cells.Cell, x []float32) (missing bool, err error) {
	c := f.column
	switch c.Kind {
	case KindNumeric:
		v, ok, missing := e.missing.number(cell)
		if missing {
			v = c.Fill
		} else if !ok {
			return false, fmt.Errorf("cell %q is not a finite number", cell.Text())
		}
		if x[0] = c.scaled(v); x[0]-x[0] != 0 {
			return false, fmt.Errorf("cell %q is too large for float32", cell.Text())
		}
		return missing, nil
	case KindBoolean:
		if e.missing.cell(cell) {
			return true, nil
		}
		i, ok := f.index[string(cell.Text())]
		if !ok {
			return false, fmt.Errorf("cell %q (want %q or %q)", cell.Text(), c.Vocabulary[0], c.Vocabulary[1])
		}
		x[0] = float32(2*i - 1)
		return false, nil
	}
	if e.missing.cell(cell) {
		return true, nil
	}
	days, ok := c.days(cell.Text())
	if !ok {
		return false, fmt.Errorf("cell %q is no date as it is written here: %s", cell.Text(), c.Layout)
	}
	c.encodeDate(days, x)
	return false, nil
}

// code returns the place of a cell in the vocabulary, or its bucket, or -1.
func (e *Encoder) code(f *feature, cell *cells.Cell) int32 {
	text := cell.Text()
	if e.missing.has(text) {
		text = nil
	}
	if n := f.column.Buckets; n > 0 && len(text) > 0 {
		return Bucket(text, n)
	}
	if i, ok := f.index[string(text)]; ok {
		return i
	}
	return -1
}

// EncodeRow writes one example, given by the names of its columns, into x and
// cat (nil if there is none), as long as Fields says. Columns that are not
// features are ignored; one that is must be there, if only empty.
func (e *Encoder) EncodeRow(row map[string]string, x []float32, cat []int32) error {
	if len(x) != e.width || len(cat) != e.cats {
		return fmt.Errorf("dataset: encode into %d features and %d categories (want %d and %d)", len(x), len(cat), e.width, e.cats)
	}
	if e.text != nil {
		return errors.New("dataset: the features are tokens: PutText is for them")
	}
	clear(x)
	clear(cat)
	for i := range e.features {
		name := e.features[i].column.Name
		text, ok := row[name]
		if !ok {
			return fmt.Errorf("dataset: %w", e.CheckNames(slices.Sorted(maps.Keys(row))))
		}
		cell := cells.TextCell([]byte(text))
		if err := e.Put(i, &cell, x, cat); err != nil {
			return fmt.Errorf("dataset: column %q: %w", name, err)
		}
	}
	return nil
}

// Encode turns a table, which may be another than the one that the schema was
// fitted on, into a dataset with the fields x and cat (each if it is not
// empty; or x and length, of a text), and y and weight if the table has their columns. Columns are found by
// name. Errors name the file, the line and the column.
func (e *Encoder) Encode(t *Table) (*Memory, error) {
	if e.text != nil {
		return e.encodeTexts(t)
	}
	r := &tableRows{width: e.width}
	m := &Memory{n: t.Len()}
	codes := make([]int32, 0, t.Len()*e.cats)
	cols, err := e.find(t)
	if err != nil {
		return nil, err
	}
	var embedded []*cells.Memo[int32]
	for i := range e.features {
		f := &e.features[i]
		switch {
		case f.embed:
			embedded = append(embedded, e.codes(f, t, cols[i]))
		case f.column.Kind == KindCategorical:
			r.addCodes(e.codes(f, t, cols[i]), f.at, t.Len())
		case f.column.Kind == KindText:
			r.addText(e.texts(t, cols[i], f.column.Buckets), f.at)
		default:
			if err := e.addDense(r, f, t, cols[i]); err != nil {
				return nil, err
			}
		}
	}
	for row := range t.Len() {
		for _, memo := range embedded {
			codes = append(codes, memo.At(row)+1)
		}
	}
	if e.width > 0 {
		m.attach(Field{FieldX, tensor.F32, tensor.Shape{e.width}}, r.settle(t.Len()))
	}
	if e.cats > 0 {
		m.attach(Field{FieldCat, tensor.I32, tensor.Shape{e.cats}}, rows[int32]{codes, e.cats})
	}
	if err := e.encodeTarget(m, t); err != nil {
		return nil, err
	}
	if len(m.fields) == 0 {
		return nil, fmt.Errorf("dataset: %s: no features", t.file)
	}
	return m, nil
}

// find returns the column of the table for each feature.
func (e *Encoder) find(t *Table) ([]int, error) {
	cols := make([]int, len(e.features))
	for i, f := range e.features {
		if cols[i] = t.place(f.column.Name); cols[i] < 0 && e.schema.Text != nil && len(t.names) == 1 {
			return nil, fmt.Errorf("dataset: %s: %w; if it has no header: data.names: [%s], data.header: no", t.file, e.CheckNames(t.names), f.column.Name)
		} else if cols[i] < 0 {
			return nil, fmt.Errorf("dataset: %s: %w", t.file, e.CheckNames(t.names))
		}
	}
	return cols, nil
}

// CheckNames reports the features that are not among the names of a row or a
// table, all of them, and beside them the names that the schema does not know;
// nil if every feature is there.
func (e *Encoder) CheckNames(names []string) error {
	have, known := map[string]bool{}, map[string]bool{e.schema.Weight: true}
	for _, n := range names {
		have[n] = true
	}
	var absent, unknown []string
	for i := range e.features {
		name := e.features[i].column.Name
		if known[name] = true; !have[name] {
			absent = append(absent, name)
		}
	}
	for _, d := range e.schema.Dropped {
		known[d.Name] = true
	}
	for _, target := range e.schema.Targets() {
		known[target.Name] = true
	}
	for _, n := range names {
		if !known[n] {
			unknown = append(unknown, n)
		}
	}
	if len(absent) == 0 {
		return nil
	}
	text := fmt.Sprintf("no column %s, which the model wants", shortList(quoted(absent)))
	if len(unknown) > 0 {
		text += "; not a column of the model: " + shortList(quoted(unknown))
	}
	if len(absent) == 1 {
		text += " (" + strings.Replace(suggest(absent[0], names), "did you mean", "is it", 1) + ")"
	}
	return errors.New(text)
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strconv.Quote(n)
	}
	return out
}

func (e *Encoder) codes(f *feature, t *Table, col int) *cells.Memo[int32] {
	return cells.NewMemo(t.columns[col], func(c *cells.Cell) int32 { return e.code(f, c) })
}

func (e *Encoder) texts(t *Table, col, buckets int) [][]textEntry {
	var h textHash
	out := make([][]textEntry, t.Len())
	memo := cells.NewMemo(t.columns[col], func(c *cells.Cell) []textEntry {
		if e.missing.cell(c) {
			return nil
		}
		return slices.Clone(h.features(c.Text(), buckets))
	})
	for row := range out {
		out[row] = memo.At(row)
	}
	return out
}

// denseCell is the features of a number, a boolean or a date.
type denseCell struct {
	x       [7]float32
	missing bool
	err     error
}

func (e *Encoder) addDense(r *tableRows, f *feature, t *Table, col int) error {
	memo := cells.NewMemo(t.columns[col], func(c *cells.Cell) (d denseCell) {
		d.missing, d.err = e.dense(f, c, d.x[:f.width])
		return d
	})
	out := r.addDense(f.at, f.width, t.Len())
	var missing []float32
	if f.indicator >= 0 {
		missing = r.addDense(f.indicator, 1, t.Len())
	}
	for row := range t.Len() {
		d := memo.At(row)
		if d.err != nil {
			return t.errorAt(row, col, "%w", d.err)
		}
		copy(out[row*f.width:], d.x[:f.width])
		if d.missing && missing != nil {
			missing[row] = 1
		}
	}
	return nil
}

// encodeTarget adds the target and the weight to the features.
func (e *Encoder) encodeTarget(m *Memory, t *Table) error {
	s := e.schema
	if t.place(s.Target.Name) >= 0 && s.Target.Task != "" {
		y, err := e.target(t)
		if err != nil {
			return err
		}
		if err := m.add(Column{Name: FieldY, Data: y}); err != nil {
			return err
		}
	}
	if col := t.place(s.Weight); col >= 0 && s.Weight != "" {
		w, err := t.weights(col)
		if err != nil {
			return err
		}
		return m.add(Column{Name: FieldWeight, Data: tensor.Of(w)})
	}
	return nil
}

// target returns the classes, (n), or the values, (n) of one target and
// (n, targets) of several.
func (e *Encoder) target(t *Table) (*tensor.Tensor, error) {
	targets := e.schema.Targets()
	if len(targets) == 1 && targets[0].Task == TaskClassification {
		return e.targetClasses(t)
	}
	y := make([]float32, t.Len()*len(targets))
	for j := range targets {
		s := &targets[j]
		col := t.place(s.Name)
		if col < 0 {
			return nil, fmt.Errorf("dataset: %s: no column %q, a target (%s)", t.file, s.Name, suggest(s.Name, t.names))
		}
		value := func(c *cells.Cell) number { v, ok := c.Number(); return number{v: v, ok: ok} }
		if s.Task == TaskMultiLabel {
			value = func(c *cells.Cell) number {
				i, ok := e.classes[j][className(c, s.Numeric)]
				return number{v: float64(i), ok: ok}
			}
		}
		memo := cells.NewMemo(t.columns[col], value)
		for row := range t.Len() {
			n := memo.At(row)
			w := float32(n.v)
			if s.Task == TaskRegression {
				w = s.Scaled(n.v)
			}
			if !n.ok && s.Task == TaskMultiLabel {
				return nil, t.errorAt(row, col, "class %q is not one of %s", t.Cell(row, col), shortList(s.Classes))
			}
			if !n.ok || w-w != 0 {
				return nil, t.errorAt(row, col, "target %q is not a finite number%s", t.Cell(row, col), s.domain())
			}
			y[row*len(targets)+j] = w
		}
	}
	if len(targets) == 1 {
		return tensor.Of(y), nil
	}
	return tensor.Of(y).Reshape(t.Len(), len(targets))
}

// domain says what values a transformed target may have.
func (s *TargetSchema) domain() string {
	if s.Transform == TransformLog {
		return " above -1, of which the model predicts the logarithm"
	}
	return ""
}

func (e *Encoder) targetClasses(t *Table) (*tensor.Tensor, error) {
	s := &e.schema.Target
	col := t.place(s.Name)
	memo := cells.NewMemo(t.columns[col], func(c *cells.Cell) int32 {
		if class, ok := e.classes[0][className(c, s.Numeric)]; ok {
			return class
		}
		return -1
	})
	y := make([]int32, t.Len())
	for row := range y {
		if y[row] = memo.At(row); y[row] < 0 {
			return nil, t.errorAt(row, col, "class %q is not one of %s", t.Cell(row, col), shortList(s.Classes))
		}
	}
	return tensor.Of(y), nil
}

func (t *Table) weights(col int) ([]float32, error) {
	memo := t.numbers(col)
	w := make([]float32, t.Len())
	for row := range w {
		n := memo.At(row)
		w[row] = float32(n.v)
		if !n.ok || n.v < 0 || w[row]-w[row] != 0 {
			return nil, t.errorAt(row, col, "weight %q is not a finite number of at least 0", t.Cell(row, col))
		}
	}
	return w, nil
}

// Encode is NewEncoder and its Encode.
func (s *Schema) Encode(t *Table) (*Memory, error) {
	e, err := NewEncoder(s)
	if err != nil {
		return nil, err
	}
	return e.Encode(t)
}

// Fields returns the features of the examples that Encode makes: x and cat,
// each if it is not empty. Of a text they are x i32 (L), its tokens and zeros
// behind them, and length i32 (), how many there are.
func (e *Encoder) Fields() []Field {
	if e.text != nil {
		return e.text.fields()
	}
	var fields []Field
	if e.width > 0 {
		fields = append(fields, Field{FieldX, tensor.F32, tensor.Shape{e.width}})
	}
	if e.cats > 0 {
		fields = append(fields, Field{FieldCat, tensor.I32, tensor.Shape{e.cats}})
	}
	return fields
}

// Place is where a column goes in an example: the elements [From, To) of a
// field, and the place of the indicator in x, or -1.
type Place struct {
	Field     string
	From, To  int
	Indicator int
}

// Place returns where feature column i goes.
func (e *Encoder) Place(i int) Place {
	f := &e.features[i]
	if f.embed {
		return Place{FieldCat, f.at, f.at + 1, -1}
	}
	return Place{FieldX, f.at, f.at + f.width, f.indicator}
}
