package train

import (
	"math"
	"time"

	"github.com/descent-ml/descent/report"
)

// Kinds of journal entries.
const (
	entryStart    = "start"    // how the run is executed
	entryResume   = "resume"   // from which checkpoint
	entryProgress = "progress" // the consumed share of a time budget, for the schedule
	entryValidate = "validate" // a validation that was due by time
	entrySkip     = "skip"     // an update whose weights sum to 0
	entryFault    = "fault"    // an update that is done again, or passed over for what it computed
	entryPass     = "pass"     // an update that is passed over for an error or a panic
	entryBackOff  = "back_off" // the factor of the learning rate from here on
	entryEstimate = "estimate" // running statistics were computed anew
	entryBatch    = "batch"    // the size of the batches from here on
	entryMost     = "most"     // the largest size that fits at full speed, where nobody has set one
	entryEffect   = "effect"   // what a change of it has brought: goodput after it, relative to before
	entryUndo     = "undo"     // the size from here on: a change did not pay
	entryStop     = "stop"     // a time budget is consumed
	entryEnd      = "end"      // the end of a session, and why
)

// clock makes the decisions that depend on time, and only those: they are
// written to the journal, and a replay takes them from there.
type clock struct {
	replay   map[uint64]map[string]report.Entry // by update and kind; nil when live
	last     uint64                             // update of the last entry to replay
	journal  func(report.Entry) error
	started  time.Time
	earlier  time.Duration // of sessions before this one
	fraction float64       // last written
}

// grain is the resolution of the share of a time budget: a schedule moves in
// steps of it, so that the journal stays short.
const grain = 1.0 / 2048

func newClock(replay []report.Entry, journal func(report.Entry) error) *clock {
	c := &clock{journal: journal}
	if replay == nil {
		return c
	}
	c.replay = map[uint64]map[string]report.Entry{}
	for _, e := range replay {
		if c.replay[e.Update] == nil {
			c.replay[e.Update] = map[string]report.Entry{}
		}
		c.replay[e.Update][e.Kind] = e
		c.last = max(c.last, e.Update)
	}
	return c
}

// elapsed is the time since the run began, over all its sessions.
func (c *clock) elapsed(now time.Time) time.Duration { return c.earlier + now.Sub(c.started) }

// decide journals a yes to something that is due by time after an update, or
// repeats what the journal says. A time budget ends with the journal at the
// latest, if that is of a run that was interrupted.
func (c *clock) decide(update uint64, kind string, due bool) (bool, error) {
	if c.replay != nil {
		_, due = c.replay[update][kind]
		due = due || kind == entryStop && update >= c.last
	}
	if !due {
		return false, nil
	}
	return true, c.journal(report.Entry{Update: update, Kind: kind})
}

// passes reports whether the journal says that an update was passed over for a
// reason outside of it.
func (c *clock) passes(update uint64) bool {
	_, ok := c.replay[update][entryPass]
	return ok
}

// share turns the consumed share of a time budget into the one that counts for
// the update after the given one.
func (c *clock) share(update uint64, now float64) (float64, error) {
	if c.replay != nil {
		e, ok := c.replay[update][entryProgress]
		if !ok {
			return c.fraction, nil
		}
		now = e.Value
	}
	now = math.Floor(min(1, now)/grain) * grain
	if now <= c.fraction {
		return c.fraction, nil
	}
	c.fraction = now
	return now, c.journal(report.Entry{Update: update, Kind: entryProgress, Value: now})
}
