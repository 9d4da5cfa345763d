package interactions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
)

// Cache says where files that are too large for memory are kept as columns, which
// are mapped into memory. The zero value has the defaults.
type Cache struct {
	// Dir is the folder of the cache of a file. By default it is the file's path
	// with .descent behind it, on the disk that has room for data of this size;
	// where that cannot be written, the user's folder for caches.
	Dir string

	// Limit is the size from which files are cached, DefaultLimit if it is 0;
	// packed files and Parquet count PackedFactor times. Below 0 all are cached.
	Limit int64

	// Progress, if there is one, is told what a conversion does, and which share
	// of that is done, a few hundred times.
	Progress func(doing string, share float64)

	bucket int64 // interactions that are sorted at once; 0: bucketRows
}

// DefaultLimit is the size of text whose interactions take about as many bytes
// in memory, while they are read too: less than is left for data beside a model
// (docs/memory.md), so what is smaller gains nothing by a cache.
const (
	DefaultLimit = 64 << 20
	PackedFactor = 4
)

// CacheSuffix is behind the name of a file in that of its cache.
const CacheSuffix = ".descent"

// Load reads the interactions of a file, or of several, as Open has it: small ones
// into memory, in the order of the file; large ones by a cache, which is made if
// there is none yet. A table from a cache has its interactions grouped by user, in the order
// of the file for each, so that what is asked for together lies together on
// the disk; its memory is that of the system, which takes it back as it needs
// to. It must be closed.
//
// A cache belongs to files of the same path, size and time of modification, and to the
// options. Another one is replaced, a damaged one refused. Cancelling ctx ends a
// conversion and leaves nothing.
func Load(ctx context.Context, path string, o Options, c Cache) (*Table, error) {
	sources, err := sourcesOf(path)
	if err != nil {
		return nil, err
	}
	if c.Limit == 0 {
		c.Limit = DefaultLimit
	}
	if sizeOf(sources) < c.Limit {
		return Read(path, o)
	}
	want := manifest{Version: cacheVersion, Sources: sources, Options: o, Order: nativeOrder}
	dirs, err := c.dirs(sources)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		if found, err := want.matches(dir); err != nil {
			return nil, err
		} else if found {
			return openCache(dir)
		}
	}
	return c.convert(ctx, dirs, path, want)
}

// sourceFile is a file that a cache was made of.
type sourceFile struct {
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // nanoseconds since 1970
}

// sourcesOf describes the files that a path names.
func sourcesOf(path string) ([]sourceFile, error) {
	files, err := dataset.TableFiles(path)
	if err != nil {
		return nil, err
	}
	all := make([]sourceFile, len(files))
	for i, file := range files {
		info, err := os.Stat(file)
		if err == nil {
			file, err = filepath.Abs(file)
		}
		if err != nil {
			return nil, fmt.Errorf("interactions: %w", err)
		}
		all[i] = sourceFile{file, info.Size(), info.ModTime().UnixNano()}
	}
	return all, nil
}

// sizeOf is about how many bytes of text files have.
func sizeOf(sources []sourceFile) (bytes int64) {
	for _, s := range sources {
		factor := int64(1)
		switch strings.ToLower(filepath.Ext(s.Path)) {
		case ".gz", ".zst", ".bz2", ".zip", ".parquet", ".pq":
			factor = PackedFactor
		}
		bytes += factor * s.Size
	}
	return bytes
}

// dirs returns the folders where a cache may be, the first choice first.
func (c Cache) dirs(sources []sourceFile) ([]string, error) {
	if c.Dir != "" {
		return []string{c.Dir}, nil
	}
	dirs := []string{sources[0].Path + CacheSuffix}
	if user, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(user, "descent", flat(sources[0].Path)+CacheSuffix))
	}
	return dirs, nil
}

// flat makes one name of a path.
func flat(path string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:`, r) {
			return '%'
		}
		return r
	}, path)
}

// convert makes the cache in the first of the folders that can be written.
func (c Cache) convert(ctx context.Context, dirs []string, path string, m manifest) (*Table, error) {
	var failed error
	for _, dir := range dirs {
		err := c.convertTo(ctx, dir, path, m)
		if err == nil {
			return openCache(dir)
		}
		failed = errors.Join(failed, err)
		if !unwritable(err) {
			break
		}
	}
	return nil, failed
}

// unwritable reports whether an error is of a folder that may not be written, or of
// a file system that is only read.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// convertTo makes the cache beside its folder, and gives it its name when it is
// complete. What a killed conversion has left is used again for this one.
func (c Cache) convertTo(ctx context.Context, dir, path string, m manifest) (err error) {
	temp := dir + ".tmp"
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	lock, err := checkpoint.LockDir(temp)
	if errors.Is(err, checkpoint.ErrLocked) {
		return fmt.Errorf("interactions: %s is being converted already: %w", path, err)
	}
	if err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(temp)
		}
	}()
	defer lock.Unlock()
	if err := checkpoint.Empty(temp); err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	if err := newConversion(temp, m, c).run(ctx, path); err != nil {
		return err
	}
	if err := checkpoint.Settle(temp, dir, lock); err != nil {
		return fmt.Errorf("interactions: %w", err)
	}
	return nil
}
