package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The names of the files in a run directory that this package writes.
const (
	MetricsName = "metrics.jsonl"
	JournalName = "journal.jsonl"
	SummaryName = "summary.json"
)

// Metrics writes metrics.jsonl. Lines are kept in memory until Flush or until
// they are many. The zero value is not usable; see OpenMetrics.
type Metrics struct {
	f   *os.File
	buf []byte
}

const flushAt = 64 << 10

// OpenMetrics opens dir/metrics.jsonl for appending and makes it if need be.
func OpenMetrics(dir string) (*Metrics, error) {
	f, err := appendTo(filepath.Join(dir, MetricsName))
	if err != nil {
		return nil, err
	}
	return &Metrics{f: f, buf: make([]byte, 0, flushAt+4096)}, nil
}

func appendTo(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return f, nil
}

// Write adds a record. It allocates nothing in steady state.
func (m *Metrics) Write(r *Record) error {
	m.buf = r.Append(m.buf)
	if len(m.buf) < flushAt {
		return nil
	}
	return m.Flush()
}

// Flush hands the lines to the operating system. After an error the lines that
// were not written are lost.
func (m *Metrics) Flush() error {
	if len(m.buf) == 0 {
		return nil
	}
	_, err := m.f.Write(m.buf)
	m.buf = m.buf[:0]
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Close flushes and closes the file.
func (m *Metrics) Close() error {
	err := m.Flush()
	if e := m.f.Close(); err == nil && e != nil {
		err = fmt.Errorf("report: %w", e)
	}
	return err
}

// ReadMetrics reads dir/metrics.jsonl. A last line that a crash cut short is
// left out.
func ReadMetrics(dir string) ([]Record, error) {
	var records []Record
	path := filepath.Join(dir, MetricsName)
	err := eachLine(path, func(n int, line []byte) error {
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("report: %s, line %d: %w", path, n, err)
		}
		records = append(records, r)
		return nil
	})
	return records, err
}

// eachLine calls f with each whole line, numbered from 1.
func eachLine(path string, f func(n int, line []byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer file.Close()
	r := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if err := f(n, line); err != nil {
			return err
		}
	}
}

// Cut cuts the metrics, the journal and the samples of a run back to what they were when
// the given update was done: later lines, the results on the test split, which
// come last of all, and a torn last line go. Files that are not there are fine.
func Cut(dir string, update uint64) error {
	for _, name := range []string{MetricsName, JournalName, SamplesName} {
		if err := cut(filepath.Join(dir, name), update); err != nil {
			return err
		}
	}
	return nil
}

// cut keeps the lines up to update, in place by truncation if what goes is at
// the end, as it always is unless an earlier resume was cut short.
func cut(path string, update uint64) error {
	var kept bytes.Buffer
	err := eachLine(path, func(n int, line []byte) error {
		var l struct {
			Update uint64 `json:"update"`
			Split  string `json:"split"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("report: %s, line %d: %w", path, n, err)
		}
		if l.Update <= update && l.Split != "test" {
			kept.Write(line)
		}
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return WriteFile(path, kept.Bytes())
}

// tempMark is that of package checkpoint, whose Dir.Clean removes what a
// process that was killed left.
const tempMark = ".tmp-"

// WriteFile makes path hold data, or leaves it as it was: a temporary file in
// the same directory, fsync, rename.
func WriteFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+tempMark+"*")
	if err != nil {
		return fmt.Errorf("report: write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("report: write %s: %w", path, err)
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Entry is one line of journal.jsonl: a decision that the configuration does
// not determine, with its reason. Those that depend on a clock change the
// result, and a replay takes them from here.
type Entry struct {
	Update uint64  `json:"update"` // after how many updates
	Kind   string  `json:"kind"`   // start, resume, batch, effect, undo, progress, validate, skip, fault, pass, back_off, stop, end
	Value  float64 `json:"value,omitempty"`
	Text   string  `json:"text,omitempty"` // for people: what, why, its measured effect

	Predicted float64 `json:"predicted,omitempty"` // of a change of the batch size: the gain that was expected, as an effect tells the one that came

	Examples []int `json:"examples,omitempty"` // of an update that was passed over, as numbers in the training data
}

// Journal writes journal.jsonl, each entry at once.
type Journal struct{ f *os.File }

// OpenJournal opens dir/journal.jsonl for appending and makes it if need be.
func OpenJournal(dir string) (*Journal, error) {
	f, err := appendTo(filepath.Join(dir, JournalName))
	return &Journal{f}, err
}

// Write adds an entry.
func (j *Journal) Write(e Entry) error {
	b, err := json.Marshal(e)
	if err == nil {
		_, err = j.f.Write(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("report: journal: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.f.Close() }

// ReadJournal reads dir/journal.jsonl.
func ReadJournal(dir string) ([]Entry, error) {
	var entries []Entry
	path := filepath.Join(dir, JournalName)
	err := eachLine(path, func(n int, line []byte) error {
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("report: %s, line %d: %w", path, n, err)
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}
