package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// LockName is the file in a locked directory that names the holder.
const LockName = "lock"

// Lock is a directory held by this process.
type Lock struct{ f *os.File }

// LockDir makes the directory if need be and takes it for this process alone.
// If another has it the error is ErrLocked and names the holder. The system
// frees the lock when the process ends, however it ends; the file LockName
// stays and means nothing without it. (Only on systems without file locks, such
// as Plan 9, is the file itself the lock, to be removed by hand after a crash.)
func LockDir(dir string) (*Lock, error) {
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("checkpoint: lock: %w", err)
	}
	path := filepath.Join(dir, LockName)
	f, err := take(path)
	if errors.Is(err, errHeld) {
		defer f.Close()
		return nil, fmt.Errorf("checkpoint: %w: %s is held by %s", ErrLocked, dir, holder(f))
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: lock %s: %w", path, err)
	}
	host, _ := os.Hostname()
	if err := f.Truncate(0); err == nil { // for people; the lock does not need it
		fmt.Fprintf(f, "process %d on %s", os.Getpid(), host)
	}
	return &Lock{f}, nil
}

// errHeld comes from take, with the file open to read, when another has it.
var errHeld = errors.New("held")

// holder reads who says to have the lock.
func holder(f *os.File) string {
	b, _ := io.ReadAll(io.NewSectionReader(f, 0, 200))
	if len(b) == 0 {
		return "another process"
	}
	return string(b)
}

// Unlock gives the directory back.
func (l *Lock) Unlock() error { return unlock(l.f) }
