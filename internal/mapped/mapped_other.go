//go:build !unix

package mapped

import "os"

const page = 4096

func open(path string) (*File, error) {
	data, err := os.ReadFile(path)
	return &File{data: data}, err
}

func reopen(path string) (*File, error) {
	data, err := os.ReadFile(path)
	return &File{data: data, save: func(data []byte) error { return os.WriteFile(path, data, 0o644) }}, err
}

func create(path string, size int64) (*File, error) {
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		return nil, err
	}
	return &File{data: make([]byte, size), save: func(data []byte) error { return os.WriteFile(path, data, 0o644) }}, nil
}

func temp(_ string, size int64) (*File, error) { return &File{data: make([]byte, size)}, nil }

// Close gives the memory back and writes what was written.
func (f *File) Close() error {
	if f == nil || f.data == nil {
		return nil
	}
	err := f.Sync()
	f.data = nil
	return err
}

// Sync writes what was written to the disk.
func (f *File) Sync() error {
	if f.save == nil {
		return nil
	}
	return f.save(f.data)
}

// Soon does nothing here.
func (f *File) Soon(from, to int64) {}

// Drop does nothing here.
func (f *File) Drop(from, to int64) {}
