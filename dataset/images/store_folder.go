package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// folder is a folder on disk. Symbolic links are followed.
type folder string

func (f folder) list() (files []file, err error) {
	err = f.walk("", nil, func(found file) error {
		files = append(files, found)
		return nil
	})
	sortFiles(files)
	return files, err
}

// errFound ends a walk.
var errFound = errors.New("found")

// hasImage reports whether there is a file with the extension of an image.
func (f folder) hasImage() (bool, error) {
	err := f.walk("", nil, func(file) error { return errFound })
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

// walk calls visit for the images of a folder in f, and ends at its error. around are the
// folders that it is in: a link to one of them would have no end.
func (f folder) walk(at string, around []os.FileInfo, visit func(file) error) error {
	dir := f.path(at)
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	if slices.ContainsFunc(around, func(a os.FileInfo) bool { return os.SameFile(a, info) }) {
		return fmt.Errorf("images: %s is a link to a folder that it is in", dir)
	}
	around = append(around, info)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	for _, e := range entries {
		if hidden(e.Name()) {
			continue
		}
		name := path.Join(at, e.Name())
		switch info, err := os.Stat(f.path(name)); {
		case err == nil && info.IsDir():
			if err := f.walk(name, around, visit); err != nil {
				return err
			}
		case !IsImage(name):
		default:
			found := file{path: name}
			if err == nil { // a link to nothing is reported when it is read
				found.size, found.modified = info.Size(), info.ModTime().UnixNano()
			}
			if err := visit(found); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f folder) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

func (f folder) each(ctx context.Context, files []file, do func(int, io.Reader, error)) error {
	return eachIndex(ctx, len(files), func(i int) {
		r, err := os.Open(f.path(files[i].path))
		if err != nil {
			do(i, nil, cause(err))
			return
		}
		defer r.Close()
		do(i, r, nil)
	})
}

func (f folder) stamps(files []file) []file { return files }
