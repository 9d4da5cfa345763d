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

// put writes a cell into the zeroed features of its example.
func (e *Encoder) put(f *feature, cell []byte, x []float32, cat []int32) error {
	if f.index != nil {
		if e.missing.has(cell) {
			cell = nil
		}
		if i, ok := f.index[string(cell)]; ok && f.embed {
			cat[f.at] = i + 1
		} else if ok {
			x[f.at+int(i)] = 1
		}
		return nil
	}
	v, ok, missing := e.missing.number(cell)
	if missing {
		v = f.column.Fill
	} else if !ok {
		return fmt.Errorf("cell %q is not a finite number", cell)
	}
	if f.column.Std == 0 {
		return nil
	}
	w := float32((v - f.column.Mean) / f.column.Std)
	if w-w != 0 {
		return fmt.Errorf("cell %q is too large for float32", cell)
	}
	x[f.at] = w
	return nil
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
		if err := e.put(f, []byte(cell), x, cat); err != nil {
			return fmt.Errorf("dataset: column %q: %w", f.column.Name, err)
		}
	}
	return nil
}

// Encode turns a table, which may be another than the one that the schema was
// fitted on, into a dataset with the fields x and cat (each if it is not
// empty), and y and weight if the table has their columns. Columns are found by
// name. Errors name the file, the line and the column.
func (e *Encoder) Encode(t *Table) (*Memory, error) {
	cols := make([]int, len(e.features))
	for i := range e.features {
		name := e.features[i].column.Name
		if cols[i] = slices.Index(t.names, name); cols[i] < 0 {
			return nil, fmt.Errorf("dataset: %s: no column %q, which the model wants (%s)", t.file, name, suggest(name, t.names))
		}
	}
	n := t.Len()
	x, cat := make([]float32, n*e.width), make([]int32, n*e.cats)
	for row := range n {
		xr, cr := x[row*e.width:(row+1)*e.width], cat[row*e.cats:(row+1)*e.cats]
		for i := range e.features {
			if err := e.put(&e.features[i], t.cells.at(row, cols[i]), xr, cr); err != nil {
				return nil, t.errorAt(row, cols[i], "%w", err)
			}
		}
	}
	var fields []Column
	if e.width > 0 {
		fields = append(fields, Column{Name: FieldX, Data: tensor.Of(x, n, e.width)})
	}
	if e.cats > 0 {
		fields = append(fields, Column{Name: FieldCat, Data: tensor.Of(cat, n, e.cats)})
	}
	return e.encodeRest(t, fields)
}

// encodeRest adds the target and the weight to the features.
func (e *Encoder) encodeRest(t *Table, fields []Column) (*Memory, error) {
	s := e.schema
	if col := slices.Index(t.names, s.Target.Name); col >= 0 && s.Target.Task != "" {
		y, err := e.target(t, col)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Column{Name: FieldY, Data: y})
	}
	if col := slices.Index(t.names, s.Weight); col >= 0 && s.Weight != "" {
		w, err := t.weights(col)
		if err != nil {
			return nil, err
		}
		fields = append(fields, Column{Name: FieldWeight, Data: tensor.Of(w)})
	}
	return New(fields...)
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
