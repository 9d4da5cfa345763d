package interactions

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/descent-ml/descent/internal/mapped"
)

// cacheVersion is the version of caches; those of another are made anew.
const cacheVersion = 1

// manifestName is the file that says what a cache is.
const manifestName = "cache.json"

// manifest is what is in it.
type manifest struct {
	Version int                   `json:"descent_interactions"`
	Sources []sourceFile          `json:"sources"`
	Options Options               `json:"options"`
	Order   string                `json:"byte_order"`
	Rows    int                   `json:"rows"`
	Files   map[string]cachedFile `json:"files"`
}

// cachedFile is a file of a cache.
type cachedFile struct {
	Bytes  int64  `json:"bytes"`
	CRC32C string `json:"crc32c"` // Castagnoli's, in hexadecimal
}

// nativeOrder is the order of bytes in numbers here.
var nativeOrder = map[bool]string{true: "little", false: "big"}[binary.NativeEndian.Uint16([]byte{1, 0}) == 1]

// matches reports whether a folder has the cache that m describes. A folder that
// is no cache is an error: it would be replaced.
func (m manifest) matches(dir string) (bool, error) {
	have, err := readManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir); err == nil {
			return false, fmt.Errorf("interactions: %s is in the place of a cache, without %s: remove it", dir, manifestName)
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return have.Version == m.Version && have.Order == m.Order && have.Options == m.Options && reflect.DeepEqual(have.Sources, m.Sources), nil
}

func readManifest(dir string) (m manifest, err error) {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, fmt.Errorf("interactions: %s: %w", filepath.Join(dir, manifestName), err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("interactions: %s: %s is damaged: %w: remove the folder, and it is made again", dir, manifestName, err)
	}
	return m, nil
}

func (m manifest) write(dir string) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifestName), append(b, '\n'), 0o644)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of a file's bytes, few of which are resident at a time.
func checksum(f *mapped.File) string {
	const step = 4 << 20
	sum, data := uint32(0), f.Bytes()
	for from := 0; from < len(data); from += step {
		to := min(from+step, len(data))
		sum = crc32.Update(sum, castagnoli, data[from:to])
		f.Drop(int64(from), int64(to))
	}
	return fmt.Sprintf("%08x", sum)
}
