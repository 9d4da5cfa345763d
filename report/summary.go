package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// How a run ended.
const (
	Budget      = "budget"      // the budget is consumed
	Early       = "early"       // early stopping
	Target      = "target"      // a validation reached Config.Until
	Interrupted = "interrupted" // from outside; it can be resumed
	Failed      = "failed"      // see Summary.Error
)

// Done reports whether a run that ended so is complete, and has a model.
func Done(stopped string) bool { return stopped == Budget || stopped == Early || stopped == Target }

// Summary is summary.json: the outcome of a run.
type Summary struct {
	Schema   int    `json:"schema"` // 1
	Version  string `json:"version"`
	ISA      string `json:"isa,omitempty"`
	Stopped  string `json:"stopped"` // Budget, Early, Target, Interrupted or Failed
	Error    string `json:"error,omitempty"`
	Updates  uint64 `json:"updates"`
	Skipped  uint64 `json:"skipped,omitempty"` // updates whose weights summed to 0, and did nothing
	Faults   uint64 `json:"faults,omitempty"`  // updates that could not be committed and were passed over
	Examples uint64 `json:"examples"`
	Tokens   uint64 `json:"tokens,omitempty"` // where an example has several

	Seconds           float64 `json:"seconds"`                  // of training and validation, over all resumes
	TrainSeconds      float64 `json:"train_seconds,omitempty"`  // of them in updates: not in validation, samples and checkpoints
	WaitedSeconds     float64 `json:"waited_seconds,omitempty"` // of them for examples, since the last resume
	ExamplesPerSecond float64 `json:"examples_per_second"`
	TokensPerSecond   float64 `json:"tokens_per_second,omitempty"`
	PeakBytes         int64   `json:"peak_bytes,omitempty"` // of the process, where the system tells, pages of files included
	FileBytes         int64   `json:"file_bytes,omitempty"` // pages of files in memory at the end: the program's and those of mapped data
	PlannedBytes      int64   `json:"planned_bytes"`        // activations, accumulators, variables

	Fingerprint string `json:"fingerprint"` // of the training state after the last update
	Best        *Best  `json:"best,omitempty"`
	Train       Values `json:"train,omitempty"` // of the last epoch, each batch before its update
	Val         Values `json:"val,omitempty"`   // of the model that is kept
	Test        Values `json:"test,omitempty"`  // of the model that is kept
	Baseline    Values `json:"baseline,omitempty"`

	// Quality is how good the model is on the test data, or else on the
	// validation data: every score with its interval, the baselines beside it.
	Quality json.RawMessage `json:"quality,omitempty"`
}

// Best is the best validation of a run.
type Best struct {
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	Update uint64  `json:"update"`
	Kept   bool    `json:"kept"` // whether the model has the weights of this update
}

// WriteSummary writes dir/summary.json atomically.
func WriteSummary(dir string, s *Summary) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("report: summary: %w", err)
	}
	return WriteFile(filepath.Join(dir, SummaryName), append(b, '\n'))
}

// ReadSummary reads dir/summary.json.
func ReadSummary(dir string) (*Summary, error) {
	path := filepath.Join(dir, SummaryName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	s := new(Summary)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	return s, nil
}
