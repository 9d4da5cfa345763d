package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// store is where files of images are: a folder or an archive.
type store interface {
	// list returns the files that have the extension of an image, sorted by their
	// paths, but for those that are hidden.
	list() ([]file, error)

	// each calls do for each of these files, several at a time in any order, with what is
	// in it or why it cannot be read. It ends early when ctx does.
	each(ctx context.Context, files []file, do func(i int, r io.Reader, err error)) error

	// stamps returns by what changes of the files are noticed.
	stamps(files []file) []file
}

// file is one of them.
type file struct {
	path     string // with slashes, within the store
	size     int64
	modified int64 // nanoseconds since 1970
}

// openStore returns the store of a path.
func openStore(name string) (store, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("images: %w", err)
	case info.IsDir():
		return folder(name), nil
	case isTar(name):
		return tarFile(name), nil
	case isZip(name):
		return zipFile(name), nil
	}
	return nil, fmt.Errorf("images: %s is no folder and no archive (want a folder, or .zip, .tar, .tar.gz)", name)
}

// isTar reports whether a name is that of a tar archive.
func isTar(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2"}, func(ext string) bool { return strings.HasSuffix(name, ext) })
}

func isZip(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".zip") }

// extensions are those of files that are read as images, in small letters.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"}

// IsImage reports whether a file has the extension of an image, in letters of any case.
func IsImage(name string) bool {
	return slices.Contains(extensions, strings.ToLower(path.Ext(filepath.ToSlash(name))))
}

// hidden reports whether a file or folder is hidden, or is what a system leaves behind.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }

// wanted reports whether a path of an archive is that of an image that is not hidden.
func wanted(name string) bool {
	return IsImage(name) && !slices.ContainsFunc(strings.Split(path.Clean(name), "/"), hidden)
}

// workers runs do on so many goroutines as there are processors.
func workers(do func()) {
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(do)
	}
	all.Wait()
}

// eachIndex calls do for 0 to n-1, several at a time.
func eachIndex(ctx context.Context, n int, do func(i int)) error {
	var next atomic.Int64
	workers(func() {
		for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
			do(i)
		}
	})
	return context.Cause(ctx)
}

func sortFiles(files []file) {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
}

// cause is what is behind an error that names a path.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
