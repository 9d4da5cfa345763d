package train

import (
	"os"
	"testing"
	"time"
)

// TestSpeed: examples a second are those since the last record.
func TestSpeed(t *testing.T) {
	s := speed{examples: 100, at: 3 * time.Second}
	for _, c := range []struct {
		trained  time.Duration
		examples uint64
		want     float64
	}{{5 * time.Second, 500, 200}, {6 * time.Second, 600, 100}, {6 * time.Second, 700, 0}} {
		if got := s.rate(c.trained, c.examples); got != c.want {
			t.Errorf("%v examples a second after %v, want %v", got, c.trained, c.want)
		}
	}
}

// TestHeld: what the system tells is about what it tells elsewhere.
func TestHeld(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("no /proc/self/statm")
	}
	var h held
	defer h.close()
	if got, want := h.bytes(), readResident().now; got < want/2 || got > 2*want {
		t.Errorf("%d bytes, want about %d", got, want)
	}
}
