package train

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/tensorboard"
)

// The names of the files in a run directory that this package writes.
const (
	ConfigName     = "config.yaml"
	ModelName      = "model.descent"
	CheckpointsDir = "checkpoints"
)

// files is an open run directory.
type files struct {
	path        string
	lock        *checkpoint.Lock
	metrics     *report.Metrics
	events      *tensorboard.Writer // what metrics has, for TensorBoard
	journal     *report.Journal
	trail       *trail
	checkpoints checkpoint.Dir
	lastSaved   string // the newest checkpoint of this process
}

// makeDir makes the run directory and returns its path.
func makeDir(c *Config) (string, error) {
	if c.Out == "" {
		return numberedDir("runs", c.Name)
	}
	if err := os.MkdirAll(filepath.Dir(c.Out), 0o755); err != nil {
		return "", fmt.Errorf("train: %w", err)
	}
	err := os.Mkdir(c.Out, 0o755)
	if errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("train: %s exists (resume it, or choose another directory)", c.Out)
	}
	if err != nil {
		return "", fmt.Errorf("train: %w", err)
	}
	return c.Out, nil
}

// numberedDir makes parent/name-N with the first N that is free.
func numberedDir(parent, name string) (string, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", fmt.Errorf("train: %w", err)
	}
	for n := 1; ; n++ {
		dir := filepath.Join(parent, fmt.Sprintf("%s-%d", name, n))
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return "", fmt.Errorf("train: %w", err)
		}
	}
}

// openFiles makes or opens the run directory, and finds the state to resume
// from, nil if there is none. It changes nothing of a run that check refuses to
// resume.
func openFiles(c *Config, check func(*checkpoint.State) error) (_ *files, resumed *checkpoint.State, err error) {
	dir := c.Out
	if !c.Resume {
		if dir, err = makeDir(c); err != nil {
			return nil, nil, err
		}
	} else if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil, fmt.Errorf("train: resume %s: there is no such run directory", dir)
	}
	f := &files{path: dir, checkpoints: checkpoint.Dir{Path: filepath.Join(dir, CheckpointsDir), Keep: c.Checkpoint.Keep}}
	if f.lock, err = checkpoint.LockDir(dir); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if c.Resume {
		if resumed, err = f.resume(c); err == nil && resumed != nil {
			err = check(resumed)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return f, resumed, f.open(c, resumed)
}

// resume removes what a killed process left half written and reads the newest
// good checkpoint. A run that was killed before its
// first one starts again.
func (f *files) resume(c *Config) (*checkpoint.State, error) {
	for _, d := range []checkpoint.Dir{{Path: f.path}, f.checkpoints} {
		if err := d.Clean(); err != nil {
			return nil, err
		}
	}
	s, path, skipped, err := f.checkpoints.Latest()
	for _, e := range skipped {
		c.Progress.Warn("%v", e)
	}
	if errors.Is(err, checkpoint.ErrNone) && len(skipped) == 0 {
		c.Progress.Note("%s has no checkpoint yet: starting over", f.path)
		return nil, report.Cut(f.path, 0)
	}
	if err != nil {
		return nil, err
	}
	f.lastSaved = path
	return s, nil
}

// open opens the files that grow. Those of a resumed run are cut back first.
func (f *files) open(c *Config, resumed *checkpoint.State) (err error) {
	f.checkpoints.Run = newRunID()
	if resumed != nil {
		f.checkpoints.Run = resumed.Run
		if err := report.Cut(f.path, resumed.Update); err != nil {
			return err
		}
	}
	if c.YAML != nil {
		if err := report.WriteFile(filepath.Join(f.path, ConfigName), c.YAML); err != nil {
			return err
		}
	}
	var update uint64
	if resumed != nil {
		update = resumed.Update
	}
	if f.trail, err = openTrail(f.path, update); err != nil {
		return err
	}
	if f.metrics, err = report.OpenMetrics(f.path); err != nil {
		return err
	}
	f.journal, err = report.OpenJournal(f.path)
	return err
}

// openEvents opens the event file of a run that has trained for elapsed.
func (f *files) openEvents(c *Config, elapsed time.Duration) (err error) {
	f.events, err = tensorboard.Open(f.path, string(c.YAML), time.Now(), elapsed)
	return err
}

// write writes a record to the files that have records.
func (f *files) write(r *report.Record) error {
	if err := f.metrics.Write(r); err != nil {
		return err
	}
	return f.events.Write(r)
}

// flush hands what was recorded so far to the operating system.
func (f *files) flush() error {
	return errors.Join(f.metrics.Flush(), f.events.Flush(), f.trail.flush())
}

func newRunID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// close closes what is open; the first error is of lines that could not be
// written.
func (f *files) close() error {
	var err error
	if f.metrics != nil {
		err = f.metrics.Close()
	}
	if f.events != nil {
		err = errors.Join(err, f.events.Close())
	}
	if f.trail != nil {
		err = errors.Join(err, f.trail.close())
	}
	if f.journal != nil {
		err = errors.Join(err, f.journal.Close())
	}
	return errors.Join(err, f.lock.Unlock())
}

// RunDir is what a run directory holds, for using its model.
type RunDir struct {
	Path     string
	YAML     []byte          // config.yaml, nil if there is none
	Resolved json.RawMessage // of Config
	Schema   json.RawMessage // of Config
	Data     string          // Digest of the data it was trained on, "" if that is not known
	Params   checkpoint.Tensors
	Kept     checkpoint.Tensors // of Config; nil while the run is not over
	Summary  *report.Summary    // nil while the run is not over
	From     string             // the file that Params are from
}

// OpenRun reads a run directory: the model of a run that is over, or the best
// checkpoint, or the newest, of one that is not.
func OpenRun(dir string) (*RunDir, error) {
	r := &RunDir{Path: dir, From: filepath.Join(dir, ModelName)}
	var err error
	if r.YAML, err = os.ReadFile(filepath.Join(dir, ConfigName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("train: %w", err)
	}
	if r.Summary, err = report.ReadSummary(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	m, err := checkpoint.ReadModel(r.From)
	if err == nil {
		r.Params, r.Kept, r.Resolved, r.Schema = m.Tensors, m.Kept, m.Config, m.Schema
		return r, r.setData(m.Provenance)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return r, r.fromCheckpoint()
}

func (r *RunDir) fromCheckpoint() error {
	d := checkpoint.Dir{Path: filepath.Join(r.Path, CheckpointsDir)}
	s, path, err := d.Best()
	if err != nil {
		if s, path, _, err = d.Latest(); err != nil {
			return fmt.Errorf("train: %s has no model and no checkpoint: %w", r.Path, err)
		}
	}
	r.From, r.Resolved, r.Schema = path, s.Sections[sectionConfig], s.Sections[sectionSchema]
	r.Params = params(s.Tensors)
	return r.setData(s.Sections[sectionDigests])
}

// setData takes the digest from an object that names it, if there is one.
func (r *RunDir) setData(object json.RawMessage) error {
	if object == nil {
		return nil
	}
	var d digests
	if err := json.Unmarshal(object, &d); err != nil {
		return fmt.Errorf("train: %s: the digest of its data: %w", r.From, err)
	}
	r.Data = d.Data
	return nil
}
