package train

import (
	"context"
	"errors"
	"testing"
)

// TestEventMeasure: what is measured in the callback is what a validation finds, and
// changes nothing of the run.
func TestEventMeasure(t *testing.T) {
	c := small(t)
	want := fit(t, c)
	c = small(t)
	measured := 0
	c.OnEvent = func(e *Event) error {
		if e.Kind == Ended {
			return nil
		}
		v, err := e.Measure(context.Background(), c.Val)
		if err != nil {
			return err
		}
		if e.Kind == Validated {
			measured++
			for i, x := range v {
				if i >= len(e.Values) || e.Values[i] != x {
					return errors.New("another value: " + x.Name)
				}
			}
		}
		return nil
	}
	got := fit(t, c)
	if measured == 0 || got.Summary.Fingerprint != want.Summary.Fingerprint {
		t.Errorf("%d validations; fingerprint %.8s, want %.8s", measured, got.Summary.Fingerprint, want.Summary.Fingerprint)
	}
}
