package train

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
)

// VerifyOptions say how much of a run Verify does again.
type VerifyOptions struct {
	Updates int    // in all; default 20
	Seed    uint64 // of the choice of what is done again
}

// Certificate is the outcome of Verify.
type Certificate struct {
	Run       string
	Execution string // how it was executed now
	Stretches []Stretch
	Updates   int // done again and compared
	Tensors   int // compared at checkpoints
	Unknown   int // updates of which the run has no record to compare with
	Reach     int // the least number of updates that reaches a checkpoint from a state before it

	// Difference is the first one found, "" if there is none.
	Difference string
}

// Stretch is a part of a run that was done again.
type Stretch struct {
	From, To    uint64 // updates
	Fingerprint string // of the checkpoint at To, if all its tensors were compared
}

// String is the certificate for people.
func (c *Certificate) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, executed as %s\n", c.Run, c.Execution)
	for _, s := range c.Stretches {
		from := fmt.Sprintf("the checkpoint of update %d", s.From)
		if s.From == 0 {
			from = "the beginning"
		}
		fmt.Fprintf(&b, "  from %s to update %d: loss and norm of the gradient of each update", from, s.To)
		if s.Fingerprint != "" {
			fmt.Fprintf(&b, ", and all tensors of the checkpoint there (%.16s)", s.Fingerprint)
		}
		b.WriteString("\n")
	}
	if c.Unknown > 0 {
		fmt.Fprintf(&b, "  of %d updates the run has no record\n", c.Unknown)
	}
	if c.Difference != "" {
		fmt.Fprintf(&b, "NOT verified: %s\n", c.Difference)
		return b.String()
	}
	if c.Tensors == 0 && c.Reach > 0 {
		fmt.Fprintf(&b, "  no checkpoint was reached to compare tensors with: that takes --updates %d\n", c.Reach)
	}
	if c.Updates+c.Tensors == 0 {
		return b.String() + "nothing verified: the run has nothing to compare with\n"
	}
	fmt.Fprintf(&b, "verified: %d updates and %d tensors agree bit for bit\n", c.Updates, c.Tensors)
	return b.String()
}

// Verify does updates of the run in c.Out again, from its checkpoints and its
// beginning, and compares them bit by bit with what the run has recorded: the
// loss and the norm of the gradient of each update and, where a checkpoint is
// reached, all of its tensors. c is the run's configuration; only Exec and
// Engine may differ. It writes nothing. A difference is no error.
func Verify(ctx context.Context, c Config, o VerifyOptions) (*Certificate, error) {
	if o.Updates == 0 {
		o.Updates = 20
	}
	dir := c.Out
	v, err := openVerifier(dir)
	if err != nil {
		return nil, err
	}
	if c.Replay, err = report.ReadJournal(dir); err != nil {
		return nil, err
	}
	l, done, err := again(c)
	if err != nil {
		return nil, err
	}
	defer done()
	v.loop = l
	v.cert.Execution = l.execution()
	if e, ok := l.eng.(interface {
		ISA() string
		Threads() int
	}); ok {
		v.cert.Execution += fmt.Sprintf(", %s, %s", threads(e.Threads()), e.ISA())
	}
	if err := v.checkData(); err != nil {
		return nil, err
	}
	for _, s := range v.choose(o) {
		if err := v.stretch(ctx, s); err != nil || v.cert.Difference != "" {
			return &v.cert, err
		}
	}
	return &v.cert, nil
}

// threads tells how many there are.
func threads(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprint(n, " threads")
}

// again makes the loop of a run that has happened: in memory, without
// validation, which changes nothing of the updates.
func again(c Config) (*loop, func(), error) {
	c.Out, c.Resume, c.Val, c.Test, c.OnEvent, c.Progress = NoOut, false, nil, nil, nil, nil
	c.EarlyStop, c.Reestimate, c.Samples = EarlyStop{}, batch.Span{}, Samples{}
	c.Measures = Measures{}
	if c.Metric != "" {
		c.Metric = "loss"
	}
	stop, err := c.prepare()
	if err != nil {
		return nil, nil, err
	}
	l, err := newLoop(&c)
	if err != nil {
		stop()
		return nil, nil, err
	}
	if err := l.digests.compute(l.cfg); err != nil {
		return nil, nil, errors.Join(err, l.close())
	}
	return l, func() { l.close(); stop() }, nil
}

// verifier compares a run with its repetition.
type verifier struct {
	dir    string
	states []uint64 // updates with a checkpoint, and 0, ascending
	trail  []trace
	loop   *loop
	cert   Certificate
}

func openVerifier(dir string) (*verifier, error) {
	v := &verifier{dir: dir, states: []uint64{0}, cert: Certificate{Run: dir}}
	var err error
	if v.trail, err = readTrail(dir); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(filepath.Join(dir, CheckpointsDir))
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".safetensors" {
			continue
		}
		s, err := checkpoint.Read(filepath.Join(dir, CheckpointsDir, f.Name()))
		if err != nil {
			return nil, err
		}
		if s.Update > 0 && !slices.Contains(v.states, s.Update) {
			v.states = append(v.states, s.Update)
		}
	}
	slices.Sort(v.states)
	return v, nil
}

// checkData refuses data that are not those of the run, as its last checkpoint
// knows them.
func (v *verifier) checkData() error {
	last := v.states[len(v.states)-1]
	if last == 0 {
		return nil
	}
	s, err := v.state(last)
	if err != nil {
		return err
	}
	var was digests
	if err := unmarshalSection(s, sectionDigests, &was); err != nil {
		return err
	}
	if now := v.loop.digests.Data; was.Data != now {
		return fmt.Errorf("train: the data are not those of the run: their digest is %s (want %s)", now, was.Data)
	}
	return nil
}

// choose takes stretches of the run that begin at its states, in random order:
// up to the next state where the number of updates allows, since there all
// tensors can be compared.
func (v *verifier) choose(o VerifyOptions) []Stretch {
	for i, s := range v.states[1:] {
		if n := int(s - v.states[i]); v.cert.Reach == 0 || n < v.cert.Reach {
			v.cert.Reach = n
		}
	}
	rnd := rand.New(rand.NewPCG(o.Seed, 1))
	order := rnd.Perm(len(v.states))
	left := uint64(o.Updates)
	var chosen []Stretch
	for i, k := range order {
		from, to := v.states[k], uint64(len(v.trail))
		if k+1 < len(v.states) {
			to = min(to, v.states[k+1])
		}
		n := min(to-min(from, to), left)
		if share := max(1, left/uint64(len(order)-i)); n < to-from {
			n = min(n, share)
		}
		if n > 0 {
			chosen = append(chosen, Stretch{From: from, To: from + n})
			left -= n
		}
	}
	slices.SortFunc(chosen, func(a, b Stretch) int { return int(a.From) - int(b.From) })
	return chosen
}

// stretch does one stretch again.
func (v *verifier) stretch(ctx context.Context, s Stretch) error {
	if err := v.start(ctx, s.From); err != nil {
		return err
	}
	defer v.loop.loader.Close()
	for u := s.From; u < s.To; u++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := v.loop.transact(ctx); err != nil {
			v.cert.Difference = fmt.Sprintf("update %d fails now: %v", u+1, err)
			return nil
		}
		if v.compare(u) {
			return nil
		}
	}
	if slices.Contains(v.states, s.To) {
		print, err := v.compareTensors(s.To)
		if err != nil || v.cert.Difference != "" {
			return err
		}
		s.Fingerprint = print
	}
	v.cert.Stretches = append(v.cert.Stretches, s)
	return nil
}

// start puts the loop into the state after an update.
func (v *verifier) start(ctx context.Context, update uint64) error {
	l := v.loop
	l.loopState, l.best = loopState{}, nil
	if update == 0 {
		l.pos = batch.Position{PerEpoch: l.pos.PerEpoch, TokensPerExample: l.pos.TokensPerExample}
		l.clock.fraction = 0
		if err := l.weights.reset(l.cfg.Seed, l.cfg.Init); err != nil {
			return err
		}
		return l.startReading(ctx)
	}
	s, err := v.state(update)
	if err != nil {
		return err
	}
	if err := l.restore(s); err != nil {
		return err
	}
	return l.startReading(ctx)
}

// state reads the checkpoint of an update.
func (v *verifier) state(update uint64) (*checkpoint.State, error) {
	d := checkpoint.Dir{Path: filepath.Join(v.dir, CheckpointsDir)}
	s, err := checkpoint.Read(filepath.Join(d.Path, checkpoint.FileName(update)))
	if errors.Is(err, os.ErrNotExist) {
		s, _, err = d.Best()
	}
	if err == nil && s.Update != update {
		err = fmt.Errorf("train: no checkpoint of update %d", update)
	}
	return s, err
}

// startReading opens a loader at the position of the loop.
func (l *loop) startReading(ctx context.Context) (err error) {
	if l.loader = nil; l.Sizes.Size == 0 {
		err = l.decide()
	} else {
		err = l.resize()
	}
	if err != nil {
		return err
	}
	l.chunk = l.chunks()
	l.loader, err = dataset.NewLoader(context.WithoutCancel(ctx), l.cfg.Data, dataset.LoaderConfig{
		Batch: l.size, Chunk: l.chunk, Most: l.plan.Size, Order: l.cfg.Order, Start: l.pos.Examples,
	})
	return err
}

// compare compares the update after u, and reports whether it differs.
func (v *verifier) compare(u uint64) bool {
	want := v.trail[u]
	if !want.known() {
		v.cert.Unknown++
		return false
	}
	v.cert.Updates++
	e := &v.loop.event
	for _, x := range []struct {
		name string
		got  float64
		want uint64
	}{{"loss", e.Loss, want.loss}, {"norm of the gradient", e.GradNorm, want.norm}} {
		if bitsOf(x.got) != x.want {
			v.cert.Difference = fmt.Sprintf("update %d: the %s is %.17g, the run has %.17g", u+1, x.name, x.got, math.Float64frombits(x.want))
			return true
		}
	}
	return false
}

// compareTensors compares all tensors with those of the checkpoint of an
// update, in the order of their names, and returns its fingerprint.
func (v *verifier) compareTensors(update uint64) (fingerprint string, err error) {
	want, err := v.state(update)
	if err != nil {
		return "", err
	}
	got, err := v.loop.state()
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(want.Tensors)) {
		a, b := got.Tensors[name], want.Tensors[name]
		if a == nil || !a.Shape().Equal(b.Shape()) {
			v.cert.Difference = fmt.Sprintf("update %d: tensor %s is %v, the run has %v", update, name, a, b)
			return "", nil
		}
		for i, x := range b.F32() {
			if math.Float32bits(a.F32()[i]) != math.Float32bits(x) {
				v.cert.Difference = fmt.Sprintf("update %d: tensor %s, element %d is %.9g, the run has %.9g", update, name, i, a.F32()[i], x)
				return "", nil
			}
		}
		v.cert.Tensors++
	}
	a, b := checkpoint.Fingerprint(got), checkpoint.Fingerprint(want)
	if a != b {
		v.cert.Difference = fmt.Sprintf("update %d: the counters differ: fingerprint %s, the run has %s", update, a, b)
	}
	return b.String(), nil
}
