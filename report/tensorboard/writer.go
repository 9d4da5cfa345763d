package tensorboard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/descent-ml/descent/report"
)

// The name of an event file is prefix, seconds since 1970, suffix. TensorBoard
// takes for one whatever has "tfevents" in its name, and reads those of a
// folder in the order of their names.
const (
	prefix = "events.out.tfevents."
	suffix = ".descent"
)

// flushAt is how many bytes are kept in memory.
const flushAt = 16 << 10

// Writer writes the event file of a run. Events are kept in memory until Flush
// or until they are many.
type Writer struct {
	f      *os.File
	buf    []byte
	origin float64 // seconds since 1970 at which training would have begun, had it never paused
	enc    encoder
	tags   tags
}

// Open makes the event file of the run in dir, in place of any that is there.
// It begins with config, which is YAML or empty, and with the lines that
// dir/metrics.jsonl has. Training has taken elapsed until now.
func Open(dir, config string, now time.Time, elapsed time.Duration) (*Writer, error) {
	records, err := report.ReadMetrics(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	last, err := remove(dir)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	name := fmt.Sprintf("%s%010d%s", prefix, max(now.Unix(), last+1), suffix)
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	w := &Writer{f: f, origin: float64(now.Add(-elapsed).UnixMicro()) / 1e6}
	if err := w.begin(config, records); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// remove removes the event files of a run, and returns the time in the name of
// the newest. What a process that was killed in Open has not written is in
// metrics.jsonl still.
func remove(dir string) (newest int64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), prefix)
		text, ours := strings.CutSuffix(rest, suffix)
		at, err := strconv.ParseInt(text, 10, 64)
		if !ok || !ours || err != nil {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return 0, err
		}
		newest = max(newest, at)
	}
	return newest, nil
}

// begin writes what a file begins with.
func (w *Writer) begin(config string, records []report.Record) error {
	w.enc.begin(w.origin, 0)
	w.enc.version()
	w.buf = w.enc.end(w.buf)
	w.enc.begin(w.origin, 0)
	w.enc.start()
	w.buf = w.enc.end(w.buf)
	if config != "" {
		w.enc.begin(w.origin, 0)
		w.enc.text("config", "```yaml\n"+config+"```\n")
		w.buf = w.enc.end(w.buf)
	}
	for i := range records {
		if err := w.Write(&records[i]); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Write adds a record as one event; numbers that are not finite are left out.
// It allocates nothing in steady state.
func (w *Writer) Write(r *report.Record) error {
	w.enc.begin(w.origin+r.Seconds, r.Update)
	for tag, v := range w.tags.of(r) {
		if v-v == 0 {
			w.enc.scalar(tag, float32(report.Rounded(v)))
		}
	}
	w.buf = w.enc.end(w.buf)
	if len(w.buf) < flushAt {
		return nil
	}
	return w.Flush()
}

// Flush hands the events to the operating system. After an error those that
// were not written are lost.
func (w *Writer) Flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.f.Write(w.buf)
	w.buf = w.buf[:0]
	if err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}

// Close flushes and closes the file.
func (w *Writer) Close() error {
	err := w.Flush()
	if e := w.f.Close(); err == nil && e != nil {
		err = fmt.Errorf("tensorboard: %w", e)
	}
	return err
}
