package checkpoint

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// replace makes path hold what fill writes, or leaves it as it was. When it
// returns nil the bytes are on the disk under the new name. Only a failure to
// fsync the directory comes after the change: then the new file is whole and in
// place, but a power cut could still bring the old one back.
func replace(path string, fill func(f *os.File) error) (err error) {
	temp := tempName(path)
	defer func() {
		if err != nil {
			os.Remove(temp)
			err = fmt.Errorf("checkpoint: write %s: %w", path, err)
		}
	}()
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// makeDir makes a directory and its parents durable: a file in a directory
// whose own name is lost would be lost with it.
func makeDir(path string) error {
	if exists(path) {
		return nil
	}
	parent := filepath.Dir(path)
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

const tempMark = ".tmp-"

// tempName returns a name that nobody else uses, hidden, beside path.
func tempName(path string) string {
	dir, base := filepath.Split(path)
	return dir + "." + base + tempMark + rand.Text()[:10]
}

func isTemp(base string) bool {
	return strings.HasPrefix(base, ".") && strings.Contains(base, tempMark)
}
