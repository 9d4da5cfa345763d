package cells

import (
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// ParquetRows reads a Parquet file row by row: of the selected columns it keeps
// a page each, nothing more of the file.
type ParquetRows struct {
	f      *os.File
	file   *parquet.File
	leaves []*parquetLeaf
	taken  []*parquetCursor // by place in leaves; nil: not selected
	group  int              // of rows, that is read next
	left   int64            // rows of the group before it
	row    int
	record [][]byte
}

// OpenParquetRows opens a file, all of whose columns are selected. Those that
// are lists are left out.
func OpenParquetRows(path string) (p *ParquetRows, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil { // of a damaged file
			err = fmt.Errorf("damaged Parquet: %v", r)
		}
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("no Parquet file: %w", err)
	}
	p = &ParquetRows{f: f, file: file, leaves: scalarLeaves(file.Root(), "", nil)}
	p.record = make([][]byte, len(p.leaves))
	all := make([]int, len(p.leaves))
	for i := range all {
		all[i] = i
	}
	p.Select(all)
	return p, nil
}

// scalarLeaves is the columns that have one value in each row.
func scalarLeaves(c *parquet.Column, name string, leaves []*parquetLeaf) []*parquetLeaf {
	for _, child := range c.Columns() {
		full := child.Name()
		if name != "" {
			full = name + "." + full
		}
		switch {
		case child.Repeated():
		case !child.Leaf():
			leaves = scalarLeaves(child, full, leaves)
		default:
			l := &parquetLeaf{name: full, index: child.Index()}
			l.convert(child.Type())
			leaves = append(leaves, l)
		}
	}
	return leaves
}

// Names returns the names of the columns.
func (p *ParquetRows) Names() []string {
	names := make([]string, len(p.leaves))
	for i, l := range p.leaves {
		names[i] = l.name
	}
	return names
}

// Rows returns the number of rows of the file.
func (p *ParquetRows) Rows() int64 { return p.file.NumRows() }

// Row returns how many rows are read.
func (p *ParquetRows) Row() int { return p.row }

// Select says which columns are read; the cells of others are empty. It must
// come before the first row.
func (p *ParquetRows) Select(columns []int) {
	p.taken = make([]*parquetCursor, len(p.leaves))
	for _, i := range columns {
		p.taken[i] = &parquetCursor{leaf: p.leaves[i]}
	}
}

// Next returns the cells of the next row, valid until the next call, and its
// number from 1. At the end the error is io.EOF.
func (p *ParquetRows) Next() (record [][]byte, row int, err error) {
	defer func() {
		if r := recover(); r != nil { // of a damaged file
			err = fmt.Errorf("damaged Parquet: %v", r)
		}
	}()
	for p.left == 0 {
		if err := p.nextGroup(); err != nil {
			return nil, 0, err
		}
	}
	p.left--
	p.row++
	for i, c := range p.taken {
		if c == nil {
			continue
		}
		if p.record[i], err = c.next(); err != nil {
			return nil, 0, fmt.Errorf("column %q: %w", c.leaf.name, err)
		}
	}
	return p.record, p.row, nil
}

// nextGroup begins the next group of rows.
func (p *ParquetRows) nextGroup() error {
	groups := p.file.RowGroups()
	if p.group == len(groups) {
		return io.EOF
	}
	g := groups[p.group]
	p.group++
	p.left = g.NumRows()
	for _, c := range p.taken {
		if c != nil {
			c.begin(g.ColumnChunks()[c.leaf.index])
		}
	}
	return nil
}

// Close closes the file.
func (p *ParquetRows) Close() error {
	for _, c := range p.taken {
		if c != nil {
			c.end()
		}
	}
	return p.f.Close()
}

// parquetCursor stands in a column of a group of rows.
type parquetCursor struct {
	leaf   *parquetLeaf
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    [512]parquet.Value
	at, n  int // of buf
}

func (c *parquetCursor) begin(chunk parquet.ColumnChunk) {
	c.end()
	c.pages = chunk.Pages()
}

// end gives back what is open.
func (c *parquetCursor) end() {
	c.release()
	if c.pages != nil {
		c.pages.Close()
	}
	c.pages, c.at, c.n = nil, 0, 0
}

func (c *parquetCursor) release() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values = nil, nil
}

// next returns the text of the next value.
func (c *parquetCursor) next() ([]byte, error) {
	for c.at == c.n {
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
	v := c.buf[c.at]
	c.at++
	return c.leaf.text(v), nil
}

// fill reads further values, of the next page where one is at its end. A page
// stays until its values are used: they may lie in it.
func (c *parquetCursor) fill() (err error) {
	c.at, c.n = 0, 0
	if c.values == nil {
		if c.page, err = c.pages.ReadPage(); err == io.EOF {
			return fmt.Errorf("fewer values than rows")
		} else if err != nil {
			return err
		}
		c.values = c.page.Values()
	}
	c.n, err = c.values.ReadValues(c.buf[:])
	if c.n == 0 && err == io.EOF {
		c.release()
		return nil
	}
	if err == io.EOF {
		err = nil
	}
	return err
}
