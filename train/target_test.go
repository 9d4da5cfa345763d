package train

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/report"
)

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"val.accuracy>=0.88": {Metric: "accuracy", Value: 0.88},
		" loss <= 1e-3":      {Metric: "loss", Value: 1e-3},
		"val.ndcg@10>=0.4":   {Metric: "ndcg@10", Value: 0.4},
		"accuracy>=1":        {Metric: "accuracy", Value: 1},
		"loss<=0":            {Metric: "loss"},
		"r2>=-1":             {Metric: "r2", Value: -1},
	} {
		got, err := ParseTarget(text)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := ParseTarget(got.String()); err != nil || again != got {
			t.Errorf("%q does not read back: %+v, %v", got, again, err)
		}
	}
	for text, want := range map[string]string{
		"": "want a metric", "accuracy": "want a metric", ">=3": "want a metric", "loss<=x": "want a metric", "loss=3": "want a metric",
		"val.accuracy<=0.9": "want val.accuracy>=0.9", "loss>=1": "want val.loss<=1", "loss<=inf": "finite",
		"val.accuracy>=2": "want val.accuracy>=1 at most", "r2>=1.01": "cannot be reached", "loss<=-1e-9": "cannot be reached", "rmse<=-1": "want val.rmse<=0 at most",
	} {
		if got, err := ParseTarget(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %+v, %v; want an error with %q", text, got, err, want)
		}
	}
}

// TestTargetWithin: validations are so dense that what a run had reached was
// seen within a share of its updates.
func TestTargetWithin(t *testing.T) {
	for _, within := range []float64{0, 0.05, 0.5} {
		target, last, n := Target{Metric: "loss", Within: within}, uint64(0), 0
		for update := uint64(1); update <= 2000; update++ {
			if late := float64(update - last - 1); within > 0 && late > max(1, within*float64(last)) {
				t.Fatalf("within %v: update %d is %v updates behind the validation", within, update, late)
			}
			if target.due(last, update) {
				last, n = update, n+1
			}
		}
		want := map[float64]int{0: 0, 0.05: 106, 0.5: 18}[within]
		if math.Abs(float64(n-want)) > 0.1*float64(want) {
			t.Errorf("within %v: %d validations, want about %d", within, n, want)
		}
	}
}

// TestUntil: a run ends with the validation that reaches its target, is done,
// keeps the weights that reached it, and resumes to the same end.
func TestUntil(t *testing.T) {
	c := small(t)
	c.Out, c.Metric = filepath.Join(t.TempDir(), "run"), "loss"
	c.Budget, c.EarlyStop.Patience = Epochs(60), 60
	c.Until = Target{Metric: "accuracy", Value: 0.9, Within: 0.1}
	run := fit(t, c)
	s := run.Summary
	var vals []report.Record
	for _, r := range run.History {
		if r.Split == "val" {
			vals = append(vals, r)
		}
	}
	last := vals[len(vals)-1]
	if s.Stopped != report.Target || s.Updates != last.Update || !c.Until.Reached(last.Values) || !c.Until.Reached(s.Val) || s.Test == nil {
		t.Fatalf("stopped %q after %d updates, the last validation is %+v", s.Stopped, s.Updates, last)
	}
	for i, r := range vals[:len(vals)-1] {
		if c.Until.Reached(r.Values) {
			t.Errorf("update %d had reached it", r.Update)
		}
		if next := vals[i+1].Update; float64(next) > 1+1.1*float64(r.Update) {
			t.Errorf("no validation between updates %d and %d", r.Update, next)
		}
	}
	c.Resume = true
	if again := fit(t, c); again.Summary.Stopped != report.Target || again.Summary.Fingerprint != s.Fingerprint {
		t.Errorf("resumed: %q after %d updates", again.Summary.Stopped, again.Summary.Updates)
	}
	if c.Until.Value = 0.8; c.Validate() != nil {
		t.Fatal(c.Validate())
	} else if _, err := Fit(t.Context(), c); err == nil || !strings.Contains(err.Error(), "until is") {
		t.Errorf("another target resumes: %v", err)
	}
}

// TestUntilAtTheEnd: the validation at the end of the budget may reach it.
func TestUntilAtTheEnd(t *testing.T) {
	c := small(t)
	c.Budget, c.ValidateEvery = Epochs(20), batch.Epochs(50)
	c.Until = Target{Metric: "loss", Value: 1}
	if run := fit(t, c); run.Summary.Stopped != report.Target {
		t.Errorf("stopped %q with %v", run.Summary.Stopped, run.Summary.Val)
	}
}

func TestUntilRefused(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"without validation data": func(c *Config) { c.Val, c.Until = nil, Target{Metric: "loss", Value: 1} },
		"unknown metric":          func(c *Config) { c.Until = Target{Metric: "charm", Value: 1} },
		"not measured":            func(c *Config) { c.Until = Target{Metric: "rmse", Value: 1} },
		"finite":                  func(c *Config) { c.Until = Target{Metric: "loss", Value: math.NaN()} },
		"want 0 to 1":             func(c *Config) { c.Until = Target{Metric: "loss", Value: 1, Within: 2} },
	} {
		c := small(t)
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", c.Until, err, want)
		}
	}
}

// TestTrained: the time of training is without that of validation.
func TestTrained(t *testing.T) {
	c, validations, last := small(t), 0, time.Duration(0)
	c.OnEvent = func(e *Event) error {
		if e.Trained < last {
			t.Errorf("%v of training, then %v", last, e.Trained)
		}
		if last = e.Trained; e.Kind == Validated {
			validations++
			time.Sleep(time.Millisecond) // within the validation
		}
		return nil
	}
	s := fit(t, c).Summary
	if beside := s.Seconds - s.TrainSeconds; validations != 6 || beside < 6e-3 || s.TrainSeconds <= 0 {
		t.Errorf("%d validations, %v s of which %v training", validations, s.Seconds, s.TrainSeconds)
	}
}

// TestFinish: a run that its callback ends is complete.
func TestFinish(t *testing.T) {
	for _, kind := range []EventKind{Updated, Validated} {
		c := small(t)
		c.Out = filepath.Join(t.TempDir(), "run")
		c.OnEvent = func(e *Event) error {
			if e.Kind == kind && e.Position.Update >= 6 {
				return Finish
			}
			return nil
		}
		want := map[EventKind]uint64{Updated: 6, Validated: 8}[kind] // it validates every 4
		s := fit(t, c).Summary
		if s.Stopped != report.Budget || s.Updates != want || s.Val == nil || s.Test == nil {
			t.Errorf("event %d: %+v", kind, s)
		}
		if _, err := OpenRun(c.Out); err != nil {
			t.Error(err)
		}
	}
}
