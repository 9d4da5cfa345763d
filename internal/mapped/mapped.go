// Package mapped makes files memory: what is read is in the page cache, which the
// system takes back when it needs the room, and not in the memory of the process.
package mapped

import (
	"errors"
	"fmt"
	"io/fs"
	"unsafe"
)

// File is a file whose bytes are memory. Where a system cannot map files, the
// bytes are read, and written by Close.
type File struct {
	data []byte
	save func(data []byte) error // where files cannot be mapped
}

// Open maps a file for reading: who writes to it, ends the process. The file must not
// become shorter while it is open. An empty file has no bytes.
func Open(path string) (*File, error) { return open(path) }

// Reopen maps a file that is there for reading and writing.
func Reopen(path string) (*File, error) { return reopen(path) }

// Create makes a file of so many bytes, all 0, and maps it for writing. Room on
// the disk is reserved where the system can, so that a full disk is an error
// here and not the end of the process later.
func Create(path string, size int64) (*File, error) {
	f, err := create(path, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %d bytes: %w", path, size, cause(err))
	}
	return f, nil
}

// Temp is Create of a file that has no name: its room is given back by Close, and
// when the process ends in whatever way. It lies in a directory.
func Temp(dir string, size int64) (*File, error) {
	f, err := temp(dir, size)
	if err != nil {
		return nil, fmt.Errorf("%s: a temporary file of %d bytes: %w", dir, size, cause(err))
	}
	return f, nil
}

// cause is what is behind an error that names a path.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Bytes returns the memory, valid until Close.
func (f *File) Bytes() []byte { return f.data }

// Slice returns the bytes as values in the order of this machine. They have no
// pointers. Bytes behind the last whole value are left out.
func Slice[T any](f *File) []T {
	var one T
	if n := len(f.data) / int(unsafe.Sizeof(one)); n > 0 {
		return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(f.data))), n)
	}
	return nil
}

// span returns the bytes from to to-1 widened to whole pages, or narrowed, and
// cut at the end of the file.
func (f *File) span(from, to int64, wide bool) []byte {
	low, high := from, to
	if wide {
		high += page - 1
	} else {
		low += page - 1
	}
	low, high = low/page*page, high/page*page
	if size := int64(len(f.data)); to >= size || high > size {
		high = size
	}
	if low >= high {
		return nil
	}
	return f.data[low:high]
}
