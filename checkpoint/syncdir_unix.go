//go:build unix

package checkpoint

import (
	"errors"
	"os"
	"syscall"
)

// syncDir makes the names in a directory durable. Some network file systems
// know no fsync of a directory; their EINVAL is no failure of the write.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
