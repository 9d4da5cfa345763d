package adviser

import (
	"runtime"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/train"
)

// openLanes starts an engine of one thread for each core that the configuration may use: bits do
// not depend on threads, and small trainings side by side are faster than one on all. An engine of
// the caller's is the only lane.
func (s *search) openLanes() error {
	x := s.base.Exec
	n := x.Threads * max(1, x.Workers)
	if n == 0 || n > runtime.GOMAXPROCS(0) {
		n = runtime.GOMAXPROCS(0)
	}
	if x.Threads == 1 { // asked for to measure an update: others may work meanwhile
		n = runtime.GOMAXPROCS(0)
	}
	if s.base.Engine != nil || x.Workers > 1 {
		s.lanes = []engine.Engine{s.eng}
		return nil
	}
	x.Threads = 1
	for range n {
		e, err := train.NewEngine(x)
		if err != nil {
			return err
		}
		s.lanes = append(s.lanes, e)
	}
	return nil
}

func (s *search) closeLanes() {
	for _, e := range s.lanes {
		if e != s.eng {
			e.Close()
		}
	}
}
