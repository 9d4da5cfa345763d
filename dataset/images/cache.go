package images

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
)

// CacheNone is Options.Cache without one.
const CacheNone = "none"

// CacheSuffix is behind the name of a folder or an archive in that of its cache.
const CacheSuffix = ".descent"

// cacheFrom is from how many bytes of files or of pixels on images are cached: what is
// smaller is decoded again in a second or two.
const cacheFrom = 64 << 20

// cacheDirs returns the folders where a cache may be, the first choice first.
func (r *reader) cacheDirs() ([]string, error) {
	whole, err := filepath.Abs(r.name)
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	if dir := r.options.Cache; dir != "" {
		return []string{filepath.Join(dir, flat(whole)+CacheSuffix)}, nil
	}
	var dirs []string
	if writable(filepath.Dir(whole)) {
		dirs = append(dirs, whole+CacheSuffix)
	}
	if user, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(user, "descent", flat(whole)+CacheSuffix))
	}
	return dirs, nil
}

// writable reports whether anyone may write to a folder: one that is read only is left alone
// by those too who may do everything.
func writable(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.Mode()&0o222 != 0
}

// flat makes one name of a path.
func flat(path string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:`, c) {
			return '%'
		}
		return c
	}, path)
}

// findCache returns the folder with the cache of a key in the form that is wanted, "" if
// there is none. A folder that nobody has asked for is passed over if it cannot be read.
func (r *reader) findCache(dirs []string, key cacheKey) (string, *manifest, error) {
	for _, dir := range dirs {
		m, err := readManifest(dir)
		if err != nil && r.options.Cache == "" && unreadable(err) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		if m != nil && m.is(key, r.target) {
			return dir, m, nil
		}
	}
	return "", nil, nil
}

// large reports whether files are so large, or so many, that their pixels are kept.
func (r *reader) large(lists [parts]*listing) bool {
	var files, pixels int64
	for _, l := range lists {
		if l == nil {
			continue
		}
		pixels += int64(r.target.size()) * int64(len(l.files))
		for _, f := range l.files {
			files += f.size
		}
	}
	return max(files, pixels) >= cacheFrom
}

// makeCache makes a cache in the first of the folders that can be written, and returns it.
func (r *reader) makeCache(ctx context.Context, dirs []string, key cacheKey, lists [parts]*listing) (string, *manifest, error) {
	var failed error
	for _, dir := range dirs {
		m, err := r.makeCacheIn(ctx, dir, key, lists)
		if err == nil {
			return dir, m, nil
		}
		failed = errors.Join(failed, err)
		if !unwritable(err) {
			break
		}
	}
	return "", nil, failed
}

// unwritable reports whether an error is of a folder that may not be written, or of
// a file system that is only read.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// unreadable reports whether an error is of a folder that may not be read, or that is
// within a file.
func unreadable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR)
}

// makeCacheIn makes the cache beside its folder, and gives it its name when it is
// complete. What was decoded before a kill, or before an error, is used if it is of
// the same files; if the disk is full it is removed.
func (r *reader) makeCacheIn(ctx context.Context, dir string, key cacheKey, lists [parts]*listing) (m *manifest, err error) {
	temp := dir + ".tmp"
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("images: the cache: %w", err)
	}
	lock, err := checkpoint.LockDir(temp)
	if errors.Is(err, checkpoint.ErrLocked) {
		return nil, fmt.Errorf("images: %s is being decoded already: %w", r.name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("images: the cache: %w", err)
	}
	defer func() {
		if errors.Is(err, syscall.ENOSPC) {
			os.RemoveAll(temp)
			err = fmt.Errorf("%w: choose another folder by data.image.cache, or a smaller size of images", err)
		}
	}()
	defer lock.Unlock()
	asked := r.options.target()
	m = &manifest{
		Key: key, Height: r.target.height, Width: r.target.width, Channels: r.target.channels,
		Decided: decided{asked.height == 0 || asked.width == 0, asked.channels == 0},
	}
	if err := begin(temp, m); err != nil {
		return nil, err
	}
	for part, l := range lists { // a disk that is too small is found before anything is decoded
		if l == nil || len(l.files) == 0 {
			continue
		}
		f, err := r.partFile(temp, part, l)
		if err != nil {
			return nil, err
		}
		f.Close()
	}
	for part, l := range lists {
		if l != nil && len(l.files) > 0 {
			if m.Parts[part], err = r.cachePart(ctx, temp, part, l); err != nil {
				return nil, err
			}
		}
	}
	for part := range m.Parts {
		os.Remove(filepath.Join(temp, cacheParts[part]+fileSums)) // if there is one
	}
	if err := m.write(temp); err != nil {
		return nil, fmt.Errorf("images: the cache: %w", err)
	}
	if err := checkpoint.Settle(temp, dir, lock); err != nil {
		return nil, fmt.Errorf("images: the cache: %w", err)
	}
	return m, nil
}

// begin empties a folder, but for its lock, unless it has the begin of the same cache.
func begin(temp string, m *manifest) error {
	had, err := readManifest(temp)
	if err == nil && had != nil && had.is(m.Key, target{height: m.Height, width: m.Width, channels: m.Channels}) {
		return nil
	}
	if err = errors.Join(checkpoint.Empty(temp), m.write(temp)); err != nil {
		return fmt.Errorf("images: the cache: %w", err)
	}
	return nil
}
