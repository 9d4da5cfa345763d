package train

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// TrailName is the file of a run directory that has two numbers for each
// update, in order, 8 bytes each, little endian: the loss of the batch and the
// norm of its gradient, as float64. Both are NaN for an update that changed
// nothing. It is what Verify compares with.
const TrailName = "trail.bin"

const trailEntry = 16

// trail writes TrailName.
type trail struct {
	f   *os.File
	w   *bufio.Writer
	buf [trailEntry]byte
	err error // the first
}

// openTrail opens the trail of a run behind the given update, and cuts off what
// is behind that.
func openTrail(dir string, update uint64) (*trail, error) {
	f, err := os.OpenFile(filepath.Join(dir, TrailName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t := &trail{f: f, w: bufio.NewWriter(f)}
	size, err := f.Seek(0, 2)
	if at := int64(update) * trailEntry; err == nil && size > at {
		err = f.Truncate(at)
		size = at
	}
	if err == nil {
		_, err = f.Seek(size/trailEntry*trailEntry, 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("train: %w", err), f.Close())
	}
	for missing := update - uint64(size/trailEntry); missing > 0; missing-- { // lost with the system, or of an older version
		t.put(unknown, unknown)
	}
	return t, nil
}

// unknown stands for a number that was not recorded.
const unknown = math.MaxUint64

// add writes the numbers of the next update.
func (t *trail) add(loss, norm float64) { t.put(bitsOf(loss), bitsOf(norm)) }

// bitsOf gives every NaN the same bits.
func bitsOf(v float64) uint64 {
	if v != v {
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(v)
}

func (t *trail) put(loss, norm uint64) {
	binary.LittleEndian.PutUint64(t.buf[:], loss)
	binary.LittleEndian.PutUint64(t.buf[8:], norm)
	if _, err := t.w.Write(t.buf[:]); err != nil && t.err == nil {
		t.err = fmt.Errorf("train: %w", err)
	}
}

// flush writes what is buffered. The error is the first of all writes.
func (t *trail) flush() error {
	if err := t.w.Flush(); err != nil && t.err == nil {
		t.err = fmt.Errorf("train: %w", err)
	}
	return t.err
}

func (t *trail) close() error { return errors.Join(t.flush(), t.f.Close()) }

// trace is what a trail says of an update: bits, see TrailName.
type trace struct{ loss, norm uint64 }

func (t trace) known() bool { return t.loss != unknown || t.norm != unknown }

// readTrail returns the traces of a run's updates, in order.
func readTrail(dir string) ([]trace, error) {
	b, err := os.ReadFile(filepath.Join(dir, TrailName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("train: %s has no %s: it was made by an older version, or is no run", dir, TrailName)
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	all := make([]trace, len(b)/trailEntry)
	for i := range all {
		all[i] = trace{binary.LittleEndian.Uint64(b[i*trailEntry:]), binary.LittleEndian.Uint64(b[i*trailEntry+8:])}
	}
	return all, nil
}
