package train

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/engine/cpu"
	"github.com/descent-ml/descent/graph"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// The exactness matrix: however batches are executed, weights and optimizer
// state have one set of bits after every update. It has two sizes,
//
//	go test ./train -run Matrix                             every pair of settings, in seconds
//	go test ./train -run Matrix -matrix=full -timeout 60m   every combination, 200 updates each
//
// and the bits themselves are in testdata/fingerprints.txt, so that a change of
// them between commits, versions of Go or processors is seen. A change on
// purpose is recorded with
//
//	go test ./train -run Matrix -update
//
// and its commit says why: checkpoints of before will then go on differently.
var (
	matrixSize         = flag.String("matrix", "pairs", "size of the exactness matrix: pairs or full")
	updateFingerprints = flag.Bool("update", false, "record the fingerprints of the exactness matrix")
)

const fingerprintsName = "testdata/fingerprints.txt"

// matrixUpdates is how long a run is. matrixMarks are the updates whose
// fingerprints are recorded, and where runs may be cut short.
const matrixUpdates = 200

var matrixMarks = [3]uint64{4, 24, matrixUpdates}

// matrixModel is a training problem of the matrix.
type matrixModel struct {
	name      string
	model     nn.Layer
	loss      nn.Loss
	optimizer optim.Optimizer
	examples  func(t testing.TB, n int) dataset.Dataset

	policy   batch.Policy   // of changing sizes; nil: all are the same
	batch    matrixBatch    // above a leaf, if it is not aboveLeaf
	warmup   SequenceWarmup // of a model of text
	barriers bool           // batch norm: batches have shards, and what outlives a pass matters
	images   bool           // settings are those of imageCells
	slow     bool           // only where everything is asked for
}

// batches are the batch sizes of a model: below and above a leaf; with barriers
// the second needs no leaves to be one of many micro-batches.
func (m matrixModel) batches() []matrixBatch {
	switch {
	case m.images:
		return []matrixBatch{m.batch}
	case m.batch != matrixBatch{}:
		return []matrixBatch{belowLeaf, m.batch}
	case m.barriers:
		return []matrixBatch{belowLeaf, {130, 300}}
	}
	return []matrixBatch{belowLeaf, aboveLeaf}
}

// shards are those of each batch.
func (m matrixModel) shards() int {
	switch {
	case m.images:
		return 2
	case m.barriers:
		return 4
	}
	return 1
}

var matrixModels = append([]matrixModel{
	{
		name:      "mlp",
		model:     nn.Sequential(nn.Dense(18), nn.LayerNorm(), nn.ReLU(), nn.Dropout(0.2), nn.Dense(10), nn.Tanh(), nn.Dense(3)),
		loss:      nn.CrossEntropy().ClassWeights(1, 2, 0.5).LabelSmoothing(0.1),
		optimizer: optim.AdamW(0.02).WithGroups(optim.NoDecay()).WithClipNorm(0.3).WithSchedule(optim.WarmUp(0.1, optim.Cosine(0.1))),
		examples:  weightedExamples,
	},
	{
		name: "categories",
		model: nn.Sequential(nn.Categories([]int{5, 9}, 3), nn.Dense(11), nn.GELU(),
			nn.Residual(nn.RMSNorm(), nn.Dense(11), nn.GELU()), nn.Dense(4)),
		loss:      nn.CrossEntropy(),
		optimizer: optim.SGD(0.05).Momentum(0.9).Nesterov().WeightDecay(1e-3),
		examples:  categoryExamples,
	},
	{
		name:      "tied",
		model:     nn.Func(tiedModel),
		loss:      nn.Huber(0.5),
		optimizer: optim.Adam(0.01),
		examples:  tokenExamples,
	},
	{
		name: "norms",
		model: nn.Sequential(nn.Categories([]int{5, 9}, 3), nn.Dense(12), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.1),
			nn.Dense(10), nn.LayerNorm(), nn.BatchNorm().Group(3), nn.Tanh(), nn.Dense(9), nn.BatchNorm().Plain(), nn.GELU(), nn.Dense(4)),
		loss:      nn.CrossEntropy().ClassWeights(1, 2, 0.5, 1),
		optimizer: optim.AdamW(0.02).WithClipNorm(0.7),
		examples:  categoryExamples,
		barriers:  true,
	},
}, slices.Concat(matrixTextModels, matrixRecommenders, matrixImages)...)

const (
	tokenKinds = 7
	tokens     = 5 // of an example: leaves of ⌊512/5⌋ examples
)

// tiedModel embeds tokens (B, tokens), applies one dense layer twice at every
// position, and compares the mean over positions with the rows of the same
// table: (B, tokenKinds).
func tiedModel(c *nn.Context, x *graph.Node) *graph.Node {
	const width = 11
	mix := nn.Dense(width)
	h := c.Apply("embed", nn.Embedding(tokenKinds, width), x)
	h = c.Tanh(c.Apply("mix", mix, h))
	h = c.Add(h, c.Apply("mix", mix, h))
	leave := c.Scope("embed")
	table := c.Param("weight", nn.Normal(0, 1)(tokenKinds, width), tokenKinds, width)
	leave()
	return c.LinearT(c.ReduceMean(c.Transpose(h, 1, 0), 1), table)
}

// Examples are made of integers, so that they are the same on every machine.

// feature is a multiple of 1/32 from -2 to 2.
func feature(s *rng.Stream) float32 { return float32(int32(s.Uint32()%129)-64) / 32 }

func weightedExamples(t testing.TB, n int) dataset.Dataset {
	const width = 13
	s := rng.NewStream(1, "matrix mlp")
	x, y, w := make([]float32, n*width), make([]int32, n), make([]float32, n)
	for i := range n {
		row := x[i*width:][:width]
		for j := range row {
			row[j] = feature(s)
		}
		switch {
		case row[0] > row[1]+row[2]:
			y[i] = 1
		case row[3]+row[4] > 0:
			y[i] = 2
		}
		w[i] = []float32{0, 0.5, 1, 3}[s.Uint32()%4]
	}
	return memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, n, width)}, dataset.Column{Name: "y", Data: tensor.Of(y)},
		dataset.Column{Name: "weight", Data: tensor.Of(w)})
}

func categoryExamples(t testing.TB, n int) dataset.Dataset {
	const width = 6
	s := rng.NewStream(1, "matrix categories")
	x, cat, y := make([]float32, n*width), make([]int32, 2*n), make([]int32, n)
	for i := range n {
		for j := range width {
			x[i*width+j] = feature(s)
		}
		cat[2*i], cat[2*i+1] = int32(s.Uint32()%5), int32(s.Uint32()%9)
		y[i] = (cat[2*i] + cat[2*i+1]) % 3
		if x[i*width] > x[i*width+1] {
			y[i]++
		}
	}
	return memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, n, width)}, dataset.Column{Name: "cat", Data: tensor.Of(cat, n, 2)},
		dataset.Column{Name: "y", Data: tensor.Of(y)})
}

// tokenExamples have as targets how often each token occurs, and something that
// nobody can predict, sometimes beyond Huber's bend.
func tokenExamples(t testing.TB, n int) dataset.Dataset {
	s := rng.NewStream(1, "matrix tied")
	x, y := make([]int32, n*tokens), make([]float32, n*tokenKinds)
	for i := range n {
		for j := range tokens {
			k := int32(s.Uint32() % tokenKinds)
			x[i*tokens+j] = k
			y[i*tokenKinds+int(k)]++
		}
		y[i*tokenKinds+i%tokenKinds] += feature(s)
	}
	return memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, n, tokens)}, dataset.Column{Name: "y", Data: tensor.Of(y, n, tokenKinds)})
}

// matrixBatch is a batch size and a number of examples that it does not divide.
type matrixBatch struct{ size, examples int }

var (
	belowLeaf = matrixBatch{16, 100}
	aboveLeaf = matrixBatch{1300, 3000} // leaves of 512, 512 and 276, and in the last batch of an epoch of 400
)

// cell is one combination of settings.
type cell struct {
	model   matrixModel
	batch   matrixBatch
	micro   int // 0 is the whole batch
	threads int
	isa     icpu.ISA
	resumed bool // interrupted and resumed
	workers int
	memory  int // what outlives a pass: 1 is kept, 2 and 4 within so much of what that takes, 0 computed again
}

// problem names what decides the bits.
func (c cell) problem() string { return fmt.Sprintf("%s,batch=%d", c.model.name, c.batch.size) }

// way names what must not matter to them.
func (c cell) way() string {
	micro, resumed := "full", ""
	if c.micro > 0 {
		micro = fmt.Sprint(c.micro)
	}
	if c.resumed {
		resumed = ",resumed"
	}
	if c.model.barriers {
		resumed = fmt.Sprintf(",workers=%d,memory=1/%d%s", c.workers, c.memory, resumed)
	}
	return fmt.Sprintf("micro=%s,threads=%d,isa=%v%s", micro, c.threads, c.isa, resumed)
}

// updates is how long the cell's run is, unless everything is asked for:
// batches above a leaf go through some epochs, each with a shorter batch at its
// end, and -short is for the race detector. A slow model goes through some on the
// best tier.
func (c cell) updates() uint64 {
	big := c.batch == aboveLeaf || c.batch == c.model.batch
	switch {
	case c.model.policy != nil:
		return sizesUpdates
	case c.model.slow && c.isa == icpu.Best():
		return matrixMarks[1]
	case c.model.slow:
		return matrixMarks[0]
	case *matrixSize == "full" || *updateFingerprints:
		return matrixMarks[2]
	case big && testing.Short():
		return matrixMarks[0]
	case big || testing.Short():
		return matrixMarks[1]
	}
	return matrixMarks[2]
}

// config is the cell's run, on an engine whose threads share the least work.
func (c cell) config(t testing.TB) Config {
	x := Exec{Micro: c.micro, Workers: c.workers}
	if x.Micro == 0 {
		x.Micro = c.batch.size
	}
	e, err := cpu.New(cpu.Config{Threads: c.threads, ISA: c.isa.String(), Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	config := Config{
		Name: "matrix", Seed: 3, Model: c.model.model, Data: c.model.examples(t, c.batch.examples), Loss: c.model.loss,
		Optimizer: c.model.optimizer, Batch: batch.Fixed(c.batch.size), Budget: Updates(matrixUpdates), Exec: x, Engine: bounded{e, c.memory}, Out: NoOut,
		Shards: c.model.shards(), SequenceWarmup: c.model.warmup, Noise: Noise{Mode: NoiseOn, Every: Updates(5), Layers: true},
	}
	if c.model.policy != nil {
		config.Batch, config.Budget, config.Noise = c.model.policy, Updates(sizesUpdates), Noise{Every: Updates(2)}
		if config.Optimizer.Coupling.Needs() { // else the gains end it sooner
			config.Budget = Epochs(20)
		}
	}
	return config
}

// bounded gives programs with several passes a part of the memory that keeping
// all would take: what share tells as in cell.memory.
type bounded struct {
	*cpu.Engine
	share int
}

func (b bounded) Another() (engine.Engine, error) {
	e, err := b.Engine.Another()
	if err != nil {
		return nil, err
	}
	return bounded{e.(*cpu.Engine), b.share}, nil
}

func (b bounded) Compile(g *graph.Graph, vars engine.Vars, o engine.Options) (engine.Program, error) {
	all, err := b.Estimate(g, o)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Seed == 0: // to learn what measuring costs
	case b.share == 0:
		o.Recompute = engine.RecomputeAlways
	case b.share > 1:
		o.Memory = max(1, (all.Bytes-all.Kept)+all.Kept/int64(b.share))
	}
	return b.Engine.Compile(g, vars, o)
}

// step is what an update left behind.
type step struct {
	fingerprint string
	loss        float64
	gradNorm    float64
	size        int        // that is asked for next
	cost        meterCost  // decides when noise is measured
	measured    noiseState // the meter changes nothing, and nothing changes it
	tensors     checkpoint.Tensors
}

func stepOf(e *Event) (s step, err error) {
	s.size, s.loss, s.gradNorm, s.measured = e.run.size, e.Loss, e.GradNorm, e.run.Measured
	s.measured.Layers = slices.Clone(s.measured.Layers)
	if e.run.meter != nil {
		s.cost = e.run.meter.cost
		if s.cost.update.each == 0 || s.cost.extra.fixed == 0 {
			return s, errors.New("measuring noise costs nothing")
		}
	}
	if s.fingerprint, err = e.Fingerprint(); err != nil {
		return s, err
	}
	s.tensors, err = e.run.weights.file(true)
	return s, err
}

// differs names the first thing that two steps do not share, and returns "" if
// there is none. Parameters come before the state that was made with them.
func (s step) differs(want step) string {
	names := slices.Sorted(maps.Keys(want.tensors))
	slices.SortStableFunc(names, func(a, b string) int { return order(a) - order(b) })
	for _, name := range names {
		got, ok := s.tensors[name]
		if !ok {
			return "there is no tensor " + name
		}
		for i, w := range want.tensors[name].F32() {
			if g := got.F32()[i]; math.Float32bits(g) != math.Float32bits(w) {
				return fmt.Sprintf("tensor %s %v, element %d: %v (bits %08x), want %v (bits %08x)",
					name, got.Shape(), i, g, math.Float32bits(g), w, math.Float32bits(w))
			}
		}
	}
	switch {
	case s.cost != want.cost:
		return fmt.Sprintf("measuring noise costs %+v, want %+v", s.cost, want.cost)
	case s.size != want.size:
		return fmt.Sprintf("the next batch has %d examples, want %d", s.size, want.size)
	case math.Float64bits(s.loss) != math.Float64bits(want.loss):
		return fmt.Sprintf("loss %v, want %v", s.loss, want.loss)
	case math.Float64bits(s.gradNorm) != math.Float64bits(want.gradNorm):
		return fmt.Sprintf("norm of the gradient %v, want %v", s.gradNorm, want.gradNorm)
	case !reflect.DeepEqual(s.measured, want.measured):
		return fmt.Sprintf("the meter of noise has %+v, want %+v", s.measured, want.measured)
	case s.fingerprint != want.fingerprint:
		return fmt.Sprintf("all tensors are equal, but the fingerprint is %.8s, want %.8s", s.fingerprint, want.fingerprint)
	}
	return ""
}

// order puts parameters, 0, before the state of the optimizer, 1.
func order(name string) int {
	if strings.HasPrefix(name, "optim/") {
		return 1
	}
	return 0
}

// steps runs a cell undisturbed and returns all that it did.
func (c cell) steps(t *testing.T) (all []step) {
	t.Helper()
	cfg := c.config(t)
	cfg.OnEvent = func(e *Event) error {
		if e.Kind != Updated {
			return nil
		}
		s, err := stepOf(e)
		for name, x := range s.tensors {
			s.tensors[name] = x.Clone()
		}
		all = append(all, s)
		return errors.Join(err, stopAt(e, c.updates()))
	}
	fit(t, cfg)
	return all
}

func stopAt(e *Event, update uint64) error {
	if e.Position.Update == update {
		return Stop
	}
	return nil
}

// check runs a cell and compares it with the reference after every update.
func (c cell) check(t *testing.T, reference []step) {
	cfg := c.config(t)
	last := c.updates()
	compare := func(until uint64) func(e *Event) error {
		return func(e *Event) error {
			if e.Kind != Updated {
				return nil
			}
			s, err := stepOf(e)
			if err != nil {
				return err
			}
			if d := s.differs(reference[e.Position.Update-1]); d != "" {
				return fmt.Errorf("after update %d: %s", e.Position.Update, d)
			}
			return stopAt(e, until)
		}
	}
	if c.resumed {
		at := c.interruption()
		cfg.Out = filepath.Join(t.TempDir(), "run")
		cfg.OnEvent = compare(at)
		run := fit(t, cfg)
		if s := run.Summary; s.Stopped != report.Interrupted || s.Updates != at {
			t.Fatalf("interrupted at update %d (%s), want %d", s.Updates, s.Stopped, at)
		}
		cfg.Resume = true
	}
	cfg.OnEvent = compare(last)
	if s := fit(t, cfg).Summary; s.Updates != last || s.Fingerprint != reference[last-1].fingerprint {
		t.Errorf("ended after update %d with fingerprint %.8s, want %d and %.8s", s.Updates, s.Fingerprint, last, reference[last-1].fingerprint)
	}
}

// interruption draws the update after which a cell is interrupted: another one
// for each cell, the same one whenever the test runs.
func (c cell) interruption() uint64 {
	k := rng.Key(1, c.problem()+c.way())
	return 1 + rand.New(rand.NewPCG(uint64(k[0]), uint64(k[1]))).Uint64N(c.updates()-1)
}

// matrix lists the cells of a size of the matrix.
func matrix(full bool) (cells []cell) {
	for _, m := range matrixModels {
		if m.slow && !full {
			continue
		}
		for _, b := range m.batches() {
			if m.images {
				cells = append(cells, imageCells(m, b)...)
				continue
			}
			for _, micro := range []int{1, 3, 7, 0} {
				for _, threads := range []int{1, 2, 4} {
					for _, isa := range icpu.Tiers() {
						for _, resumed := range []bool{false, true} {
							cells = append(cells, cell{m, b, micro, threads, isa, resumed, 1, 1}.barriers()...)
						}
					}
				}
			}
		}
	}
	if full {
		return cells
	}
	return pairwise(cells)
}

// barriers returns a cell with every number of workers and memory, if its model
// has barriers; else the cell. Four threads for each worker are left out.
func (c cell) barriers() (cells []cell) {
	if !c.model.barriers {
		return []cell{c}
	}
	for _, c.workers = range []int{1, 2, 4} {
		for _, c.memory = range []int{1, 2, 4, 0} {
			if c.threads < 4 {
				cells = append(cells, c)
			}
		}
	}
	return cells
}

// settings names what a cell is made of.
func (c cell) settings() []string {
	return []string{
		c.model.name, fmt.Sprint("batch ", c.batch.size), fmt.Sprint("micro ", c.micro), fmt.Sprint("threads ", c.threads),
		fmt.Sprint("isa ", c.isa), fmt.Sprint("resumed ", c.resumed), fmt.Sprint("workers ", c.workers), fmt.Sprint("memory ", c.memory),
	}
}

func (c cell) pairs() (ps [][2]string) {
	s := c.settings()
	for i, a := range s {
		for _, b := range s[:i] {
			ps = append(ps, [2]string{a, b})
		}
	}
	return ps
}

// pairwise chooses cells so that any two settings which meet in one of all
// meet in one of the chosen, greedily: always the cell with the most new pairs.
func pairwise(all []cell) (chosen []cell) {
	missing := map[[2]string]bool{}
	for _, c := range all {
		for _, p := range c.pairs() {
			missing[p] = true
		}
	}
	gain := func(c cell) (n int) {
		for _, p := range c.pairs() {
			if missing[p] {
				n++
			}
		}
		return n
	}
	for len(missing) > 0 {
		best := slices.MaxFunc(all, func(a, b cell) int { return gain(a) - gain(b) })
		for _, p := range best.pairs() {
			delete(missing, p)
		}
		chosen = append(chosen, best)
	}
	return chosen
}

func TestMatrix(t *testing.T) {
	if *matrixSize != "pairs" && *matrixSize != "full" {
		t.Fatalf("-matrix=%s, want pairs or full", *matrixSize)
	}
	recorded, cells := readFingerprints(t), matrix(*matrixSize == "full")
	for _, m := range matrixModels {
		if m.slow && *matrixSize != "full" && !*updateFingerprints {
			continue
		}
		for _, b := range m.batches() {
			first := cell{model: m, batch: b, threads: 1, isa: icpu.Best(), workers: 1, memory: 1}
			t.Run(first.problem(), func(t *testing.T) {
				reference := first.steps(t)
				checkMeaning(t, m, reference)
				checkRecorded(t, recorded, first.problem(), reference)
				for _, c := range cells {
					if c.problem() == first.problem() && !*updateFingerprints {
						t.Run(c.way(), func(t *testing.T) { c.check(t, reference) })
					}
				}
			})
		}
	}
	if *updateFingerprints {
		writeFingerprints(t, recorded)
	}
}

// checkMeaning demands that a run is one whose equality means something: its
// loss falls, and where gradients are clipped, some are and some are not.
func checkMeaning(t *testing.T, m matrixModel, steps []step) {
	clipped := 0
	for _, s := range steps {
		if s.gradNorm > m.optimizer.ClipNorm {
			clipped++
		}
	}
	if m.optimizer.ClipNorm > 0 && len(steps) == matrixUpdates && (clipped == 0 || clipped == len(steps)) {
		t.Errorf("%d of %d gradients are clipped", clipped, len(steps))
	}
	if first, last := steps[0].loss, steps[len(steps)-1].loss; len(steps) == matrixUpdates && !(last < 0.9*first) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
}

// checkRecorded compares a run with the fingerprints on file, or with -update
// puts it there.
func checkRecorded(t *testing.T, recorded map[string]string, name string, steps []step) {
	for _, update := range matrixMarks {
		if update > uint64(len(steps)) {
			break
		}
		key, got := fmt.Sprintf("%s,update=%03d", name, update), steps[update-1].fingerprint
		if *updateFingerprints {
			recorded[key] = got
		} else if want := recorded[key]; got != want {
			t.Errorf("%s: fingerprint %s, want %q as in %s: see the head of this file", key, got, want, fingerprintsName)
		}
	}
}

func readFingerprints(t *testing.T) map[string]string {
	recorded := map[string]string{}
	if *updateFingerprints {
		return recorded
	}
	text, err := os.ReadFile(fingerprintsName)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		recorded[key] = value
	}
	return recorded
}

func writeFingerprints(t *testing.T, recorded map[string]string) {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(recorded)) {
		fmt.Fprintf(&text, "%s: %s\n", key, recorded[key])
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(fingerprintsName), 0o755), os.WriteFile(fingerprintsName, []byte(text.String()), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// TestMatrixCells: the small matrix has every pair of settings of the full one.
func TestMatrixCells(t *testing.T) {
	full, small := matrix(true), matrix(false)
	if want := ((7*3+3*2*12)*2*4+2*3*2*2*2)*len(icpu.Tiers())*2 - (2*3*2*2*2 - 3); len(full) != want {
		t.Errorf("%d cells, want %d", len(full), want)
	}
	have := map[[2]string]bool{}
	for _, c := range small {
		for _, p := range c.pairs() {
			have[p] = true
		}
	}
	for _, c := range full {
		for _, p := range c.pairs() {
			if !have[p] && !c.model.slow {
				t.Fatalf("no cell of %d has %v", len(small), p)
			}
		}
	}
}
