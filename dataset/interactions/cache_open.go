package interactions

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/descent-ml/descent/internal/mapped"
)

// The files of a cache: arrays of numbers in the order of the machine's bytes.
const (
	fileUser       = "user.i32"  // of each interaction
	fileItem       = "item.i32"  //
	fileValue      = "value.f32" // if there are values
	fileTime       = "time.i64"  // if there are times
	fileKnownStart = "known-start.i64"
	fileKnownItem  = "known-item.i32"
	fileUsers      = "users" // .i64, or .text and .ends; and .slots: see Names
	fileItems      = "items"
)

// openCache opens a cache and reads it once, to check it.
func openCache(dir string) (*Table, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	o := &cacheOpener{dir: dir, manifest: m, mapping: &mapping{dir: dir}}
	t := o.table()
	if o.err != nil {
		return nil, errors.Join(o.err, o.mapping.close())
	}
	return t, nil
}

// cacheOpener maps the files of a cache. The first error is kept.
type cacheOpener struct {
	dir      string
	manifest manifest
	mapping  *mapping
	err      error
}

func (o *cacheOpener) table() *Table {
	m := o.mapping
	t := &Table{mapping: m, Close: m.close}
	t.User, t.Item = rowsOf[int32](o, fileUser), rowsOf[int32](o, fileItem)
	if o.has(fileValue) {
		t.Value = rowsOf[float32](o, fileValue)
	}
	if o.has(fileTime) {
		t.Time = rowsOf[int64](o, fileTime)
	}
	t.Users, t.Items = o.names(fileUsers), o.names(fileItems)
	start, items := o.open(fileKnownStart), o.open(fileKnownItem)
	if o.err != nil {
		return nil
	}
	m.known = &Known{Start: mapped.Slice[int64](start), Item: mapped.Slice[int32](items), file: rowFile{items, 4}, mapping: m}
	if n := len(m.known.Start); n != t.Users.Len()+1 || m.known.Start[n-1] != int64(len(m.known.Item)) {
		o.err = fmt.Errorf("interactions: %s: what is known is of %d users (want %d): remove the folder, and it is made again", o.dir, n-1, t.Users.Len())
	}
	return t
}

func (o *cacheOpener) has(name string) bool {
	_, ok := o.manifest.Files[name]
	return ok
}

// open maps a file and checks it.
func (o *cacheOpener) open(name string) *mapped.File {
	if o.err != nil {
		return nil
	}
	f, err := mapped.Open(filepath.Join(o.dir, name))
	if err != nil {
		o.err = fmt.Errorf("interactions: %w: remove the folder, and it is made again", err)
		return nil
	}
	o.mapping.files = append(o.mapping.files, f)
	have, want := cachedFile{int64(len(f.Bytes())), checksum(f)}, o.manifest.Files[name]
	if have != want {
		o.err = fmt.Errorf("interactions: %s: %s is damaged: %d bytes with the checksum %s (want %d and %s): remove the folder, and it is made again",
			o.dir, name, have.Bytes, have.CRC32C, want.Bytes, want.CRC32C)
	}
	return f
}

// rowsOf opens a column of the interactions.
func rowsOf[T any](o *cacheOpener, name string) []T {
	f := o.open(name)
	if o.err != nil {
		return nil
	}
	column := mapped.Slice[T](f)
	if len(column) != o.manifest.Rows {
		o.err = fmt.Errorf("interactions: %s: %s has %d rows (want %d): remove the folder, and it is made again", o.dir, name, len(column), o.manifest.Rows)
		return nil
	}
	if name != fileTime { // which training does not read
		o.mapping.rows = append(o.mapping.rows, rowFile{f, int64(len(f.Bytes()) / len(column))})
	}
	return column
}

// names opens the identifiers of users or items.
func (o *cacheOpener) names(base string) *Names {
	if o.has(base + hashedBuckets) {
		if f := o.open(base + hashedBuckets); o.err == nil {
			return hashed(int(mapped.Slice[int64](f)[0]))
		}
		return nil
	}
	n := &Names{mapped: true}
	if o.has(base + ".text") {
		text, ends := o.open(base+".text"), o.open(base+".ends")
		if o.err != nil {
			return nil
		}
		n.text, n.ends = text.Bytes(), mapped.Slice[uint64](ends)
	} else if ints := o.open(base + ".i64"); o.err == nil {
		n.ints = mapped.Slice[int64](ints)
	}
	slots := o.open(base + ".slots")
	if o.err != nil {
		return nil
	}
	n.setSlots(mapped.Slice[int32](slots))
	return n
}
