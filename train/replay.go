package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/descent-ml/descent/report"
)

// ReplayOf returns the journal of a run for Config.Replay. It refuses a
// configuration that is not the run's, which its decisions do not fit: only the
// name, Exec and where the data are may differ, the data themselves not.
func ReplayOf(c *Config, dir string) ([]report.Entry, error) {
	journal, err := report.ReadJournal(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: a replay takes its decisions from the journal of a run, and %s is no run's folder: %w", dir, err)
	} else if err != nil {
		return nil, err
	}
	run, err := OpenRun(dir)
	if err != nil {
		return nil, err
	}
	if run.Resolved == nil || c.Resolved == nil {
		return journal, nil
	}
	var before, now map[string]any
	if err := errors.Join(json.Unmarshal(run.Resolved, &before), json.Unmarshal(c.Resolved, &now)); err != nil {
		return nil, fmt.Errorf("train: compare configurations: %w", err)
	}
	if diffs := changes(now, before, "name", "data.train", "data.val", "data.test"); diffs != "" {
		return nil, refuse("train: a replay of %s takes its configuration, but for exec and the name: %s", dir, diffs)
	}
	digest, err := Digest(c.Data)
	if err == nil && run.Data != "" && digest != run.Data {
		err = refuse("train: a replay of %s takes its data: their digest is %s (want %s)", dir, digest, run.Data)
	}
	return journal, err
}
