package train

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/descent-ml/descent/report"
)

// TestNothingKnownYet: a finished run that is resumed only measures, and shows
// no loss and no learning rate of an update that was not done.
func TestNothingKnownYet(t *testing.T) {
	c := resumable(t)
	fit(t, c)
	var shown bytes.Buffer
	c.Resume, c.Progress = true, report.NewProgress(&shown, report.Lines)
	var at *loop
	c.OnEvent = func(e *Event) error { at = e.run; return nil }
	fit(t, c)
	if s := at.now(at.clock.started); !math.IsNaN(s.Loss) || !math.IsNaN(s.LR) || s.Update != 24 {
		t.Errorf("status %+v; want update 24, and no loss and rate", s)
	}
	if text := shown.String(); !strings.Contains(text, "testing") || strings.Contains(text, "loss 0 ") || strings.Contains(text, "lr") {
		t.Errorf("progress says\n%s", text)
	}
}
