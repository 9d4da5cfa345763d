package images

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// cacheVersion is the version of caches, and of the pixels that are made of files;
// those of another are made anew.
const cacheVersion = 1

// manifestName is the file that says what a cache is.
const manifestName = "cache.json"

// cacheKey is what a cache is of: files, by their names, sizes and times, and how they
// were read.
type cacheKey struct {
	Version int      `json:"descent_images"`
	Files   string   `json:"files"` // SHA-256 of what is known of them
	Resize  string   `json:"resize"`
	Classes []string `json:"classes"`
}

// manifest is what is in it.
type manifest struct {
	Key      cacheKey             `json:"key"`
	Height   int                  `json:"height"`
	Width    int                  `json:"width"`
	Channels int                  `json:"channels"`
	Decided  decided              `json:"decided"`
	Parts    [parts]*partManifest `json:"parts"` // null: there is none
}

// decided says what was not asked for but decided by the files.
type decided struct {
	Size     bool `json:"size"`
	Channels bool `json:"channels"`
}

// partManifest is what is in a part of it.
type partManifest struct {
	Images  int           `json:"images"`
	Sum     string        `json:"sum"`   // Set.Sum
	Names   string        `json:"names"` // CRC-32C of the file of names
	Labels  string        `json:"labels"`
	Skipped []skippedFile `json:"skipped,omitempty"`
}

// skippedFile is a FileError in a manifest.
type skippedFile struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// key returns the key of files that are to be read so.
func (r *reader) key(files []file, classes []string) cacheKey {
	h := sha256.New()
	for _, f := range r.store.stamps(files) {
		fmt.Fprintf(h, "%d %d %q\n", f.size, f.modified, f.path)
	}
	return cacheKey{cacheVersion, hex.EncodeToString(h.Sum(nil)), r.target.resize, classes}
}

func (k cacheKey) equal(other cacheKey) bool {
	return k.Version == other.Version && k.Files == other.Files && k.Resize == other.Resize && slices.Equal(k.Classes, other.Classes)
}

// is reports whether the cache is that of a key, in a form; what is 0 in the form is
// still to be decided by the files, and was decided so.
func (m *manifest) is(key cacheKey, t target) bool {
	size := m.Height == t.height && m.Width == t.width || m.Decided.Size && (t.height == 0 || t.width == 0)
	channels := m.Channels == t.channels || m.Decided.Channels && t.channels == 0
	return m.Key.equal(key) && size && channels
}

// readManifest reads that of a folder. A folder that is no cache is an error: it would
// be replaced.
func readManifest(dir string) (m *manifest, err error) {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(dir); err == nil {
			return nil, fmt.Errorf("images: %s is in the place of a cache, without %s: remove it", dir, manifestName)
		}
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("images: %w", err)
	}
	m = new(manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, damaged(dir, "%s: %v", manifestName, err)
	}
	return m, nil
}

func (m *manifest) write(dir string) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifestName), append(b, '\n'), 0o644)
}

func damaged(dir, format string, args ...any) error {
	return fmt.Errorf("images: the cache %s is damaged: %s: remove the folder, and it is made again", dir, fmt.Sprintf(format, args...))
}
