package checkpoint

import (
	"errors"
	"fmt"
	"io"
)

// What can be wrong with a file; test with errors.Is.
var (
	// ErrTruncated: the file ends before its header says.
	ErrTruncated = errors.New("file is truncated")
	// ErrDamaged: the header is malformed, or the checksum is not the file's.
	ErrDamaged = errors.New("file is damaged")
	// ErrMisnamed: the file is whole but is not what its name or directory says.
	ErrMisnamed = errors.New("file is not what its name says")
	// ErrVersion: the file is whole, but written in a format this program does not know.
	ErrVersion = errors.New("unknown format version")
	// ErrKind: the file is something else: not safetensors, no checkpoint, no model.
	ErrKind = errors.New("wrong kind of file")
	// ErrNone: the directory has no checkpoint that can be used.
	ErrNone = errors.New("no usable checkpoint")
	// ErrLocked: another process holds the directory.
	ErrLocked = errors.New("directory is in use")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// short turns the end of a file inside something expected into ErrTruncated.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends inside the data", ErrTruncated)
	}
	return err
}
