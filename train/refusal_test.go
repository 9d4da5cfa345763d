package train

import (
	"errors"
	"testing"
)

// TestRefusal: what only the configuration can mend is ErrConfig.
func TestRefusal(t *testing.T) {
	c := small(t)
	c.Exec.Memory = 1
	if _, err := Fit(t.Context(), c); !errors.Is(err, ErrConfig) {
		t.Errorf("too little memory: %v", err)
	}
	changed := refuseChanges(map[string]any{"seed": 1, "exec": map[string]any{"threads": 1}}, map[string]any{"seed": 2, "exec": map[string]any{"threads": 2}})
	if !errors.Is(changed, ErrConfig) || errors.Is(changed, errors.ErrUnsupported) {
		t.Errorf("another seed: %v", changed)
	}
	if same := refuseChanges(map[string]any{"seed": 1}, map[string]any{"seed": 1}); same != nil {
		t.Errorf("the same configuration: %v", same)
	}
}
