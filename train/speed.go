package train

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// speed is how fast training goes, for its records.
type speed struct {
	examples uint64        // consumed at the last record
	at       time.Duration // of updates until then
}

// rate returns the examples a second since the last record, and begins anew; 0
// if the clock has not moved. Trained is the time of updates.
func (s *speed) rate(trained time.Duration, examples uint64) float64 {
	n, took := examples-s.examples, (trained - s.at).Seconds()
	*s = speed{examples: examples, at: trained}
	if took <= 0 {
		return 0
	}
	return float64(n) / took
}

// held reads what the process holds of the memory, in a few microseconds. The
// zero value is ready.
type held struct {
	f   *os.File // statm of the process; nil where there is none
	had bool     // it was opened, or cannot be
	buf [128]byte
}

// bytes returns the resident bytes, pages of files included; 0 where the
// system does not tell.
func (h *held) bytes() int64 {
	if !h.had {
		h.had = true
		h.f, _ = os.Open("/proc/self/statm") // only Linux has it
	}
	if h.f == nil {
		return 0
	}
	n, _ := h.f.ReadAt(h.buf[:], 0)
	fields := bytes.Fields(h.buf[:n]) // pages: of the address space, resident, ...
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

func (h *held) close() {
	if h.f != nil {
		h.f.Close() // it was only read
	}
}
