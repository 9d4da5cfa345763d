package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
)

const (
	stateKind    = "descent checkpoint"
	stateVersion = "1"
)

// State is all that a run needs to continue to the same bits.
type State struct {
	Meta
	Tensors Tensors // parameters and the optimizer's state
}

// Meta is the small part of a State. In the file it is one JSON object, the
// metadata value "state".
type Meta struct {
	Run      string `json:"run"`      // identifies the run; the same in all its checkpoints
	Update   uint64 `json:"update"`   // updates done
	Epoch    uint64 `json:"epoch"`    // epochs completed
	Examples uint64 `json:"examples"` // examples consumed: the position in the stream
	Seed     uint64 `json:"seed"`
	RNG      string `json:"rng"` // the generator, such as "philox4x32-10"; the counters above place it

	Best     *Best                      `json:"best,omitempty"`     // nil before the first validation
	Sections map[string]json.RawMessage `json:"sections,omitempty"` // what others keep, by name

	// Fingerprint is that of this state in hexadecimal. Write sets it in the
	// file, whatever is here.
	Fingerprint string `json:"fingerprint"`
}

// Best is the best validation so far. The checkpoint of Update is protected.
type Best struct {
	Metric string  `json:"metric"`
	Value  float64 `json:"value"` // finite
	Update uint64  `json:"update"`
}

// Write writes a checkpoint to path, atomically and durably: whatever fails
// (a full disk, permissions, a crash), path keeps what it had. The state is not
// changed and must not be until Write returns. It is read twice: for the
// fingerprint and for the file.
func Write(path string, s *State) error {
	if _, err := describe(s.Tensors, nil); err != nil {
		return fmt.Errorf("checkpoint: write %s: %w", path, err)
	}
	meta := s.Meta
	print := Fingerprint(s)
	meta.Fingerprint = print.String()
	b, err := marshal(meta)
	if err != nil {
		return fmt.Errorf("checkpoint: write %s: %w", path, err)
	}
	return writeSealed(path, stateKind, stateVersion, s.Tensors, map[string]string{"state": string(b)})
}

// Read reads a checkpoint and verifies every bit of it. A file named as
// Dir.Save names it must be of that update. Errors are ErrTruncated, ErrDamaged,
// ErrMisnamed, ErrVersion, ErrKind or the system's, with the path.
func Read(path string) (s *State, err error) {
	err = open(path, func(r io.Reader, size int64) (err error) {
		if s, err = readState(r, size); err != nil {
			return err
		}
		if u, ok := updateOf(filepath.Base(path)); ok && u != s.Update {
			s, err = nil, fmt.Errorf("%w: it holds update %d", ErrMisnamed, s.Update)
		}
		return err
	})
	return s, err
}

func readState(r io.Reader, size int64) (*State, error) {
	ts, meta, err := readSealed(r, size, stateKind, stateVersion)
	if err != nil {
		return nil, err
	}
	s := &State{Tensors: ts}
	dec := json.NewDecoder(bytes.NewReader([]byte(meta["state"])))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s.Meta); err != nil {
		return nil, damaged("its state: %v", err)
	}
	return s, nil
}
