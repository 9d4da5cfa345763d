//go:build unix

package mapped

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// page is what the system maps at once.
var page = int64(os.Getpagesize())

func open(path string) (*File, error) { return openAs(path, os.O_RDONLY, unix.PROT_READ) }

func reopen(path string) (*File, error) {
	return openAs(path, os.O_RDWR, unix.PROT_READ|unix.PROT_WRITE)
}

func openAs(path string, flag, protection int) (*File, error) {
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a file (%s)", info.Mode().Type())
	}
	return mapFile(f, info.Size(), protection)
}

func mapFile(f *os.File, size int64, protection int) (*File, error) {
	if size == 0 {
		return &File{}, nil
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(size), protection, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map into memory: %w", err)
	}
	return &File{data: data}, nil
}

func create(path string, size int64) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return mapNew(f, size)
}

func temp(dir string, size int64) (*File, error) {
	f, err := os.CreateTemp(dir, ".descent-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return mapNew(f, size)
}

// mapNew gives a new file its size, maps and closes it.
func mapNew(f *os.File, size int64) (*File, error) {
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return nil, err
	}
	if err := reserve(f, size); err != nil {
		return nil, err
	}
	return mapFile(f, size, unix.PROT_READ|unix.PROT_WRITE)
}

// Close gives the memory back. What was written is in the file.
func (f *File) Close() error {
	if f == nil || f.data == nil {
		return nil
	}
	err := unix.Munmap(f.data)
	f.data = nil
	return err
}

// Sync writes what was written to the disk.
func (f *File) Sync() error {
	if f.data == nil {
		return nil
	}
	return unix.Msync(f.data, unix.MS_SYNC)
}

// Soon asks the system to read bytes from to to-1 in the background.
func (f *File) Soon(from, to int64) { f.advise(f.span(from, to, true), unix.MADV_WILLNEED) }

// Drop takes bytes from to to-1 out of the process's memory, where they count as
// resident. They stay in the page cache as long as the system has room.
func (f *File) Drop(from, to int64) { f.advise(f.span(from, to, false), unix.MADV_DONTNEED) }

// advise passes advice on. It may be ignored, and so are its errors.
func (f *File) advise(b []byte, advice int) {
	if len(b) > 0 {
		unix.Madvise(b, advice)
	}
}
