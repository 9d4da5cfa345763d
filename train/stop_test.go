package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

func TestEarlyStopKeepsTheBest(t *testing.T) {
	c := small(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	c.Optimizer.LR, c.Optimizer.ClipNorm = 3, 0 // gets worse again
	c.Budget, c.EarlyStop.Patience = Epochs(200), 4
	var best checkpoint.Tensors
	var vals []float64
	c.OnEvent = func(e *Event) error {
		if e.Kind == Validated {
			vals = append(vals, e.Values[0].V)
			if e.Best {
				ts, err := e.run.weights.file(false)
				if err != nil {
					return err
				}
				best = checkpoint.Tensors{}
				for name, x := range ts {
					best[name] = x.Clone()
				}
			}
		}
		return nil
	}
	run := fit(t, c)
	s := run.Summary
	lowest := slices.Min(vals)
	at := slices.Index(vals, lowest)
	if s.Stopped != report.Early || len(vals) != at+1+4 || s.Best.Value != lowest || !s.Best.Kept || s.Best.Update != uint64(4*(at+1)) {
		t.Fatalf("validations %v, summary %+v, best %+v", vals, s, s.Best)
	}
	if v, _ := s.Val.Get("loss"); v != lowest {
		t.Errorf("the summary's validation loss is %v, want the best, %v", v, lowest)
	}
	if d := difference(t, run, &Run{Params: best}); d != 0 {
		t.Errorf("the parameters differ from the best by %v", d)
	}
	dir, err := OpenRun(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(t, &Run{Params: dir.Params}, run); d != 0 {
		t.Errorf("the model file differs from the run by %v", d)
	}
	// Resuming a run that is over gives the same result again.
	c.Resume = true
	again := fit(t, c)
	if again.Summary.Stopped != report.Early || again.Summary.Fingerprint != s.Fingerprint {
		t.Errorf("resumed: %+v", again.Summary)
	}
}

func TestMinDelta(t *testing.T) {
	l := &loop{cfg: &Config{Metric: "loss", EarlyStop: EarlyStop{MinDelta: 0.1}}}
	if !l.improves(5) || l.improves(math.NaN()) || l.improves(math.Inf(-1)) {
		t.Error("the first finite value is the best")
	}
	l.best = &checkpoint.Best{Value: 1}
	if l.improves(0.95) || !l.improves(0.85) {
		t.Error("a loss must fall by more than 0.1")
	}
	l.cfg.Metric = "accuracy"
	if l.improves(1.05) || !l.improves(1.15) {
		t.Error("an accuracy must rise by more than 0.1")
	}
}

// poisoned is data in which a feature of example 21 is NaN, and example 22 has
// the highest finite loss of its batch.
type poisoned struct{ dataset.Dataset }

func (p poisoned) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	err := p.Dataset.Gather(dst, row, indices)
	for i, x := range indices {
		switch x {
		case 21:
			dst[0].F32()[4*(row+i)] = float32(math.NaN())
		case 22:
			dst[2].F32()[row+i] = 1e4
		}
	}
	return err
}

func TestNonFiniteStops(t *testing.T) {
	c := small(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	c.Data, c.Order = poisoned{c.Data}, dataset.Sequential
	c.Batch, c.Exec.Micro = batch.Fixed(8), 3
	run, err := Fit(context.Background(), c)
	var bad *NonFiniteError
	if !errors.As(err, &bad) {
		t.Fatalf("error %v, want a NonFiniteError", err)
	}
	if bad.Update != 3 || !slices.Equal(bad.Examples, []int{16, 17, 18, 19, 20, 21, 22, 23}) {
		t.Errorf("update %d, examples %v; want 3 and 16 to 23", bad.Update, bad.Examples)
	}
	if len(bad.Worst) != 8 || bad.Worst[0].Index != 21 || bad.Worst[1].Index != 22 {
		t.Errorf("worst %v, want 21 and 22 first", bad.Worst)
	}
	for _, want := range []string{"update 3", "NaN", "example 21", bad.Checkpoint} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	s, e := checkpoint.Read(bad.Checkpoint)
	if e != nil || s.Update != 2 {
		t.Fatalf("the last good checkpoint: %v, %v; want update 2", s, e)
	}
	if run.Summary.Stopped != report.Failed || run.Summary.Error == "" || run.Summary.Updates != 2 || s.Fingerprint != run.Summary.Fingerprint {
		t.Errorf("summary %+v", run.Summary)
	}
	if saved, e := report.ReadSummary(c.Out); e != nil || saved.Stopped != report.Failed {
		t.Errorf("summary.json: %+v, %v", saved, e)
	}
}

// TestOverflowingStep: a step so long that a weight overflows is found by the
// next update, and the state after it is not called good.
func TestOverflowingStep(t *testing.T) {
	c := small(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	c.Engine, c.Val, c.Test = newRounding(), nil, nil
	c.Optimizer = optim.Optimizer{LR: 0.1, Schedule: func(p optim.Progress) float64 {
		if p.Update == 5 {
			return 1e300
		}
		return 1
	}}
	c.Checkpoint.Every = batch.Updates(4)
	_, err := Fit(context.Background(), c)
	var bad *NonFiniteError
	if !errors.As(err, &bad) || bad.Update != 7 {
		t.Fatalf("error %v, want one at update 7", err)
	}
	if s, err := checkpoint.Read(bad.Checkpoint); err != nil || s.Update != 4 {
		t.Errorf("the last good checkpoint is %s (%v), want that of update 4", bad.Checkpoint, err)
	}
	if _, err := os.Stat(filepath.Join(c.Out, CheckpointsDir, checkpoint.FileName(6))); err == nil {
		t.Error("weights that are not finite were saved")
	}
}

func TestCancel(t *testing.T) {
	for _, during := range []EventKind{Updated, Validated} {
		whole := fit(t, resumable(t))
		c := resumable(t)
		ctx, cancel := context.WithCancel(context.Background())
		c.OnEvent = func(e *Event) error {
			if e.Kind == during && e.Position.Update >= 8 {
				cancel()
			}
			return nil
		}
		run, err := Fit(ctx, c)
		if err != nil || run.Summary.Stopped != report.Interrupted || run.Summary.Updates != 8 {
			t.Fatalf("cancelled: %+v, %v", run, err)
		}
		if _, err := os.Stat(filepath.Join(c.Out, CheckpointsDir, checkpoint.FileName(8))); err != nil {
			t.Error(err)
		}
		c.OnEvent, c.Resume = nil, true
		if got := fit(t, c).Summary.Fingerprint; got != whole.Summary.Fingerprint {
			t.Errorf("fingerprint %.8s after a cancellation, want %.8s", got, whole.Summary.Fingerprint)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := small(t)
	if run, err := Fit(ctx, c); err != nil || run.Summary.Updates != 0 || run.Summary.Stopped != report.Interrupted {
		t.Errorf("cancelled before the first update: %+v, %v", run, err)
	}
}

// slow is data that cancels a context when it is read after it was armed.
type slow struct {
	dataset.Dataset
	armed  *atomic.Bool
	cancel func()
}

func (s slow) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if s.armed.Load() {
		s.cancel()
	}
	return s.Dataset.Gather(dst, row, indices)
}

// TestCancelInValidation: a validation that was cut off is made up for.
func TestCancelInValidation(t *testing.T) {
	whole := resumable(t)
	want := fit(t, whole)
	c := resumable(t)
	val := c.Val
	ctx, cancel := context.WithCancel(context.Background())
	armed := new(atomic.Bool)
	c.Val = slow{val, armed, cancel}
	c.OnEvent = func(e *Event) error {
		armed.Store(e.Position.Update == 3) // before the epoch's last
		return nil
	}
	run, err := Fit(ctx, c)
	if err != nil || run.Summary.Stopped != report.Interrupted || run.Summary.Updates != 4 {
		t.Fatalf("%+v, %v", run, err)
	}
	c.Val, c.OnEvent, c.Resume = val, nil, true
	if got := fit(t, c).Summary; got.Fingerprint != want.Summary.Fingerprint || *got.Best != *want.Summary.Best {
		t.Errorf("summary %+v, want %+v", got, want.Summary)
	}
	if got, want := records(t, c.Out), records(t, whole.Out); len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
}

func TestZeroWeightsSkip(t *testing.T) {
	c := small(t)
	c.Val, c.Test, c.Order, c.Budget = nil, nil, dataset.Sequential, Epochs(1)
	c.Out = filepath.Join(t.TempDir(), "run")
	x, y, w := make([]float32, 48*4), make([]int32, 48), make([]float32, 48)
	for i := range x {
		x[i] = float32(i%7) / 7
	}
	for i := range 48 {
		if i < 16 || i >= 32 { // the second of three batches weighs nothing
			w[i] = 1
		}
	}
	c.Data = memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, 48, 4)}, dataset.Column{Name: "y", Data: tensor.Of(y)}, dataset.Column{Name: "weight", Data: tensor.Of(w)})
	var prints []string
	c.OnEvent = func(e *Event) error {
		if e.Kind == Updated {
			s, err := e.run.state()
			if err != nil {
				return err
			}
			s.Update, s.Examples = 0, 0
			prints = append(prints, checkpoint.Fingerprint(s).String())
			if e.Position.Update == 2 && !math.IsNaN(e.Loss) {
				t.Errorf("the loss of nothing is %v", e.Loss)
			}
		}
		return nil
	}
	run := fit(t, c)
	if run.Summary.Updates != 3 || run.Summary.Skipped != 1 || prints[0] != prints[1] || prints[1] == prints[2] {
		t.Errorf("summary %+v, fingerprints %v", run.Summary, prints)
	}
	entries, err := report.ReadJournal(run.Dir)
	if err != nil || !slices.ContainsFunc(entries, func(e report.Entry) bool { return e.Kind == entrySkip && e.Update == 2 }) {
		t.Errorf("journal %v, %v; want a skip at 2", entries, err)
	}
}

// TestSkipsAreCounted: of many updates that do nothing the first is told, and
// at the end their number.
func TestSkipsAreCounted(t *testing.T) {
	var shown bytes.Buffer
	c := small(t)
	c.Val, c.Test, c.Progress = nil, nil, report.NewProgress(&shown, report.Lines)
	c.Loss = nn.CrossEntropy()
	c.Data = memory(t, dataset.Column{Name: "x", Data: tensor.New(tensor.F32, 48, 4)}, dataset.Column{Name: "y", Data: tensor.New(tensor.I32, 48)},
		dataset.Column{Name: "weight", Data: tensor.New(tensor.F32, 48)})
	run := fit(t, c)
	if run.Summary.Updates != 18 || run.Summary.Skipped != 18 {
		t.Errorf("%d of %d updates skipped, want 18 of 18", run.Summary.Skipped, run.Summary.Updates)
	}
	text := shown.String()
	if strings.Count(text, "sum to 0") != 1 || !strings.Contains(text, "update 1: the weights") || strings.Count(text, "of 18 of 18 updates") != 1 {
		t.Errorf("progress says\n%s", text)
	}
}

func TestLabelOutOfRange(t *testing.T) {
	c := small(t)
	y := make([]int32, 50)
	y[33] = 3
	c.Data = memory(t, dataset.Column{Name: "x", Data: tensor.New(tensor.F32, 50, 4)}, dataset.Column{Name: "y", Data: tensor.Of(y)})
	c.Val, c.Test = nil, nil
	_, err := Fit(context.Background(), c)
	if err == nil || !strings.Contains(err.Error(), `example 33: field "y" is 3`) || !strings.Contains(err.Error(), "want 0 to 2") {
		t.Errorf("error %v", err)
	}
}

func TestNegativeWeight(t *testing.T) {
	c := small(t)
	w := make([]float32, 50)
	w[20] = -1
	c.Data = memory(t, dataset.Column{Name: "x", Data: tensor.New(tensor.F32, 50, 4)}, dataset.Column{Name: "y", Data: tensor.New(tensor.I32, 50)},
		dataset.Column{Name: "weight", Data: tensor.Of(w)})
	c.Val, c.Test = nil, nil
	if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), "example 20: its weight is -1") {
		t.Errorf("error %v", err)
	}
}

func TestBoundsOfColumns(t *testing.T) {
	fields := []dataset.Field{{Name: "x", DType: tensor.F32, Shape: tensor.Shape{2}}, {Name: "cat", DType: tensor.I32, Shape: tensor.Shape{2}}, {Name: "y", DType: tensor.I32}}
	g, err := forwardGraph(nn.Func(func(c *nn.Context, x *graph.Node) *graph.Node {
		cat := c.Inputs["cat"]
		a := c.Gather(c.Param("a", graph.Init{}, 5, 2), c.Reshape(c.Slice(cat, 0, 1)))
		b := c.Gather(c.Param("b", graph.Init{}, 9, 2), c.Reshape(c.Slice(cat, 1, 1)))
		return c.Add(x, c.Add(a, b))
	}), nn.CrossEntropy(), fields)
	if err != nil {
		t.Fatal(err)
	}
	cs := checksOf(g)
	for _, c := range []struct {
		cat  []int32
		y    int32
		want string
	}{
		{[]int32{4, 8}, 1, ""}, {[]int32{5, 8}, 1, `"cat" is 5`}, {[]int32{4, 9}, 1, `"cat" is 9`}, {[]int32{-1, 0}, 1, `"cat" is -1`}, {[]int32{0, 0}, 2, `"y" is 2`},
	} {
		in := []*tensor.Tensor{tensor.New(tensor.F32, 2, 2), tensor.Of(append([]int32{0, 0}, c.cat...), 2, 2), tensor.Of([]int32{0, c.y})}
		err := cs.check(in, []int{70, 71})
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "example 71")) {
			t.Errorf("cat %v, y %d: %v, want %q", c.cat, c.y, err, c.want)
		}
	}
}

func TestDropLast(t *testing.T) {
	c := small(t)
	c.DropLast, c.Budget = true, Epochs(3)
	c.Batch = batch.Fixed(16) // 50 examples: 3 updates an epoch
	var sizes []int
	var validated []uint64
	c.OnEvent = func(e *Event) error {
		switch e.Kind {
		case Updated:
			sizes = append(sizes, e.Batch)
		case Validated:
			validated = append(validated, e.Position.Update)
		}
		return nil
	}
	run := fit(t, c)
	if run.Summary.Updates != 9 || slices.ContainsFunc(sizes, func(n int) bool { return n != 16 }) || !slices.Equal(validated, []uint64{3, 6, 9}) {
		t.Errorf("%d updates of %v, validated at %v", run.Summary.Updates, sizes, validated)
	}
}

func TestCallbackError(t *testing.T) {
	c := small(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	boom := errors.New("boom")
	c.OnEvent = func(e *Event) error {
		if e.Kind == Updated && e.Position.Update == 3 {
			return boom
		}
		return nil
	}
	run, err := Fit(context.Background(), c)
	if !errors.Is(err, boom) || run.Summary.Stopped != report.Failed || run.Summary.Updates != 3 {
		t.Errorf("%+v, %v", run, err)
	}
	if _, err := os.Stat(filepath.Join(c.Out, CheckpointsDir, checkpoint.FileName(3))); err != nil {
		t.Errorf("no checkpoint of the last good state: %v", err)
	}
}

// TestDiskFails takes the directory away from under a run.
func TestDiskFails(t *testing.T) {
	c := small(t)
	c.Out = filepath.Join(t.TempDir(), "run")
	c.Checkpoint.Every = batch.Updates(2)
	c.OnEvent = func(e *Event) error {
		if e.Kind == Updated && e.Position.Update == 3 {
			// A file where the directory was: nothing can be written there, even by root.
			dir := filepath.Join(c.Out, CheckpointsDir)
			return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o644))
		}
		return nil
	}
	run, err := Fit(context.Background(), c)
	if err == nil || !strings.Contains(err.Error(), CheckpointsDir) || run.Summary.Stopped != report.Failed || run.Summary.Updates != 4 {
		t.Errorf("%+v, %v", run, err)
	}
	c.OnEvent, c.Out = nil, filepath.Join(c.Out, report.SummaryName, "below-a-file")
	if _, err := Fit(context.Background(), c); err == nil {
		t.Error("a run directory below a file gave no error")
	}
}

func TestTimeBudgetReplays(t *testing.T) {
	c := small(t)
	c.Budget = batch.Duration(30 * time.Millisecond)
	c.ValidateEvery = batch.Duration(7 * time.Millisecond)
	c.Optimizer.Schedule = func(p optim.Progress) float64 { return 1 - p.Fraction }
	c.Out = filepath.Join(t.TempDir(), "run")
	first := fit(t, c)
	if first.Summary.Stopped != report.Budget || first.Summary.Updates < 2 {
		t.Fatalf("summary %+v", first.Summary)
	}
	journal, err := report.ReadJournal(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	c.Replay, c.Out = journal, filepath.Join(t.TempDir(), "again")
	c.Budget = batch.Duration(30 * time.Millisecond)
	c.OnEvent = func(e *Event) error { // another pace
		if e.Kind == Updated && e.Position.Update%64 == 0 {
			time.Sleep(time.Millisecond)
		}
		return nil
	}
	second := fit(t, c)
	if second.Summary.Fingerprint != first.Summary.Fingerprint {
		t.Errorf("replayed: fingerprint %.8s after %d updates, want %.8s after %d", second.Summary.Fingerprint, second.Summary.Updates,
			first.Summary.Fingerprint, first.Summary.Updates)
	}
}

func TestReplayOfAnInterruptedRun(t *testing.T) {
	c := small(t)
	c.Budget = batch.Duration(time.Hour)
	c.Out = filepath.Join(t.TempDir(), "run")
	first := fit(t, stopAfter(c, 17))
	journal, err := report.ReadJournal(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	c.Replay, c.Out = journal, NoOut
	second := fit(t, c)
	if second.Summary.Updates != 17 || second.Summary.Fingerprint != first.Summary.Fingerprint {
		t.Errorf("replayed: %+v, want %+v", second.Summary, first.Summary)
	}
}

// ramp is a policy of sizes that grow.
type ramp struct{}

func (ramp) Max(int) int    { return 20 }
func (ramp) String() string { return "ramp" }
func (ramp) Next(_ batch.State, p batch.Progress) (batch.State, string) {
	return batch.State{Size: min(20, 1+int(p.Update))}, ""
}

func TestPolicyOfManySizes(t *testing.T) {
	c := small(t)
	c.Batch, c.Budget = ramp{}, batch.Examples(100)
	var sizes []int
	c.OnEvent = func(e *Event) error {
		if e.Kind == Updated {
			sizes = append(sizes, e.Batch)
		}
		return nil
	}
	run := fit(t, c)
	// 50 examples an epoch: the tenth batch is what 1 + … + 9 leave.
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 11, 12, 13, 14}; !slices.Equal(sizes, want) || run.Summary.Examples != 100 {
		t.Errorf("batches %v, want %v", sizes, want)
	}
	c.Batch = tooMuch{}
	if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), "asks for 21 examples (want 1 to 20)") {
		t.Errorf("error %v", err)
	}
}

type tooMuch struct{ ramp }

func (tooMuch) Next(batch.State, batch.Progress) (batch.State, string) {
	return batch.State{Size: 21}, ""
}

func TestMetricOfAnotherTarget(t *testing.T) {
	c := small(t)
	c.Metric = "r2"
	if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), "have [loss accuracy]") {
		t.Errorf("error %v", err)
	}
}

func TestOpenUnfinishedRun(t *testing.T) {
	c := resumable(t)
	fit(t, stopAfter(c, 6))
	dir, err := OpenRun(c.Out)
	if err != nil || len(dir.Params) != 4 || dir.Summary.Stopped != report.Interrupted || string(dir.Resolved) == "" {
		t.Errorf("%+v, %v", dir, err)
	}
	if _, err := OpenRun(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no model and no checkpoint") {
		t.Errorf("an empty directory gives %v", err)
	}
	damage(t, filepath.Join(c.Out, CheckpointsDir, checkpoint.BestName))
	if dir, err := OpenRun(c.Out); err != nil || filepath.Base(dir.From) != checkpoint.FileName(6) {
		t.Errorf("with a damaged best: %+v, %v", dir, err)
	}
}

func TestInit(t *testing.T) {
	c := small(t)
	from := fit(t, c).Params
	c.Init, c.Budget = from, Updates(1)
	c.Optimizer.LR = 1e-30
	if d := difference(t, fit(t, c), &Run{Params: from}); d != 0 {
		t.Errorf("an update of nothing moved the parameters by %v", d)
	}
	for name, change := range map[string]checkpoint.Tensors{
		"no parameter":  {"7.weight": tensor.New(tensor.F32, 2)},
		`"0.weight" is`: {"0.weight": tensor.New(tensor.F32, 4, 8)}, // files have (out, in)
		`"0.bias" is`:   {"0.bias": tensor.New(tensor.F32, 9)},
	} {
		c.Init = change
		if _, err := Fit(context.Background(), c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
}

// TestInitFromHuggingFace: a file of GPT-2 with its buffers, without the prefix
// of the names.
func TestInitFromHuggingFace(t *testing.T) {
	file, _, err := checkpoint.ReadTensors("../internal/numtest/golden/gpt2.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	form := nn.DefaultGPT()
	form.Vocab, form.Context, form.Layers, form.Heads, form.Dim = 65, 16, 2, 2, 32
	init := checkpoint.Tensors{"h.0.attn.bias": tensor.New(tensor.F32, 1, 1, 16, 16)}
	for name, x := range file {
		init[strings.TrimPrefix(name, "transformer.")] = x
	}
	run := fit(t, Config{
		Model: nn.GPT(form), Loss: nn.CrossEntropy(), Optimizer: optim.SGD(1e-30), Batch: batch.All(), Budget: Updates(1), Out: NoOut, Init: init,
		Data: memory(t, dataset.Column{Name: "x", Data: tensor.New(tensor.I32, 2, 8)}, dataset.Column{Name: "y", Data: tensor.New(tensor.I32, 2, 8)}),
	})
	if len(run.Params) != len(file) {
		t.Errorf("%d parameters, want %d", len(run.Params), len(file))
	}
	for name, x := range file {
		if !slices.Equal(run.Params[name].F32(), x.F32()) {
			t.Errorf("%s was not taken", name)
		}
	}
}

func TestReplayOfNoRun(t *testing.T) {
	if _, err := ReplayOf(&Config{}, t.TempDir()); err == nil || !strings.Contains(err.Error(), "a replay takes its decisions from the journal of a run") {
		t.Error(err)
	}
}
