package dataset

import (
	"fmt"
	"maps"
	"slices"

	"github.com/descent-ml/descent/tensor"
)

// Encoder turns rows into numbers by a schema. It is safe for concurrent use.
type Encoder struct {
	schema   *Schema
	features []feature
	width    int // of x
	cats     int // of cat
	missing  missingCells
	classes  map[string]int32
}

// feature is where a column goes.
type feature struct {
	column *ColumnSchema
	at     int              // in x, or in cat
	embed  bool             // into cat
	index  map[string]int32 // of categories, from 0
}

// NewEncoder returns the encoder of a schema of columns.
func NewEncoder(s *Schema) (*Encoder, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if s.Image != nil {
		return nil, fmt.Errorf("dataset: the schema is of images, not of a table")
	}
	e := &Encoder{schema: s, missing: newMissingCells(s.Missing), classes: indexOf(s.Target.Classes)}
	for i := range s.Columns {
		c := &s.Columns[i]
		f := feature{column: c, at: e.width}
		if c.Kind == KindCategorical {
			f.index = indexOf(c.Vocabulary)
			if f.embed = s.Categories == CategoriesEmbedding; f.embed {
				f.at = e.cats
				e.cats++
			}
		}
		e.width += s.width(c)
		e.features = append(e.features, f)
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

// number returns the value of a numeric cell in x.
func (e *Encoder) number(c *ColumnSchema, cell []byte) (float32, error) {
	v, ok, missing := e.missing.number(cell)
	if missing {
		v = c.Fill
	} else if !ok {
		return 0, fmt.Errorf("cell %q is not a finite number", cell)
	}
	if c.Std == 0 {
		return 0, nil
	}
	w := float32((v - c.Mean) / c.Std)
	if w-w != 0 {
		return 0, fmt.Errorf("cell %q is too large for float32", cell)
	}
	return w, nil
}

// code returns the place of a cell in the vocabulary, or -1.
func (e *Encoder) code(f *feature, cell []byte) int32 {
	if e.missing.has(cell) {
		cell = nil
	}
	if i, ok := f.index[string(cell)]; ok {
		return i
	}
	return -1
}

// EncodeRow writes one example, given by the names of its columns, into x
// (Width) and cat (CatSizes; may be nil if there are none). Columns that are
// not features are ignored; one that is must be there, if only empty.
func (e *Encoder) EncodeRow(row map[string]string, x []float32, cat []int32) error {
	if len(x) != e.width || len(cat) != e.cats {
		return fmt.Errorf("dataset: encode into %d features and %d categories (want %d and %d)", len(x), len(cat), e.width, e.cats)
	}
	clear(x)
	clear(cat)
	for i := range e.features {
		f := &e.features[i]
		cell, ok := row[f.column.Name]
		if !ok {
			return fmt.Errorf("dataset: no value of column %q (%s)", f.column.Name, suggest(f.column.Name, slices.Sorted(maps.Keys(row))))
		}
		if f.index != nil {
			switch code := e.code(f, []byte(cell)); {
			case f.embed:
				cat[f.at] = code + 1
			case code >= 0:
				x[f.at+int(code)] = 1
			}
			continue
		}
		v, err := e.number(f.column, []byte(cell))
		if err != nil {
			return fmt.Errorf("dataset: column %q: %w", f.column.Name, err)
		}
		x[f.at] = v
	}
	return nil
}

// Encode turns a table, which may be another than the one that the schema was
// fitted on, into a dataset with the fields x and cat (each if it is not
// empty), and y and weight if the table has their columns. Columns are found by
// name. Errors name the file, the line and the column.
func (e *Encoder) Encode(t *Table) (*Memory, error) {
	numbers, codes, err := e.columns(t)
	if err != nil {
		return nil, err
	}
	n := t.Len()
	m := &Memory{n: n}
	oneHot := e.width - len(numbers)/n
	if oneHot > 0 {
		m.attach(Field{FieldX, tensor.F32, tensor.Shape{e.width}}, e.oneHot(numbers, codes))
	} else if e.width > 0 {
		m.attach(Field{FieldX, tensor.F32, tensor.Shape{e.width}}, rows[float32]{numbers, e.width})
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

// columns returns the numeric columns, and the codes of the categorical ones,
// counted from 1 if they are embedded; each in the order of the features.
func (e *Encoder) columns(t *Table) (numbers []float32, codes []int32, err error) {
	cols := make([]int, len(e.features))
	for i, f := range e.features {
		name := f.column.Name
		if cols[i] = slices.Index(t.names, name); cols[i] < 0 {
			return nil, nil, fmt.Errorf("dataset: %s: no column %q, which the model wants (%s)", t.file, name, suggest(name, t.names))
		}
	}
	categorical := 0
	for _, f := range e.features {
		if f.index != nil {
			categorical++
		}
	}
	codes = make([]int32, 0, t.Len()*categorical)
	numbers = make([]float32, 0, t.Len()*(len(e.features)-categorical))
	for row := range t.Len() {
		for i := range e.features {
			f, cell := &e.features[i], t.cells.at(row, cols[i])
			switch {
			case f.embed:
				codes = append(codes, e.code(f, cell)+1)
			case f.index != nil:
				codes = append(codes, e.code(f, cell))
			default:
				v, err := e.number(f.column, cell)
				if err != nil {
					return nil, nil, t.errorAt(row, cols[i], "%w", err)
				}
				numbers = append(numbers, v)
			}
		}
	}
	return numbers, codes, nil
}

func (e *Encoder) oneHot(numbers []float32, codes []int32) *oneHotRows {
	r := &oneHotRows{numbers: numbers, codes: codes, width: e.width}
	for _, f := range e.features {
		if f.index != nil {
			r.first = append(r.first, int32(f.at))
		} else {
			r.place = append(r.place, int32(f.at))
		}
	}
	return r
}

// oneHotRows is numbers, (examples, len(place)), and codes, (examples,
// len(first)), that become features in a batch: a wide vocabulary would take
// too much memory before. A code of -1 becomes zeros.
type oneHotRows struct {
	numbers []float32
	codes   []int32
	place   []int32 // of each number in an example
	first   []int32 // place of code 0 of each categorical column
	width   int
}

func (r *oneHotRows) gather(dst *tensor.Tensor, row int, indices []int) {
	out := dst.F32()[row*r.width:]
	for i, x := range indices {
		one := out[i*r.width : (i+1)*r.width]
		clear(one)
		for j, v := range r.numbers[x*len(r.place) : (x+1)*len(r.place)] {
			one[r.place[j]] = v
		}
		for j, c := range r.codes[x*len(r.first) : (x+1)*len(r.first)] {
			if c >= 0 {
				one[r.first[j]+c] = 1
			}
		}
	}
}

// encodeTarget adds the target and the weight to the features.
func (e *Encoder) encodeTarget(m *Memory, t *Table) error {
	s := e.schema
	if col := slices.Index(t.names, s.Target.Name); col >= 0 && s.Target.Task != "" {
		y, err := e.target(t, col)
		if err != nil {
			return err
		}
		if err := m.add(Column{Name: FieldY, Data: y}); err != nil {
			return err
		}
	}
	if col := slices.Index(t.names, s.Weight); col >= 0 && s.Weight != "" {
		w, err := t.weights(col)
		if err != nil {
			return err
		}
		return m.add(Column{Name: FieldWeight, Data: tensor.Of(w)})
	}
	return nil
}

func (e *Encoder) target(t *Table, col int) (*tensor.Tensor, error) {
	s := &e.schema.Target
	if s.Task == TaskClassification {
		y := make([]int32, t.Len())
		for row := range y {
			cell := t.cells.at(row, col)
			class, ok := e.classes[className(cell, s.Numeric)]
			if !ok {
				return nil, t.errorAt(row, col, "class %q is not one of %s", cell, shortList(s.Classes))
			}
			y[row] = class
		}
		return tensor.Of(y), nil
	}
	y := make([]float32, t.Len())
	for row := range y {
		v, ok := parseNumber(t.cells.at(row, col))
		w := float32((v - s.Mean) / s.Std)
		if !ok || w-w != 0 {
			return nil, t.errorAt(row, col, "target %q is not a finite number", t.Cell(row, col))
		}
		y[row] = w
	}
	return tensor.Of(y), nil
}

func (t *Table) weights(col int) ([]float32, error) {
	w := make([]float32, t.Len())
	for row := range w {
		v, ok := parseNumber(t.cells.at(row, col))
		w[row] = float32(v)
		if !ok || v < 0 || w[row]-w[row] != 0 {
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
