package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// FaultPolicy is what becomes of an update that cannot be committed.
type FaultPolicy uint8

const (
	StopRun FaultPolicy = iota // the run fails, after a checkpoint of what is good
	Skip                       // its examples are recorded and passed over
	Retry                      // it is done again, as it was
	BackOff                    // as Skip, and the learning rate is multiplied by Factor, for good
)

var faultPolicies = [...]string{"stop", "skip", "retry", "back_off"}

func (p FaultPolicy) String() string {
	if int(p) < len(faultPolicies) {
		return faultPolicies[p]
	}
	return fmt.Sprintf("FaultPolicy(%d)", p)
}

// FaultPolicies lists the names of the policies.
func FaultPolicies() []string { return faultPolicies[:] }

// Faults says what to do about an update that cannot be committed: a loss or a
// gradient that is not finite, a loss that jumps, an error or a panic of the
// data or of a callback within an update. Whatever the policy, such an update
// changes nothing: not the weights, the optimizer, running statistics, random
// numbers, metrics or the position in the data.
type Faults struct {
	Policy FaultPolicy

	// Spike makes a fault of an update whose loss is more than Spike times the
	// mean loss of the updates before it, an exponential mean over about 50
	// updates that judges once it has seen 20; 0 is off.
	Spike float64

	Limit  int     // faults in a row that are borne; one more ends the run; default 10
	Factor float64 // of the learning rate, for BackOff; default 0.5
}

func (f Faults) withDefaults() Faults {
	if f.Limit == 0 {
		f.Limit = 10
	}
	if f.Factor == 0 {
		f.Factor = 0.5
	}
	return f
}

func (f Faults) validate() error {
	if int(f.Policy) >= len(faultPolicies) || !(f.Spike == 0 || f.Spike > 1) || f.Limit < 0 || !(f.Factor >= 0 && f.Factor < 1) {
		return fmt.Errorf("train: faults: policy %v, spike %v, limit %d, factor %v (want a known policy, a spike above 1 or 0, a limit of 0 or more, a factor of 0 or more and less than 1)",
			f.Policy, f.Spike, f.Limit, f.Factor)
	}
	return nil
}

// typical is the exponential mean of the losses of committed updates.
type typical struct {
	Mean  float64 `json:"mean"`
	Count int     `json:"count"` // up to typicalSpan
}

// The mean is over about typicalSpan updates and judges from typicalFrom on.
const typicalSpan, typicalFrom = 50, 20

func (t *typical) add(loss float64) {
	t.Count = min(t.Count+1, typicalSpan)
	t.Mean += float64((loss - t.Mean) / float64(t.Count))
}

// spikes reports whether a loss is a fault for its size.
func (l *loop) spikes(loss float64) bool {
	t := l.Typical
	return l.cfg.Faults.Spike > 0 && t.Count >= typicalFrom && t.Mean > 0 && loss > float64(l.cfg.Faults.Spike*t.Mean)
}

// fault is an update that cannot be committed.
type fault struct {
	rows     int     // of the batch; 0 if it is not known
	cause    error   // what failed; nil if computed
	computed bool    // the result of the update is no good: it depends on nothing outside
	spike    bool    // the loss is finite, and too much
	loss     float64 // if computed
}

// asFault returns an error that is a fault, or nil.
func asFault(err error) (f *fault) {
	errors.As(err, &f)
	return f
}

// errReplayed stands for the cause of a fault that a journal tells of.
var errReplayed = errors.New("train: passed over, as the journal says")

func (f *fault) Error() string {
	switch {
	case f.spike:
		return fmt.Sprintf("the loss jumps to %.4g", f.loss)
	case f.computed:
		return fmt.Sprintf("the loss is %.4g or its gradient is not finite", f.loss)
	}
	return f.cause.Error()
}

// handle does what Config.Faults says about a fault, and reports whether the
// update is to be done again. An error ends the run.
func (l *loop) handle(f *fault) (again bool, err error) {
	policy := l.cfg.Faults.Policy
	if f.cause == errReplayed {
		return false, l.passOver(f)
	}
	l.Row++
	switch {
	case policy == StopRun, l.Row > l.cfg.Faults.Limit, f.rows == 0:
		return false, l.stopAt(f, "")
	case policy == Skip:
		return false, l.passOver(f)
	case policy == Retry && f.computed:
		return false, l.stopAt(f, "doing it again would give the same")
	case policy == BackOff && !f.computed:
		return false, l.stopAt(f, "a smaller learning rate does not help")
	case policy == BackOff:
		return false, errors.Join(l.backOff(f), l.passOver(f))
	}
	l.loader.Seek(l.pos.Examples)
	l.cfg.Progress.Warn("update %d: %v; again", l.pos.Update+1, f)
	return true, l.journal(report.Entry{Update: l.pos.Update + 1, Kind: entryFault, Text: "again: " + f.Error()})
}

// stopAt returns the error that ends a run at a fault.
func (l *loop) stopAt(f *fault, why string) error {
	err := f.cause
	switch {
	case f.spike:
		err = &SpikeError{Update: l.pos.Update + 1, Loss: f.loss, Typical: l.Typical.Mean, Examples: l.examples(f.rows)}
	case f.computed:
		err = l.nonFinite(f.rows)
	}
	switch {
	case l.Row > l.cfg.Faults.Limit:
		return fmt.Errorf("%w (fault %d in a row, faults.limit is %d)", err, l.Row, l.cfg.Faults.Limit)
	case why != "":
		return fmt.Errorf("%w (faults: %v: %s)", err, l.cfg.Faults.Policy, why)
	}
	return err
}

// SpikeError stops a run: the loss of an update jumped. Nothing of the update
// was committed.
type SpikeError struct {
	Update   uint64 // from 1
	Loss     float64
	Typical  float64 // the mean of the losses before
	Examples []int   // of its batch, as numbers in the training data
}

func (e *SpikeError) Error() string {
	return fmt.Sprintf("train: update %d: the loss jumps to %.4g (the mean before is %.4g), over %d examples: %s",
		e.Update, e.Loss, e.Typical, len(e.Examples), first(e.Examples))
}

// passOver records the examples of a fault and goes on behind them.
func (l *loop) passOver(f *fault) error {
	e := report.Entry{Update: l.pos.Update + 1, Kind: entryPass, Text: f.Error(), Examples: l.examples(f.rows)}
	if f.computed {
		e.Kind = entryFault
		if !math.IsNaN(f.loss) && !math.IsInf(f.loss, 0) {
			e.Value = f.loss
		}
	}
	if err := l.journal(e); err != nil {
		return err
	}
	slower := ""
	if l.Factor != 0 {
		slower = fmt.Sprintf("; the learning rate is now multiplied by %.4g", l.Factor)
	}
	l.cfg.Progress.Warn("update %d: %v; its %d examples are passed over%s", l.pos.Update+1, f, f.rows, slower)
	l.Faulted++
	l.event.Loss, l.event.GradNorm = math.NaN(), math.NaN()
	if err := l.advance(f.rows); err != nil {
		return err
	}
	l.loader.Seek(l.pos.Examples)
	return nil
}

// backOff makes the learning rate smaller for the rest of the run. The loss of
// a batch does not depend on the rate of its own update, so the batch is not
// done again.
func (l *loop) backOff(f *fault) error {
	if l.Factor == 0 {
		l.Factor = 1
	}
	l.Factor = float64(l.Factor * l.cfg.Faults.Factor)
	return l.journal(report.Entry{Update: l.pos.Update + 1, Kind: entryBackOff, Value: l.Factor, Text: f.Error()})
}

// gather reads examples into the first rows of dst. A panic of the dataset
// becomes an error.
func gather(ds dataset.Dataset, dst []*tensor.Tensor, indices []int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{p}
		}
	}()
	return ds.Gather(dst, 0, indices)
}
