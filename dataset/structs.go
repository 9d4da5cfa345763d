package dataset

import (
	"fmt"
	"iter"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// TableOf returns a table of structs: one column for each exported field that
// is a number, a bool (numeric, 0 or 1; as the target the classes false and
// true) or a string (a category), and one for each element of a field that is
// an array or a slice of numbers, called name.0, name.1, ... The sequence is
// read once; slices.Values makes one of a slice.
//
// The tag `descent:"name,option"` gives the column another name ("-" leaves the
// field out) and the options target, weight or categorical:
//
//	type Flower struct {
//		Petal   [2]float64
//		Colour  string
//		Species string `descent:"species,target"`
//	}
//
// Errors of the table name the type and, as the line, the example from 1.
func TableOf[T any](examples iter.Seq[T]) (*Table, error) {
	typ := reflect.TypeFor[T]()
	t := newTable(typ.String(), TableOptions{Missing: []string{}})
	fields, err := structFields(typ)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", typ, err)
	}
	var record []string
	n := 0
	for example := range examples {
		v := reflect.ValueOf(example)
		if n++; n == 1 {
			t.structColumns(fields, v)
		}
		if record, err = structCells(record[:0], fields, v); err != nil {
			return nil, fmt.Errorf("dataset: %s:%d: %w", typ, n, err)
		}
		if len(record) != len(t.names) {
			return nil, fmt.Errorf("dataset: %s:%d: %d values (want %d, as in the first example)", typ, n, len(record), len(t.names))
		}
		for i, cell := range record {
			t.columns[i].Add([]byte(cell))
		}
		t.store.EndRow(n)
	}
	if n == 0 {
		return nil, fmt.Errorf("dataset: %s: no examples", typ)
	}
	t.skip, t.places = make([]bool, len(t.names)), map[string]int{}
	for i, name := range t.names {
		if t.place(name) >= 0 {
			return nil, fmt.Errorf("dataset: %s: column name %q is used twice", typ, name)
		}
		t.places[name] = i
	}
	return t, nil
}

// structField is a field of a struct that becomes columns.
type structField struct {
	index       int
	name        string
	role        string // "target", "weight", "categorical" or ""
	categorical bool
	list        bool
}

// StructColumn returns the name of the column that a field of a struct becomes,
// and its role, by the tag `descent:"name,role"`; ok is false for one that is
// left out. See TableOf.
func StructColumn(f reflect.StructField) (name, role string, ok bool) {
	name, role, _ = strings.Cut(f.Tag.Get("descent"), ",")
	if !f.IsExported() || name == "-" {
		return "", "", false
	}
	if name == "" {
		name = f.Name
	}
	return name, role, true
}

func structFields(typ reflect.Type) ([]structField, error) {
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("the type is a %s (want a struct)", typ.Kind())
	}
	var fields []structField
	roles := map[string]string{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, role, ok := StructColumn(f)
		if !ok {
			continue
		}
		s := structField{index: i, name: name, role: role}
		kind := f.Type.Kind()
		if s.list = kind == reflect.Slice || kind == reflect.Array; s.list {
			kind = f.Type.Elem().Kind()
		}
		s.categorical = kind == reflect.String || role == "categorical" || kind == reflect.Bool && role == "target"
		if !isNumber(kind) && (s.list || kind != reflect.String && kind != reflect.Bool) {
			return nil, fmt.Errorf("field %s is a %s (want a number, bool, string, or array or slice of numbers; or the tag `descent:\"-\"`)", f.Name, f.Type)
		}
		switch {
		case role != "" && role != "target" && role != "weight" && role != "categorical":
			return nil, fmt.Errorf("field %s: tag option %q (want target, weight or categorical)", f.Name, role)
		case (role == "target" || role == "weight") && (roles[role] != "" || s.list):
			return nil, fmt.Errorf("field %s: the %s must be one column (got %s, and %q before)", f.Name, role, f.Type, roles[role])
		}
		roles[role] = f.Name
		fields = append(fields, s)
	}
	return fields, nil
}

func isNumber(k reflect.Kind) bool {
	return k >= reflect.Int && k <= reflect.Float64 && k != reflect.Uintptr
}

// structColumns names the columns after the first example.
func (t *Table) structColumns(fields []structField, v reflect.Value) {
	for _, f := range fields {
		kind := KindNumeric
		if f.categorical {
			kind = KindCategorical
		}
		switch f.role {
		case "target":
			t.targets = []int{len(t.names)}
		case "weight":
			t.weight = len(t.names)
		}
		if !f.list {
			t.names, t.kinds = append(t.names, f.name), append(t.kinds, kind)
			continue
		}
		for i := range v.Field(f.index).Len() {
			t.names, t.kinds = append(t.names, fmt.Sprint(f.name, ".", i)), append(t.kinds, kind)
		}
	}
	for _, name := range t.names {
		t.store.Append(name)
	}
	t.columns = t.store.Columns()
}

func structCells(record []string, fields []structField, v reflect.Value) ([]string, error) {
	for _, f := range fields {
		fv := v.Field(f.index)
		n := 1
		if f.list {
			n = fv.Len()
		}
		for i := range n {
			one := fv
			if f.list {
				one = fv.Index(i)
			}
			cell, err := goCell(one, f.categorical)
			if err != nil {
				return nil, fmt.Errorf("column %q: %w", f.name, err)
			}
			record = append(record, cell)
		}
	}
	return record, nil
}

// goCell spells a value so that it parses to the same.
func goCell(v reflect.Value, categorical bool) (string, error) {
	switch {
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.Kind() == reflect.Bool && categorical:
		return strconv.FormatBool(v.Bool()), nil
	case v.Kind() == reflect.Bool && v.Bool():
		return "1", nil
	case v.Kind() == reflect.Bool:
		return "0", nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	}
	if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
		return "", fmt.Errorf("%v (want a finite number)", f)
	}
	return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()), nil
}
