//go:build linux

package peer

import (
	"cmp"
	"fmt"
	"slices"
)

// Request asks for a measurement: a model and an optimizer by name.
type Request struct {
	Model, Optimizer string
	Batch, Threads   int
	Seconds          float64
}

func (r Request) String() string {
	return fmt.Sprintf("%s %s %d %d %g", r.Model, r.Optimizer, r.Batch, r.Threads, r.Seconds)
}

// Reply is one answer of a peer.
type Reply struct {
	Peer   string  `json:"peer"`
	How    string  `json:"how,omitempty"`
	MS     float64 `json:"ms"` // of a step, the median
	Steps  int     `json:"steps"`
	CPUMS  float64 `json:"cpu_ms"` // of a step, all threads, the mean
	CPU    float64 `json:"cpu_over_wall"`
	CPUOK  bool    `json:"cpu_ok"`
	Import float64 `json:"rss_import_mb"`
	Peak   float64 `json:"rss_peak_mb"`
	Error  string  `json:"error,omitempty"`

	// Ours only, of one step.
	Allocs   float64 `json:"allocs"`
	FLOPs    float64 `json:"flops,omitempty"`    // operations
	Products float64 `json:"products,omitempty"` // those of products of matrices and of convolutions
	Bytes    float64 `json:"bytes,omitempty"`    // read and written
	Touched  float64 `json:"touched,omitempty"`  // memory that they lie in
}

// Rounds asks every peer in turn, so many times, and returns for each the
// answer with the median of by.
func Rounds(all []*Peer, q Request, rounds int, by func(Reply) float64) ([]Reply, error) {
	answers := make([][]Reply, len(all))
	for range rounds {
		for i, p := range all {
			r, err := p.Ask(q.String())
			if err != nil {
				return nil, err
			}
			answers[i] = append(answers[i], r)
		}
	}
	middle := make([]Reply, len(all))
	for i, rs := range answers {
		slices.SortFunc(rs, func(a, b Reply) int { return cmp.Compare(by(a), by(b)) })
		middle[i] = rs[len(rs)/2]
	}
	return middle, nil
}

// Wall is the time of a step, and CPU the processor's.
func Wall(r Reply) float64 { return r.MS }
func CPU(r Reply) float64  { return r.CPUMS }
