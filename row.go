package descent

import (
	"encoding/json"
	"fmt"
	"image"
	"maps"
	"math"
	"reflect"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/cells"
	"github.com/descent-ml/descent/tensor"
)

// encode writes a row into the slot.
func (p *Predictor) encode(s *slot, row any) error {
	if p.encoder == nil {
		return p.encodeImage(s, row)
	}
	clear(s.x)
	clear(s.cat)
	switch r := row.(type) {
	case map[string]string:
		return ofMap(p, s, r, textCell)
	case map[string]float64:
		return ofMap(p, s, r, floatCell)
	case map[string]any:
		for i, name := range p.columns {
			v, ok := r[name]
			if !ok {
				return p.absent(slices.Collect(maps.Keys(r)))
			}
			if err := p.putAny(s, i, v); err != nil {
				return err
			}
		}
		return nil
	case []string:
		return ofSlice(p, s, r, textCell)
	case []float64:
		return ofSlice(p, s, r, floatCell)
	case []any:
		if len(r) != len(p.columns) {
			return p.width(len(r))
		}
		for i, v := range r {
			if err := p.putAny(s, i, v); err != nil {
				return err
			}
		}
		return nil
	}
	return p.encodeStruct(s, row)
}

// encodeImage writes the pixels of an image into the slot.
func (p *Predictor) encodeImage(s *slot, row any) error {
	switch r := row.(type) {
	case image.Image, ImageFile:
		return p.encodePicture(s, r)
	case []uint8:
		return pixels(p.schema.Image, s.x, r)
	case []float32:
		return pixels(p.schema.Image, s.x, r)
	case []float64:
		return pixels(p.schema.Image, s.x, r)
	}
	return fmt.Errorf("descent: an image of type %T (want an image.Image, an ImageFile, or its pixels: []uint8, []float32 or []float64)", row)
}

// encodePicture writes the features of an image of any size into the slot.
func (p *Predictor) encodePicture(s *slot, picture any) error {
	err := p.noImage
	if err == nil {
		if file, ok := picture.(ImageFile); ok {
			err = p.images.File(s.x, file)
		} else {
			err = p.images.Image(s.x, picture.(image.Image))
		}
	}
	if err != nil {
		return fmt.Errorf("descent: %w", err)
	}
	return nil
}

func pixels[T uint8 | float32 | float64](m *dataset.ImageSchema, x []float32, row []T) error {
	if len(row) != len(x) {
		return fmt.Errorf("descent: an image of %d pixels (want %d: %v)", len(row), len(x), tensor.Shape(m.Shape))
	}
	for i, v := range row {
		if x[i] = m.Feature(i, float32(v)); x[i]-x[i] != 0 {
			return fmt.Errorf("descent: pixel %d is %v (want a finite number)", i, v)
		}
	}
	return nil
}

func ofMap[T any](p *Predictor, s *slot, row map[string]T, cell func(T) cells.Cell) error {
	for i, name := range p.columns {
		v, ok := row[name]
		if !ok {
			return p.absent(slices.Collect(maps.Keys(row)))
		}
		if err := p.put(s, i, cell(v)); err != nil {
			return err
		}
	}
	return nil
}

func ofSlice[T any](p *Predictor, s *slot, row []T, cell func(T) cells.Cell) error {
	if len(row) != len(p.columns) {
		return p.width(len(row))
	}
	for i, v := range row {
		if err := p.put(s, i, cell(v)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Predictor) width(n int) error {
	return fmt.Errorf("descent: a row of %d values (want %d, in the order of Columns)", n, len(p.columns))
}

// absent names the columns that a row has no values of.
func (p *Predictor) absent(have []string) error {
	slices.Sort(have)
	return fmt.Errorf("descent: %w", p.encoder.CheckNames(have))
}

// textCell is a cell of a string, without a copy: a cell only reads it.
func textCell(v string) cells.Cell { return cells.TextCell(unsafe.Slice(unsafe.StringData(v), len(v))) }

// floatCell is a cell of a number; NaN is a missing one.
func floatCell(v float64) cells.Cell {
	if math.IsNaN(v) {
		return cells.Cell{}
	}
	return cells.FloatCell(v)
}

func (p *Predictor) put(s *slot, i int, cell cells.Cell) error {
	var err error
	if p.encoder.Tokens() {
		s.length[0], err = p.encoder.PutText(&cell, s.tokens)
	} else {
		err = p.encoder.Put(i, &cell, s.x, s.cat)
	}
	if err != nil {
		return fmt.Errorf("descent: column %q: %w", p.columns[i], err)
	}
	return nil
}

// putAny puts a value of any type that a column may have.
func (p *Predictor) putAny(s *slot, i int, v any) error {
	switch v := v.(type) {
	case nil:
		return p.put(s, i, cells.Cell{})
	case string:
		return p.put(s, i, textCell(v))
	case float64:
		return p.put(s, i, floatCell(v))
	case int:
		return p.put(s, i, cells.FloatCell(float64(v)))
	case bool:
		return p.put(s, i, p.boolCell(i, v))
	case json.Number:
		return p.put(s, i, textCell(string(v)))
	}
	return p.putValue(s, i, reflect.ValueOf(v))
}

// boolCell is 1 or 0 for numbers, and else true or false.
func (p *Predictor) boolCell(i int, v bool) cells.Cell {
	switch {
	case p.encoder.Column(i).Kind != dataset.KindNumeric && v:
		return textCell("true")
	case p.encoder.Column(i).Kind != dataset.KindNumeric:
		return textCell("false")
	case v:
		return cells.FloatCell(1)
	}
	return cells.FloatCell(0)
}

var timeType = reflect.TypeFor[time.Time]()

func (p *Predictor) putValue(s *slot, i int, v reflect.Value) error {
	switch k := v.Kind(); {
	case k == reflect.Pointer || k == reflect.Interface:
		if v.IsNil() {
			return p.put(s, i, cells.Cell{})
		}
		return p.putValue(s, i, v.Elem())
	case k == reflect.String:
		return p.put(s, i, textCell(v.String()))
	case k == reflect.Bool:
		return p.put(s, i, p.boolCell(i, v.Bool()))
	case v.CanInt():
		return p.put(s, i, cells.FloatCell(float64(v.Int())))
	case v.CanUint():
		return p.put(s, i, cells.FloatCell(float64(v.Uint())))
	case v.CanFloat():
		return p.put(s, i, floatCell(v.Float()))
	case v.Type() == timeType:
		at := v.Interface().(time.Time)
		if c := p.encoder.Column(i); c.Kind == dataset.KindDate {
			return p.put(s, i, textCell(at.Format(c.Layout)))
		}
		return p.put(s, i, textCell(at.Format(time.RFC3339)))
	}
	return fmt.Errorf("descent: column %q: a value of type %s (want a string, number, bool, time.Time or nil)", p.columns[i], v.Type())
}

// bindings find the columns in structs, by type.
type bindings struct{ types sync.Map } // reflect.Type to *binding

// binding is where the columns are in a struct: a field and, in a list, the
// element, or -1.
type binding struct {
	fields []boundField
	err    error
}

type boundField struct{ field, element int }

func (p *Predictor) encodeStruct(s *slot, row any) error {
	v := reflect.ValueOf(row)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return fmt.Errorf("descent: a row of type %T (want a map by column, a struct, or a slice)", row)
	}
	known, ok := p.bindings.types.Load(v.Type())
	if !ok {
		known, _ = p.bindings.types.LoadOrStore(v.Type(), p.bind(v.Type()))
	}
	b := known.(*binding)
	if b.err != nil {
		return b.err
	}
	for i, f := range b.fields {
		cell := v.Field(f.field)
		if f.element >= 0 {
			if f.element >= cell.Len() {
				return fmt.Errorf("descent: column %q: the list has %d elements", p.columns[i], cell.Len())
			}
			cell = cell.Index(f.element)
		}
		if err := p.putValue(s, i, cell); err != nil {
			return err
		}
	}
	return nil
}

// bind finds the columns in a type as dataset.TableOf names them.
func (p *Predictor) bind(t reflect.Type) *binding {
	b := &binding{fields: make([]boundField, len(p.columns))}
	found := make([]string, 0, len(p.columns))
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, ok := dataset.StructColumn(f)
		if !ok {
			continue
		}
		if at, ok := p.index[name]; ok {
			b.fields[at] = boundField{i, -1}
		}
		found = append(found, name)
		if k := f.Type.Kind(); k != reflect.Slice && k != reflect.Array {
			continue
		}
		for e := 0; ; e++ {
			element := fmt.Sprint(name, ".", e)
			at, ok := p.index[element]
			if !ok {
				break
			}
			b.fields[at] = boundField{i, e}
			found = append(found, element)
		}
	}
	for _, name := range p.columns {
		if !slices.Contains(found, name) {
			b.err = p.absent(found)
			break
		}
	}
	return b
}
