package sweep

import "time"

// EventKind tells events apart.
type EventKind uint8

const (
	Planned EventKind = iota // sizes are timed; Left says how long the sweep may take
	Began                    // a trial, of which Trial has what it is
	Seen                     // a validation of it
	Ended                    // a trial
)

// Event is something that happened. Trial is valid during the call.
type Event struct {
	Kind  EventKind
	Trial *Trial
	Done  int           // trials that are over
	Of    int           // that there will be, by what is known
	Left  time.Duration // by what is known, validation included
	Most  time.Duration // if every trial takes its cell budget
}

func (s *sweeper) emit(e Event) {
	if s.o.OnEvent == nil {
		return
	}
	s.tell.Lock()
	defer s.tell.Unlock()
	if e.Kind != Seen {
		e.Done, e.Of, e.Left, e.Most = s.plan.estimate()
	}
	s.o.OnEvent(e)
}
