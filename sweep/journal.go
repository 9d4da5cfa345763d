package sweep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// JournalName is the file of a sweep with a line for each trial that is over.
const JournalName = "trials.jsonl"

// journal holds the trials that are over, and writes each to its file as one
// line, on the disk before the next trial begins. It is safe for concurrent use.
type journal struct {
	mu     sync.Mutex
	f      *os.File // nil: in memory only
	done   map[key]*Trial
	trials []*Trial // in the order of the file
}

// openJournal opens dir/trials.jsonl and reads what is there; "" is a journal in
// memory. A last line that a killed process left half written is cut off.
func openJournal(dir string) (*journal, error) {
	j := &journal{done: map[key]*Trial{}}
	if dir == "" {
		return j, nil
	}
	path := filepath.Join(dir, JournalName)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	for n, line := range bytes.Split(bytes.TrimSuffix(text[:whole], []byte("\n")), []byte("\n")) {
		if whole == 0 {
			break
		}
		t := new(Trial)
		if err := json.Unmarshal(line, t); err != nil {
			return nil, fmt.Errorf("sweep: %s, line %d: %w", path, n+1, err)
		}
		j.keep(t)
	}
	if j.f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644); err == nil {
		err = j.f.Truncate(int64(whole))
	}
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	return j, nil
}

func (j *journal) keep(t *Trial) {
	j.done[t.key()] = t
	j.trials = append(j.trials, t)
}

// find returns a trial that is over, nil if it is not.
func (j *journal) find(k key) *Trial {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done[k]
}

// add writes a trial that is over.
func (j *journal) add(t *Trial) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.keep(t)
	if j.f == nil {
		return nil
	}
	b, err := json.Marshal(t)
	if err == nil {
		_, err = j.f.Write(append(b, '\n'))
	}
	if err == nil {
		err = j.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("sweep: journal: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if j.f == nil {
		return nil
	}
	return j.f.Close()
}
