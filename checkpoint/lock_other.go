//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package checkpoint

import (
	"errors"
	"os"
)

// take has no file locks to use: the file itself is the lock, and who creates
// it has it.
func take(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if !errors.Is(err, os.ErrExist) {
		return f, err
	}
	if f, err = os.Open(path); err != nil {
		return nil, err
	}
	return f, errHeld
}

func unlock(f *os.File) error {
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
