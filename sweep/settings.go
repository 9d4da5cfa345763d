package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// SettingsName is the file of a sweep that says what is swept.
const SettingsName = "sweep.json"

// Settings are what the trials of a sweep depend on. A sweep that is resumed has
// the same.
type Settings struct {
	Examples   int             `json:"examples"`
	Batches    []int           `json:"batches"`
	Base       int             `json:"base"`
	Start      float64         `json:"start,omitempty"`
	Rates      []float64       `json:"rates,omitempty"`
	Ratio      float64         `json:"ratio"`
	Reach      int             `json:"reach"`
	Seeds      int             `json:"seeds"`
	Seed       uint64          `json:"seed"`
	Until      string          `json:"until,omitempty"`
	Budgets    []batch.Span    `json:"budgets,omitempty"`
	Equal      batch.Span      `json:"equal,omitzero"`
	Metric     string          `json:"metric"`
	CellBudget float64         `json:"cell_budget"` // seconds
	Within     float64         `json:"within"`
	Origin     json.RawMessage `json:"origin,omitempty"`
}

func (o *Options) settings() Settings {
	return Settings{o.Examples, o.Batches, o.Base, o.Start, o.Rates, o.Ratio, o.Reach, o.Seeds, o.Seed, o.Until.String(), o.Budgets, o.Equal, o.Metric, o.CellBudget.Seconds(), o.Within, o.Origin}
}

// ReadSettings reads dir/sweep.json.
func ReadSettings(dir string) (*Settings, error) {
	path := filepath.Join(dir, SettingsName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	s := new(Settings)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("sweep: %s: %w", path, err)
	}
	return s, nil
}

// open makes or opens the folder. done closes what was opened.
func (s *sweeper) open() (done func() error, err error) {
	dir := s.o.Out
	if dir == "" {
		s.journal, err = openJournal("")
		return func() error { return nil }, err
	}
	if err := s.o.claim(dir); err != nil {
		return nil, err
	}
	lock, err := checkpoint.LockDir(dir)
	if err != nil {
		return nil, err
	}
	if s.journal, err = openJournal(dir); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return func() error { return errors.Join(s.journal.close(), lock.Unlock()) }, nil
}

// claim makes a new folder with the settings, or compares with those there.
func (o *Options) claim(dir string) error {
	now, err := json.MarshalIndent(o.settings(), "", "  ")
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if o.Resume {
		before, err := ReadSettings(dir)
		if err != nil {
			return err
		}
		return o.compare(before)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); errors.Is(err, os.ErrExist) {
		return fmt.Errorf("sweep: %s exists (resume it, or choose another directory)", dir)
	} else if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if o.YAML != nil {
		if err := report.WriteFile(filepath.Join(dir, train.ConfigName), o.YAML); err != nil {
			return err
		}
	}
	return report.WriteFile(filepath.Join(dir, SettingsName), append(now, '\n'))
}

// compare names the settings in which a sweep that is resumed differs.
func (o *Options) compare(before *Settings) error {
	var values [2]map[string]any
	for i, s := range []Settings{o.settings(), *before} {
		b, err := json.Marshal(s)
		if err == nil {
			err = json.Unmarshal(b, &values[i])
		}
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	var errs []error
	for _, d := range train.Differences(values[0], values[1]) {
		errs = append(errs, fmt.Errorf("sweep: a sweep resumes with the settings it began with: %s is %s (it has %s)", d.Key, d.A, d.B))
	}
	return errors.Join(errs...)
}
