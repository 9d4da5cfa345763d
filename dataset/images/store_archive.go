package images

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/descent-ml/descent/dataset"
)

// zipFile is a zip archive.
type zipFile string

// open returns the files of the archive by their paths.
func (z zipFile) open() (*zip.ReadCloser, map[string]*zip.File, error) {
	r, err := zip.OpenReader(string(z))
	if err != nil {
		return nil, nil, fmt.Errorf("images: %s: %w", string(z), err)
	}
	members := map[string]*zip.File{}
	for _, f := range r.File {
		if !f.FileInfo().IsDir() && wanted(f.Name) {
			members[path.Clean(f.Name)] = f
		}
	}
	return r, members, nil
}

func (z zipFile) list() ([]file, error) {
	r, members, err := z.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var files []file
	for name, f := range members {
		files = append(files, file{path: name, size: int64(f.UncompressedSize64)})
	}
	sortFiles(files)
	return files, nil
}

func (z zipFile) each(ctx context.Context, files []file, do func(int, io.Reader, error)) error {
	archive, members, err := z.open()
	if err != nil {
		return err
	}
	defer archive.Close()
	return eachIndex(ctx, len(files), func(i int) {
		r, err := members[files[i].path].Open()
		if err != nil {
			do(i, nil, err)
			return
		}
		defer r.Close()
		do(i, r, nil)
	})
}

func (z zipFile) stamps([]file) []file { return stampOf(string(z)) }

// stampOf is the size and the time of an archive.
func stampOf(name string) []file {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return []file{{filepath.Base(name), info.Size(), info.ModTime().UnixNano()}}
}

// tarFile is a tar archive, plain or compressed. It is read from its begin to its end each
// time.
type tarFile string

// mostFile is the most bytes of a file in an archive.
const mostFile = 1 << 30

// walk calls visit for each image, with a reader that is valid during the call.
func (t tarFile) walk(visit func(f file, r io.Reader) error) error {
	f, err := dataset.OpenFile(string(t))
	if err != nil {
		return err
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil && h.Typeflag == tar.TypeReg && wanted(h.Name) {
			if h.Size > mostFile {
				return fmt.Errorf("images: %s: %s has %d bytes (want at most %d)", string(t), h.Name, h.Size, mostFile)
			}
			err = visit(file{path.Clean(h.Name), h.Size, h.ModTime.UnixNano()}, r)
		}
		if err != nil {
			return fmt.Errorf("images: %s: %w", string(t), err)
		}
	}
}

func (t tarFile) list() (files []file, err error) {
	err = t.walk(func(f file, _ io.Reader) error {
		files = append(files, f)
		return nil
	})
	sortFiles(files)
	return slices.CompactFunc(files, func(a, b file) bool { return a.path == b.path }), err
}

// member is a file of an archive that has been read.
type member struct {
	place int
	data  []byte
}

func (t tarFile) each(ctx context.Context, files []file, do func(int, io.Reader, error)) error {
	places := map[string]int{}
	for i, f := range files {
		places[f.path] = i
	}
	read, failed := make(chan member), make(chan error, 1)
	go func() {
		defer close(read)
		failed <- t.walk(func(f file, r io.Reader) error {
			i, ok := places[f.path]
			if !ok {
				return nil
			}
			delete(places, f.path)
			data, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			select {
			case read <- member{i, data}:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	}()
	workers(func() {
		for m := range read {
			do(m.place, bytes.NewReader(m.data), nil)
		}
	})
	return <-failed
}

func (t tarFile) stamps([]file) []file { return stampOf(string(t)) }
