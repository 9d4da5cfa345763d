package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// sampling is a run whose samples tell a weight.
func sampling(t *testing.T) Config {
	c := bigramConfig(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	c.Checkpoint.Every = batch.Updates(7)
	c.Samples = Samples{Every: batch.Span{N: 20, Unit: batch.Percent}, Write: func(_ context.Context, _ engine.Engine, vars engine.Vars) (string, error) {
		w := tensor.New(tensor.F32, 5, 5)
		err := vars.Read("next.weight", w)
		return fmt.Sprint(w.F32()[0]), err
	}}
	return c
}

// TestSamples: samples come when they are due, change no bit, and a resumed run
// has the same.
func TestSamples(t *testing.T) {
	c := sampling(t)
	plain := c
	plain.Samples, plain.Out = Samples{}, NoOut
	want := fit(t, plain).Summary.Fingerprint
	if got := fit(t, c).Summary.Fingerprint; got != want {
		t.Errorf("with samples %s, without %s", got, want)
	}
	whole, err := report.ReadSamples(c.Out)
	if err != nil || len(whole) != 5 || whole[0].Update != 6 || whole[4].Update != 30 || whole[0].Text == whole[4].Text {
		t.Fatalf("samples %v, %v", whole, err)
	}
	c.Out = filepath.Join(t.TempDir(), "run")
	fit(t, stopAfter(c, 13))
	c.Resume = true
	fit(t, c)
	if again, err := report.ReadSamples(c.Out); err != nil || !reflect.DeepEqual(again, whole) {
		t.Errorf("resumed: %v, %v, want %v", again, err, whole)
	}
}

// TestSampleFails: a text that cannot be written is told of; training goes on.
func TestSampleFails(t *testing.T) {
	var out strings.Builder
	c := sampling(t)
	c.Progress = report.NewProgress(&out, report.Lines)
	c.Samples.Write = func(context.Context, engine.Engine, engine.Vars) (string, error) { return "", errors.New("no ink") }
	if r := fit(t, c); r.Summary.Stopped != report.Budget || !strings.Contains(out.String(), "no sample after update 6: no ink") {
		t.Errorf("%s\n%s", r.Summary.Stopped, out.String())
	}
}

// TestSampleShown: people see the text, and nothing that moves their cursor.
func TestSampleShown(t *testing.T) {
	var out strings.Builder
	c := sampling(t)
	c.Progress = report.NewProgress(&out, report.Lines)
	c.Samples.Write = func(context.Context, engine.Engine, engine.Vars) (string, error) {
		return "\nFirst line\n\x1b[2Jsecond", nil
	}
	fit(t, c)
	if !strings.Contains(out.String(), "wrote after update 12:\n  │ First line\n  │ ·[2Jsecond\n") {
		t.Error(out.String())
	}
}
