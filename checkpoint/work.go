package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Empty removes what is in a locked folder but for its lock.
func Empty(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != LockName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// Settle gives a complete folder that is held by lock its name, in the place of an
// old one, and gives the lock back.
func Settle(temp, dir string, lock *Lock) error {
	err := errors.Join(os.RemoveAll(dir), os.Remove(filepath.Join(temp, LockName)), lock.Unlock())
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(temp, dir)
	}
	return err
}
