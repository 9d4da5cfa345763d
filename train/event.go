package train

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
)

// EventKind tells events apart.
type EventKind uint8

const (
	Updated   EventKind = iota // an update was committed, or skipped
	Validated                  // Values has the result
	Saved                      // a checkpoint was written to Path
	Ended                      // the run is over; Stopped says why
)

// Event is something that happened. It is valid during the call that gets it.
type Event struct {
	Kind     EventKind
	Position batch.Position // after the update
	Batch    int            // examples of the update
	Loss     float64        // of the batch, before the update; NaN if its weights sum to 0
	GradNorm float64        // of the mean gradient, before clipping
	LR       float64
	Segment  int           // positions that attention reached over, with SequenceWarmup
	Values   report.Values // of a validation
	Best     bool          // a validation was the best so far
	Path     string
	Stopped  string

	// Trained is the time of updates alone, over all sessions: without
	// validation, samples and checkpoints.
	Trained time.Duration

	run *loop
}

// Fingerprint returns the SHA-256 of parameters, optimizer state and counters,
// in hexadecimal. It reads all of them.
func (e *Event) Fingerprint() (string, error) { return e.run.fingerprint() }

// Stop, returned by Config.OnEvent, ends the run after this update as an
// interruption: it is checkpointed and can be resumed. Any other error fails it.
var Stop = errors.New("train: stop")

// Finish, returned by Config.OnEvent, ends the run after this update as if its
// budget were consumed: it is validated, tested and has a model.
var Finish = errors.New("train: finish")

// emit calls the callback. The event is the loop's own, so nothing is allocated.
func (l *loop) emit(kind EventKind) error {
	if l.cfg.OnEvent == nil {
		return nil
	}
	l.event.Kind, l.event.Position, l.event.Trained = kind, l.pos, l.trained(time.Now())
	return l.cfg.OnEvent(&l.event)
}

// Measure returns the loss and the metrics of ds, which has the fields of the
// training data, with the weights that a validation now would measure. It
// changes nothing of the run. Measuring is no part of the memory that was planned.
func (e *Event) Measure(ctx context.Context, ds dataset.Dataset) (values report.Values, err error) {
	l := e.run
	if l.aside == nil || !slices.EqualFunc(ds.Fields(), l.aside.fields, sameField) {
		if l.aside, err = newEvaluator(l.eng, l.weights.vars, l.cfg.Model, l.cfg.Loss, ds.Fields(), l.evalRows); err != nil {
			return nil, err
		}
		l.aside.TargetValue = l.cfg.TargetValue
	}
	err = l.averaged(func() (err error) {
		values, err = l.aside.Evaluate(ctx, ds)
		return err
	})
	return values, err
}

// Noise is the noise of gradients as measured so far; nothing if the run has no
// meter.
func (e *Event) Noise() batch.Noise { return e.run.Measured.Noise }
