package cells

import (
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// ReadParquet reads a Parquet file into a table. Columns within groups get
// names with dots; lists are refused. Dates and times become text of ISO 8601.
func ReadParquet(path string, s *Store) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	defer func() {
		if r := recover(); r != nil { // of a damaged file
			err = fmt.Errorf("damaged Parquet: %v", r)
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return fmt.Errorf("no Parquet file: %w", err)
	}
	leaves, err := parquetLeaves(p.Root(), "", nil)
	if err != nil {
		return err
	}
	for _, l := range leaves {
		l.column = s.Append(l.name)
	}
	for _, group := range p.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			if err := leaves[i].read(chunk.Pages()); err != nil {
				return fmt.Errorf("column %q: %w", leaves[i].name, err)
			}
		}
		s.EndRows(int(group.NumRows()))
	}
	for _, c := range s.columns {
		if c.Len() != s.rows {
			return fmt.Errorf("column %q has %d values (want %d)", c.name, c.Len(), s.rows)
		}
	}
	return nil
}

// parquetLeaf is a column of a Parquet file.
type parquetLeaf struct {
	name   string
	index  int                                    // among all columns of the file
	append func(b []byte, v parquet.Value) []byte // of what is no plain number
	float  func(v parquet.Value) float64          // of a number
	column *Column
	buf    []byte
}

func parquetLeaves(c *parquet.Column, name string, leaves []*parquetLeaf) ([]*parquetLeaf, error) {
	for _, child := range c.Columns() {
		full := child.Name()
		if name != "" {
			full = name + "." + full
		}
		if child.Repeated() {
			return nil, fmt.Errorf("column %q is a list (want one value in each row)", full)
		}
		if !child.Leaf() {
			var err error
			if leaves, err = parquetLeaves(child, full, leaves); err != nil {
				return nil, err
			}
			continue
		}
		l := &parquetLeaf{name: full}
		l.convert(child.Type())
		leaves = append(leaves, l)
	}
	return leaves, nil
}

// convert chooses how values become cells.
func (l *parquetLeaf) convert(t parquet.Type) {
	logical := t.LogicalType()
	if logical != nil {
		switch v := logical.Value.(type) {
		case *format.DateType:
			l.append = func(b []byte, v parquet.Value) []byte {
				return time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(b, time.DateOnly)
			}
			return
		case *format.TimestampType:
			l.append = timestamp(v.Unit)
			return
		case *format.DecimalType:
			if scale := math.Pow10(int(v.Scale)); t.Kind() == parquet.Int32 {
				l.float = func(v parquet.Value) float64 { return float64(v.Int32()) / scale }
				return
			} else if t.Kind() == parquet.Int64 {
				l.float = func(v parquet.Value) float64 { return float64(v.Int64()) / scale }
				return
			}
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		l.append = func(b []byte, v parquet.Value) []byte { return strconv.AppendBool(b, v.Boolean()) }
	case parquet.Int32:
		l.append = func(b []byte, v parquet.Value) []byte { return strconv.AppendInt(b, int64(v.Int32()), 10) }
	case parquet.Int64:
		l.append = func(b []byte, v parquet.Value) []byte { return strconv.AppendInt(b, v.Int64(), 10) }
	case parquet.Float:
		l.append = func(b []byte, v parquet.Value) []byte { return appendFloat32(b, v.Float()) }
	case parquet.Double:
		l.float = func(v parquet.Value) float64 { return v.Double() }
	case parquet.ByteArray, parquet.FixedLenByteArray:
		l.append = func(b []byte, v parquet.Value) []byte { return append(b, v.ByteArray()...) }
	default:
		l.append = func(b []byte, v parquet.Value) []byte { return append(b, strings.TrimSpace(v.String())...) }
	}
}

// timestamp returns how a time in some unit is spelled, to the second.
func timestamp(unit format.TimeUnit) func(b []byte, v parquet.Value) []byte {
	per := int64(1e9)
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		per = 1e3
	case *format.MicroSeconds:
		per = 1e6
	}
	return func(b []byte, v parquet.Value) []byte {
		n := v.Int64()
		return time.Unix(n/per, n%per*(1e9/per)).UTC().AppendFormat(b, time.DateTime)
	}
}

// appendFloat32 spells a float32; what is not finite is an empty cell.
func appendFloat32(b []byte, v float32) []byte {
	if v-v != 0 {
		return b
	}
	return strconv.AppendFloat(b, float64(v), 'g', -1, 32)
}

func (l *parquetLeaf) read(pages parquet.Pages) error {
	defer pages.Close()
	values := make([]parquet.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for reader := page.Values(); ; {
			n, err := reader.ReadValues(values)
			for _, v := range values[:n] {
				l.add(v)
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
		parquet.Release(page)
	}
}

// text spells a value, valid until the next call; a missing one is empty.
func (l *parquetLeaf) text(v parquet.Value) []byte {
	l.buf = l.buf[:0]
	switch {
	case v.IsNull():
	case l.float != nil:
		if f := l.float(v); f-f == 0 {
			l.buf = appendFloat(l.buf, f)
		}
	default:
		l.buf = l.append(l.buf, v)
	}
	return l.buf
}

func (l *parquetLeaf) add(v parquet.Value) {
	switch {
	case v.IsNull():
		if l.float != nil {
			l.column.AddFloat(math.NaN())
			return
		}
		l.column.Add(nil)
	case l.float != nil:
		f := l.float(v)
		if f-f != 0 {
			f = math.NaN()
		}
		l.column.AddFloat(f)
	default:
		l.buf = l.append(l.buf[:0], v)
		l.column.Add(l.buf)
	}
}
