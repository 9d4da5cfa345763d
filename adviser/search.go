package adviser

import (
	"context"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/train"
)

// Contest is what the race of settings found.
type Contest struct {
	HeldOut string  `json:"held_out"` // what scores are measured on
	Metric  string  `json:"metric"`
	Level   float64 `json:"level"`            // of the metric: the time to it counts
	Given   bool    `json:"given"`            // the level is the target of the configuration
	Missed  string  `json:"missed,omitempty"` // the target, if nothing got there in time; times are then forecasts
	Entered int     `json:"entered"`
	Sizes   []int   `json:"sizes"` // that were entered
	Rounds  int     `json:"rounds"`
	// Share is how much of the budget the first round came through: of its examples, or of the
	// time that they take as configured, whichever is more. Deep reports whether that is
	// enough, or nothing was left to gain, to tell sizes and rates for a whole training: what is best at the
	// very beginning is a small batch and a large rate.
	Share float64 `json:"share"`
	Deep  bool    `json:"deep"`
	Raced []Raced `json:"raced"` // the best first; those that were dropped early are left out
}

// Raced is a setting and its time to the level, in seconds of updates: the mean
// over seeds and its 95 % interval, of logarithms.
type Raced struct {
	Setting
	Seconds float64 `json:"seconds"`
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	Seeds   int     `json:"seeds"`
}

const (
	firstShare = 0.35 // of the race's time, for the first round
	roundsMost = 40   // of all
	tellEvery  = 4 * time.Second
	deepShare  = 0.1  // of the budget: a race that came so far tells for all of it
	heldFew    = 500  // examples on which only the loss is fine enough
	surely     = 0.02 // standard error of the logarithm of the leader's time: enough
)

// search finds the setting that gets to a level first. The first round
// enters sizes and rates far apart, on one seed, and drops what lags. The level is what its
// leader has reached when little is left to gain, unless there is a target: in fact three levels, whose times are averaged, since
// it is not known what will be enough. Further rounds, each on
// a seed of its own, enter the best so far and what lies around the leader.
type search struct {
	*adviser
	until  time.Time
	book   book
	tried  []Setting
	best   float64 // lowest time to the level in the first round
	judge  judge
	levels []float64 // the time to them counts
	level  float64   // the last of them, which ends a run
	held   dataset.Dataset
	growth float64
	lanes  []engine.Engine
	// slowness is how long a second of updates takes by the clock, with measurements
	// and what disturbs, over the lanes.
	slowness float64
	contest  *Contest
}

// raceSettings races if there is time.
func (a *adviser) raceSettings(ctx context.Context) error {
	s := &search{adviser: a, until: a.at(raceEnds), level: math.NaN()}
	defer s.closeLanes()
	if err := s.openLanes(); err != nil {
		return err
	}
	left := time.Until(s.until).Seconds() * firstShare
	entries := s.entries(left)
	if len(entries) < 3 {
		a.note("no race of settings: there is no time for %d updates of several", leastUpdates)
		return nil
	}
	s.judge, s.level = a.judging()
	s.levels = []float64{s.level}
	if err := s.measureWith(left / float64(len(entries))); err != nil {
		return err
	}
	s.contest = &Contest{HeldOut: a.from, Metric: s.judge.metric, Given: !math.IsNaN(s.level), Entered: len(entries)}
	a.tell("a race of %d settings", len(entries))
	if ok, err := s.first(ctx, entries, left); err != nil || !ok {
		return err
	}
	if s.contest.Missed == "" {
		if err := s.repeat(ctx); err != nil {
			return err
		}
	}
	s.report()
	return nil
}

// repeat runs the rounds behind the first, until the time is over or the answer is clear.
func (s *search) repeat(ctx context.Context) error {
	told := time.Now()
	each := time.Duration(outrun * s.best * s.slowness * float64(time.Second)) // of the clock, for a setting
	for round := 1; round < roundsMost; round++ {
		entries := s.next(round)
		entries = entries[:min(len(entries), int(max(0, time.Until(s.until))/(each+1)))]
		if len(entries) < 2 && round > 3 || len(entries) == 0 || s.settled() {
			break
		}
		begin := time.Now()
		if begin.Sub(told) > tellEvery {
			s.tell("round %d of the race: %d settings", round+1, len(entries))
			told = begin
		}
		if err := s.round(ctx, round, entries); err != nil {
			return err
		}
		each = time.Since(begin) / time.Duration(len(entries)) * 11 / 10
	}
	return nil
}

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

// judging returns what scores are made of, and the level if the configuration has a target.
func (a *adviser) judging() (judge, float64) {
	level := math.NaN()
	metric := a.base.Metric
	if t := a.base.Until; !t.IsZero() {
		metric, level = t.Metric, t.Value
	}
	if metric == "" || slices.Contains(a.base.Measures.Names, metric) {
		metric, level = "loss", math.NaN()
	}
	if few := a.held.Len() < heldFew; few && math.IsNaN(level) && metric != "loss" {
		a.note("%s is too coarse on %d examples: the race goes by the loss", metric, a.held.Len())
		metric = "loss"
	}
	j := judge{metric, train.Target{Metric: metric}.Better(1, 0)}
	if j.higher {
		level = -level
	}
	return j, level
}

// measureWith chooses how many examples a measurement takes and how often there is one, so
// that they take a sixth of the time of training, given to each contender.
func (s *search) measureWith(seconds float64) error {
	const (
		finely, coarsely = 1.1, 1.3
		share            = 1.0 / 6
	)
	each := s.Pace.PerExample / 3 // forward only
	s.growth = finely
	n := int(seconds * share / 30 / each)
	if n < s.heldLeast() {
		s.growth = coarsely
		n = max(n*2, s.heldLeast())
	}
	s.held = s.problem.held
	if n >= s.held.Len() {
		return nil
	}
	parts, err := dataset.Split(s.held.Len(), s.base.Seed, dataset.Part{Name: "held", Fraction: float64(n) / float64(s.held.Len())})
	if err == nil {
		s.held, err = dataset.Subset(s.held, parts["held"])
	}
	return err
}

// heldLeast is the least number of examples that tell settings apart: fewer if each has many targets.
func (s *search) heldLeast() int {
	const least, targets = 32, 2048
	y, err := dataset.FindField(s.problem.held, dataset.FieldY)
	if err != nil {
		return heldFew
	}
	return max(least, min(heldFew, targets/max(1, y.Shape.Size())))
}

// enter starts the training of some settings on a seed.
func (s *search) enter(ctx context.Context, settings []Setting, seed uint64) (*race, error) {
	r := &race{judge: s.judge, held: s.held, growth: s.growth, level: s.level, lanes: len(s.lanes)}
	for i, x := range settings {
		c, err := s.config(x.Batch, x.LR, seed)
		if err != nil {
			return r, err
		}
		lane := i % len(s.lanes)
		c.Engine = s.lanes[lane]
		if c.Budget.Unit == batch.Second { // a pilot rests while others train
			c.Budget = batch.Updates(max(1, int(c.Budget.N/s.Pace.At(x.Batch))))
		}
		r.all = append(r.all, &contender{Setting: x, lane: lane, pilot: launch(ctx, c), update: s.Pace.At(x.Batch)})
	}
	return r, nil
}

// start is the time of the first measurement of a race.
func (r *race) start() float64 {
	least, most := math.Inf(1), 0.0
	for _, c := range r.all {
		least, most = min(least, c.update), max(most, c.update)
	}
	return max(2*most, 20*least)
}

// first runs the first round and finds the level. It reports whether anything got better.
func (s *search) first(ctx context.Context, entries []Setting, seconds float64) (bool, error) {
	r, err := s.enter(ctx, entries, s.base.Seed)
	defer r.close()
	if err != nil {
		return false, err
	}
	r.growth = max(r.growth, 1.2) // levels are not known yet
	begin := time.Now()
	r.now = r.start()
	if err := r.explore(ctx, seconds/float64(40*len(entries)), time.Duration(seconds*float64(time.Second))); err != nil {
		return false, err
	}
	if missed := s.contest.Given && r.leader().best() > s.level; missed || !s.deep(r) { // nothing that rounds repeat would matter
		if err := r.explore(ctx, 0, time.Until(s.until)*2/3); err != nil {
			return false, err
		}
	}
	trained := 0.0
	for _, c := range r.all {
		trained += c.curve.end()
	}
	s.slowness = time.Since(begin).Seconds() / max(trained, 1e-9)
	lead, first := r.leader(), r.beginning()
	if !(lead.best() < first) {
		s.note("no race: no setting got better than it was at its beginning")
		return false, nil
	}
	s.contest.Share, s.contest.Deep = s.consumed(r), s.deep(r)
	switch {
	case lead.best() <= s.level:
	case s.contest.Given:
		s.contest.Missed = s.base.Until.String()
	default:
		s.levels = nil
		for _, share := range nearShares {
			s.levels = append(s.levels, lead.best()+share*(first-lead.best()))
		}
		s.level = s.levels[len(s.levels)-1]
	}
	s.enterFirst(r)
	if len(s.book.settings) == 0 {
		s.note("no race: no setting came near the target of %v in the time", s.base.Until)
	}
	return len(s.book.settings) > 0, nil
}

// enterFirst notes the times of the first round; if the target was missed, what they look to become.
func (s *search) enterFirst(r *race) {
	s.best = math.Inf(1)
	for _, c := range r.all {
		s.tried = append(s.tried, c.Setting)
		s.best = min(s.best, c.curve.reach(s.level))
		t := s.time(c.curve, 0)
		if s.contest.Missed != "" {
			t = c.curve.forecast(s.level)
		}
		if !math.IsInf(t, 1) {
			s.book.note(c.Setting, 0, t)
		}
	}
}

// deep reports whether a race tells of a whole training.
func (s *search) deep(r *race) bool {
	return s.consumed(r) >= deepShare || r.leader().best() <= s.level || r.flat()
}

// consumed is the share of the budget that the contender with the best score has behind it.
func (s *search) consumed(r *race) float64 {
	var lead *contender
	for _, c := range r.all {
		if lead == nil || c.curve.best() < lead.curve.best() {
			lead = c
		}
	}
	whole := s.base.Budget.N // in examples, as configured
	switch s.base.Budget.Unit {
	case batch.Second:
		return lead.curve.end() / whole
	case batch.Epoch:
		whole *= float64(s.base.Data.Len())
	case batch.Update:
		whole *= float64(s.size)
	case batch.Token:
		whole /= lead.pilot.last.tokens
	}
	return max(lead.pilot.last.examples/whole, lead.curve.end()/(whole/float64(s.size)*s.Pace.At(s.size)))
}

// time is that of a curve to the levels: their geometric mean. A level that it was given up
// before counts with missed times its end; +Inf if that is 0.
func (s *search) time(c curve, missed float64) float64 {
	var logs []float64
	for _, level := range s.levels {
		t := c.reach(level)
		if math.IsInf(t, 1) && missed > 0 {
			t = missed * c.end()
		}
		logs = append(logs, math.Log(t))
	}
	return math.Exp(mean(logs))
}

// round runs settings to the level on another seed.
func (s *search) round(ctx context.Context, round int, settings []Setting) error {
	r, err := s.enter(ctx, settings, s.base.Seed+uint64(round))
	defer r.close()
	if err != nil {
		return err
	}
	if whole, err := r.repeat(ctx, max(r.start(), s.best/8), 4*s.best, s.until); err != nil || !whole {
		return err
	}
	for _, c := range r.all {
		s.tried = append(s.tried, c.Setting)
		if len(c.curve) > 0 {
			s.book.note(c.Setting, round, s.time(c.curve, 1.5))
		}
	}
	return nil
}

// standings are those of the settings that are worth telling of: the one configured, and those not
// twice as slow as the best.
func (s *search) standings() []standing {
	all := s.book.standings()
	return slices.DeleteFunc(all, func(x standing) bool { return x.log > all[0].log+math.Ln2 && x.Setting != s.Current })
}

// settled reports whether the leader's time is known as well as matters, and no neighbor is left.
func (s *search) settled() bool {
	all := s.book.standings()
	fresh := slices.ContainsFunc(s.neighbors(all[0].Setting, s.book.rounds), func(n Setting) bool { return !slices.ContainsFunc(s.tried, n.like) })
	return s.book.rounds > 8 && all[0].error < surely && !fresh
}

// report fills in the contest.
func (s *search) report() {
	c := s.contest
	for _, x := range s.tried {
		c.Sizes = append(c.Sizes, x.Batch)
	}
	slices.Sort(c.Sizes)
	c.Sizes = slices.Compact(c.Sizes)
	c.Level, c.Rounds = s.levels[len(s.levels)/2], s.book.rounds
	if s.judge.higher {
		c.Level = -c.Level
	}
	for _, x := range s.standings() {
		half := 1.96 * x.error
		c.Raced = append(c.Raced, Raced{x.Setting, math.Exp(x.log), math.Exp(x.log - half), math.Exp(x.log + half), x.runs})
	}
	s.Race = c
}
