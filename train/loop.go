package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// loop is a run in progress. Between two updates it is consistent: it can be
// saved, evaluated or left.
type loop struct {
	cfg      *Config
	eng      engine.Engine
	graph    *graph.Graph
	update   *optim.Update
	crew     *crew
	prog     engine.Program // of the crew's first worker
	plan     batch.Plan
	memory   MemoryPlan
	evalRows int // examples that an evaluation executes at once
	checks   checks
	weights  *weights
	averages averages
	val      *Evaluator // nil without validation data
	aside    *Evaluator // of Event.Measure, once it was called
	files    *files     // nil if nothing is written
	digests  digests    // if files are written
	clock    *clock
	policy   batch.Policy // of the configuration, within what the execution bears
	most     int          // the largest size that was found to fit where nobody has set one; 0: any
	meter    *noiseMeter  // nil if noise is not measured

	loader   *dataset.Loader
	size     int       // that the policy asks for
	base     int       // the batch size that the learning rate is meant for
	least    int       // examples that make a batch: 2 for the statistics of batch norm
	momentum float64   // β of the optimizer: see batch.Progress
	chunk    int       // examples that the loader gathers at once; 0: the batch
	share    float64   // of the budget that an update consumes
	scalars  []float64 // inputs of the update

	lossSum, weightSum, gradNorm *tensor.Tensor

	pos   batch.Position
	saved batch.Position // of the newest checkpoint
	loopState
	best        *checkpoint.Best
	bestWeights checkpoint.Tensors // of the best validation, with early stopping

	record  report.Record
	history []report.Record
	event   Event
	pace    pace
	left    time.Time // when something else than updates began, zero during updates
	speed   speed
	held    held
}

// errInterrupted ends the loop between two updates.
var errInterrupted = errors.New("train: interrupted")

// run updates until the budget is consumed, and says why it stopped.
func (l *loop) run(ctx context.Context) (stopped string, err error) {
	if l.Owed {
		if err := l.validate(ctx); err != nil {
			return outcome(err)
		}
	}
	for {
		if p := l.cfg.EarlyStop.Patience; p > 0 && l.Bad >= p {
			return report.Early, nil
		}
		if l.cfg.Until.Reached(l.Val) {
			return report.Target, nil
		}
		over, err := l.over()
		if err == nil && over {
			return report.Budget, nil
		}
		if err == nil && ctx.Err() != nil {
			err = errInterrupted
		}
		if err == nil {
			err = l.step(ctx)
		}
		if err != nil {
			return outcome(err)
		}
	}
}

func outcome(err error) (string, error) {
	if errors.Is(err, Finish) {
		return report.Budget, nil
	}
	if errors.Is(err, errInterrupted) || errors.Is(err, Stop) {
		return report.Interrupted, nil
	}
	return report.Failed, err
}

// step does one update and what is due after it.
func (l *loop) step(ctx context.Context) error {
	before := l.pos
	if err := l.timed(ctx); err != nil {
		return err
	}
	l.tick()
	if l.files != nil {
		l.files.trail.add(l.event.Loss, l.event.GradNorm)
	}
	if l.cfg.LogEvery.Due(before, l.pos) {
		if err := l.log(); err != nil {
			return err
		}
	}
	save := l.cfg.Checkpoint.Every.Due(l.saved, l.pos)
	if due, err := l.validationDue(before); err != nil {
		return err
	} else if due {
		had := l.best
		if err := l.validate(ctx); err != nil {
			return err
		}
		save = save || l.cfg.EarlyStop.Patience > 0 && l.best != had
	}
	if err := l.sample(ctx, before); err != nil {
		return err
	}
	if save && l.files != nil {
		if err := l.save(); err != nil {
			return err
		}
	}
	return l.emit(Updated)
}

// transact runs the next batch and commits it, or does what Config.Faults says
// if it cannot be committed. After an error nothing has changed.
func (l *loop) transact(ctx context.Context) error {
	for {
		err := l.attempt(ctx)
		if err == nil {
			l.Row = 0
			return nil
		}
		f := asFault(err)
		if f == nil {
			return err
		}
		if again, err := l.handle(f); err != nil || !again {
			return err
		}
	}
}

// attempt runs the next batch and commits it. An update that cannot be
// committed is a *fault, and has changed nothing but the place of the loader.
func (l *loop) attempt(ctx context.Context) (err error) {
	rows := 0
	defer func() {
		if p := recover(); p != nil {
			err = &fault{rows: rows, cause: fmt.Errorf("train: update %d: %w", l.pos.Update+1, &PanicError{p})}
		}
	}()
	f, err := l.fraction()
	if err != nil {
		return err
	}
	rows = l.rows()
	if l.clock.passes(l.pos.Update + 1) {
		return &fault{rows: rows, cause: errReplayed}
	}
	at := l.progress(f)
	l.setScalars(at)
	l.event.LR, l.event.Batch = l.update.LR(at), rows
	finite, err := l.execute(ctx, rows, l.due(rows))
	if errors.Is(err, errInterrupted) {
		return err
	}
	if err != nil {
		return &fault{rows: rows, cause: err}
	}
	return l.commit(finite, rows, at)
}

// commit makes an update that was executed take effect.
func (l *loop) commit(finite bool, rows int, at optim.Progress) error {
	switch loss, weight := l.lossSum.F64()[0], l.weightSum.F64()[0]; {
	case weight == 0:
		if err := l.skip(); err != nil {
			return err
		}
	case !finite:
		return &fault{rows: rows, computed: true, loss: loss / weight}
	case l.spikes(loss / weight):
		return &fault{rows: rows, computed: true, loss: loss / weight, spike: true}
	default:
		l.prog.Commit()
		l.Rate, l.Coupled = l.event.LR, l.update.Next(at)
		if l.crew.border > 0 {
			l.takeNoise(rows)
		}
		l.Logged.add(loss, weight)
		l.Epoch.add(loss, weight)
		l.Typical.add(loss / weight)
		l.pace.loss.add(loss, weight)
		l.event.Loss, l.event.GradNorm = loss/weight, l.gradNorm.F64()[0]
	}
	return l.advance(rows)
}

// skip notes an update whose weights sum to 0: nothing is committed, and the
// optimizer's count stays. People are told of the first, and at the end of how
// many there were.
func (l *loop) skip() error {
	l.Skipped++
	l.event.Loss, l.event.GradNorm = math.NaN(), math.NaN()
	if l.Skipped == 1 {
		l.cfg.Progress.Note("update %d: the weights of its examples sum to 0; nothing changes", l.pos.Update+1)
	}
	return l.journal(report.Entry{Update: l.pos.Update + 1, Kind: entrySkip, Text: "the weights sum to 0"})
}

// progress is where the update after pos stands, for schedule and optimizer.
func (l *loop) progress(fraction float64) optim.Progress {
	at := optim.Progress{Update: int64(l.pos.Update - l.Skipped - l.Faulted), Fraction: fraction, Step: l.share, Factor: l.factor()}
	l.couple(&at)
	return at
}

// factor is of the learning rate, beside the schedule's: what backing off and
// plateaus have left of it; 0 is 1.
func (l *loop) factor() float64 {
	if l.Plateau.Factor == 0 || l.Factor == 0 {
		return max(l.Factor, l.Plateau.Factor)
	}
	return l.Factor * l.Plateau.Factor
}

// nextChunk returns the next examples of the batch.
func (l *loop) nextChunk() (*dataset.Batch, error) {
	for {
		b, err := l.loader.Next()
		if err != nil {
			return nil, fmt.Errorf("train: update %d: %w", l.pos.Update+1, err)
		}
		if b.First >= l.pos.Examples { // else it is of a tail that DropLast leaves out
			return b, l.checks.check(b.Fields, b.Indices)
		}
	}
}

// advance moves the position behind a batch, and decides on the next one.
func (l *loop) advance(rows int) error {
	l.pos.Update++
	l.pos.Examples += uint64(rows)
	if err := l.decide(); err != nil {
		return err
	}
	if l.leavesOut(l.leftOfEpoch()) {
		l.pos.Examples += uint64(l.leftOfEpoch())
	}
	if l.pos.Examples%uint64(l.pos.PerEpoch) == 0 {
		l.Last, l.Epoch = l.Epoch, sums{}
	}
	return nil
}

// epoch returns the number of epochs completed.
func (l *loop) epoch() uint64 { return l.pos.Examples / uint64(l.pos.PerEpoch) }

// --- records ---

// measure fills the loop's record with the position and writes it.
func (l *loop) measure(split string, loss float64, values report.Values) error {
	r := &l.record
	r.Update, r.Examples = l.pos.Update, l.pos.Examples
	if l.pos.TokensPerExample > 1 {
		r.Tokens = l.pos.Tokens()
	}
	r.Epoch = (max(1, l.pos.Examples)-1)/uint64(l.pos.PerEpoch) + 1
	now := time.Now()
	r.Seconds = l.clock.elapsed(now).Seconds()
	r.Split, r.Loss = split, loss
	r.LR, r.Batch, r.Rate, r.Bytes = 0, 0, 0, 0
	if split == "train" {
		r.LR, r.Batch = l.event.LR, l.event.Batch
		r.Rate, r.Bytes = l.speed.rate(l.trained(now), l.pos.Examples), l.held.bytes()
	}
	r.Values = append(r.Values[:0], values...)
	kept := *r
	kept.Values = append(report.Values(nil), values...)
	l.history = append(l.history, kept)
	if l.files == nil {
		return nil
	}
	return l.files.write(r)
}

// log records the training loss since the last record.
func (l *loop) log() error {
	values := report.Values{{Name: "grad_norm", V: l.event.GradNorm}}
	if l.event.Segment > 0 {
		values = append(values, report.Value{Name: "segment", V: float64(l.event.Segment)})
	}
	err := l.measure("train", l.Logged.mean(), append(values, l.noiseValues()...))
	l.Logged = sums{}
	return err
}

func (l *loop) journal(e report.Entry) error {
	if l.files == nil {
		return nil
	}
	return l.files.journal.Write(e)
}

// --- validation ---

func (l *loop) validationDue(before batch.Position) (bool, error) {
	if !l.cfg.validates() {
		return false, nil
	}
	due := l.cfg.ValidateEvery.Due(before, l.pos) || l.cfg.Until.due(l.Validated, l.pos.Update)
	if l.cfg.ValidateEvery.Unit != batch.Second {
		return due, nil
	}
	return l.clock.decide(l.pos.Update, entryValidate, due)
}

// validate measures the validation data and judges the result. Interrupted, it
// leaves a debt that a resumed run pays first.
func (l *loop) validate(ctx context.Context) error {
	defer l.leave(time.Now())()
	l.Owed = true
	l.busy("validating")
	var values report.Values
	err := l.averaged(func() (err error) {
		values, err = l.measureAll(ctx)
		return err
	})
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return fmt.Errorf("train: validation after update %d: %w", l.pos.Update, err)
	}
	l.Owed, l.Validated, l.Val = false, l.pos.Update, values
	loss, others := splitLoss(values)
	if err := l.measure("val", loss, others); err != nil {
		return err
	}
	best, err := l.judge(values)
	if err != nil {
		return err
	}
	l.showValidation(best)
	l.event.Values, l.event.Best = values, best
	return l.emit(Validated)
}

// judge reports whether a validation is the best so far, and keeps its
// weights if they may be restored.
func (l *loop) judge(values report.Values) (bool, error) {
	v, ok := values.Get(l.cfg.Metric)
	if !ok {
		return false, fmt.Errorf("train: metric %q is not measured for this target (have %v)", l.cfg.Metric, names(values))
	}
	if p := l.cfg.Optimizer.Plateau; p != nil {
		l.Plateau = p.Next(l.Plateau, v, l.cfg.better(l.cfg.Metric)(1, 0))
	}
	if !l.improves(v) {
		l.Bad++
		return false, nil
	}
	l.best = &checkpoint.Best{Metric: l.cfg.Metric, Value: v, Update: l.pos.Update}
	l.BestVal, l.Bad = values, 0
	if l.cfg.EarlyStop.Patience == 0 {
		return true, nil
	}
	return true, l.averaged(l.keepBest)
}

// keepBest copies the weights as those of the best validation.
func (l *loop) keepBest() error {
	ts, err := l.weights.file(false)
	if err != nil {
		return err
	}
	if l.bestWeights == nil {
		l.bestWeights = checkpoint.Tensors{}
	}
	for name, t := range ts {
		if kept := l.bestWeights[name]; kept != nil {
			copy(kept.F32(), t.F32())
			continue
		}
		l.bestWeights[name] = t.Clone()
	}
	return nil
}

// improves reports whether a value of the metric is a new best.
func (l *loop) improves(v float64) bool {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	if l.best == nil {
		return true
	}
	isBetter, delta := l.cfg.better(l.cfg.Metric), l.cfg.EarlyStop.MinDelta
	if isBetter(1, 0) { // higher is better
		delta = -delta
	}
	return isBetter(v+delta, l.best.Value)
}

// splitLoss takes the loss from the front of values; NaN if there is none.
func splitLoss(values report.Values) (float64, report.Values) {
	if len(values) > 0 && values[0].Name == "loss" {
		return values[0].V, values[1:]
	}
	return math.NaN(), values
}

func names(values report.Values) (all []string) {
	for _, v := range values {
		all = append(all, v.Name)
	}
	return all
}
