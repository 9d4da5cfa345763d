package config

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/nn"
)

// splitLeaveOneOut takes the last interaction of each user for testing.
const splitLeaveOneOut = "leave_one_out"

// auto is a column that is found by its name, where it must be said that there
// is one.
const autoColumn = "auto"

// Pairs says what of the data are interactions of users with items.
type Pairs struct {
	User, Item   string // columns by name or number, or auto; both empty: the data are none
	Rating, Time string // likewise, or none
	Positive     float64
	thresholded  bool // Positive is given
	Count        int  // negatives of a positive, 0: by the loss
	Sampler      string
	Alpha        float64
	Candidates   int // others of a validation, 0: all items
}

func newPairs() Pairs {
	return Pairs{Rating: autoColumn, Time: autoColumn, Sampler: interactions.Uniform, Alpha: interactions.DefaultAlpha}
}

func (p *Pairs) keys() fields {
	return fields{
		{key: "user", codec: label{&p.User}},
		{key: "item", codec: label{&p.Item}},
		{key: "rating", codec: label{&p.Rating}},
		{key: "time", codec: label{&p.Time}},
		{key: "positive", codec: orNoneGiven{&p.Positive, &p.thresholded}},
		{key: "negatives", codec: fields{
			{key: "count", codec: count{p: &p.Count, low: 1, high: 1 << 16, auto: "auto"}},
			{key: "sampler", codec: word{&p.Sampler, []string{interactions.Uniform, interactions.Popularity}}},
			{key: "alpha", codec: number{&p.Alpha, aboveZero}},
		}},
		{key: "candidates", codec: count{p: &p.Candidates, low: 1, high: 1 << 16, auto: "all"}},
	}
}

// laterPairs are the keys of Pairs, which came when runs had been stored without
// them.
var laterPairs = new(Pairs).keys().names()

// orNoneGiven is a number or none, of which any is meant.
type orNoneGiven struct {
	p     *float64
	given *bool
}

func (o orNoneGiven) read(fs *Faults, v *value) {
	if *o.given = v.kind != scalar || v.text != "none"; *o.given {
		number{o.p, anyNumber}.read(fs, v)
	}
}

func (o orNoneGiven) write() *value {
	if !*o.given {
		return &value{text: "none"}
	}
	return number{p: o.p}.write()
}

// isPairs reports whether the data are interactions: because a user or an item
// is named, the form is one that only interactions have, or the model is one of
// users and items.
func (c *Config) isPairs() bool {
	d := &c.Data
	if d.Pairs.User != "" || d.Pairs.Item != "" || slices.Contains(pairFormats, d.Format) {
		return true
	}
	return c.modelGiven && len(c.Model) > 0 && isRecommender(c.Model[0].Options)
}

// pairFormats are the formats that only interactions have.
var pairFormats = []string{interactions.FormatColons, interactions.FormatLists}

// isRecommender reports whether a layer is a model of users and items.
func isRecommender(o layerOptions) bool {
	_, ok := o.(interface{ ofPairs() })
	return ok
}

// Interactions are the data of a recommender, behind the examples that are made
// of them. All tables have the same users and items.
type Interactions struct {
	Train, Val, Test *interactions.Table // nil: there are none
	Catalog          *interactions.Catalog
	Candidates       *interactions.Candidates // that data.test gives for testing; nil: none
	Explicit         bool                     // ratings are predicted
}

// KnownBefore returns what users had met before a part, val or test: what is not
// to be recommended there.
func (n *Interactions) KnownBefore(part string) *interactions.Known {
	parts := []*interactions.Table{n.Train}
	if part == "test" && n.Val != nil {
		parts = append(parts, n.Val)
	}
	return interactions.NewKnown(parts...)
}

// loadPairs is Load of interactions.
func (c *Config) loadPairs(schema *dataset.Schema) (*Sets, error) {
	if c.Data.Schema != "" {
		return nil, mistakef("config: a recommender is not fine-tuned: users and items of other data have other numbers (want all data at once)")
	}
	if err := c.onlyPairs(); err != nil {
		return nil, err
	}
	whole, err := c.readPairs()
	if err != nil {
		return nil, err
	}
	n := &Interactions{}
	if err := c.splitPairs(n, whole); err != nil {
		return nil, err
	}
	c.settlePairsLoss(whole)
	c.settleNegatives()
	if n.Explicit = c.exampleForm() == formRating; !n.Explicit {
		if err := c.positives(n); err != nil {
			return nil, err
		}
	}
	if schema == nil {
		schema = c.pairsSchema(n, whole)
	}
	s := &Sets{Schema: schema, Interactions: n}
	if err := c.settlePairs(s); err != nil {
		return nil, err
	}
	return s, c.pairsExamples(s)
}

// onlyPairs refuses keys that mean nothing for interactions.
func (c *Config) onlyPairs() error {
	d := &c.Data
	for _, k := range []struct {
		key   string
		given bool
	}{
		{"data.target", d.Target != "" || d.Targets != nil}, {"data.columns", len(d.Columns) > 0}, {"data.skip", d.Skip != nil}, {"data.names", d.Names != nil},
		{"data.missing", d.Missing != nil}, {"data.weight", d.Weight != ""}, {"data.text", d.Text != ""}, {"data.quotes", d.Quotes != dataset.QuotesCSV},
		{"data.decimal", d.Decimal != "point"}, {"data.ragged", d.Ragged != "error"}, {"data.split.column", d.Split.Column != ""},
		{"batch.tokens", c.BatchTok > 0}, {"sequence_warmup", c.Warmup.From > 0}, {"sample.every", !c.Sample.Every.IsZero()},
	} {
		if k.given {
			return mistakef("config: %s means nothing where the data are interactions of users with items: remove it", k.key)
		}
	}
	for name := range d.Hash {
		if name != "user" && name != "item" {
			return mistakef("config: data.hash: of interactions users and items are hashed: want {user: 100000}, or item, or both")
		}
	}
	return nil
}

// PairsOptions says how interactions of other files are read, whatever their
// format.
func (c *Config) PairsOptions() interactions.Options {
	o := c.Data.pairsOptions()
	o.Format, o.Header = "", ""
	return o
}

// pairsOptions says how interactions are read.
func (d *Data) pairsOptions() interactions.Options {
	column := func(given string) string {
		if given == autoColumn {
			return ""
		}
		return given
	}
	o := interactions.Options{
		User: column(d.Pairs.User), Item: column(d.Pairs.Item), Rating: column(d.Pairs.Rating), Time: column(d.Pairs.Time), Encoding: d.Encoding,
	}
	o.HashUsers, o.HashItems = d.Hash["user"], d.Hash["item"]
	if d.Header != "auto" {
		o.Header = d.Header
	}
	if d.Format != "auto" {
		o.Format = d.Format
	}
	return o
}

// readPairs reads the training data.
func (c *Config) readPairs() (*interactions.Table, error) {
	if err := c.Data.findPairs(); err != nil {
		return nil, err
	}
	ctx := c.Context
	if ctx == nil {
		ctx = context.Background()
	}
	t, err := interactions.Load(ctx, c.Data.Train, c.Data.pairsOptions(), c.Cache)
	if err != nil && c.Data.Pairs != newPairs() {
		if r, e := interactions.Open(c.Data.Train, interactions.Options{}); e == nil {
			r.Close()
			err = mistake{err} // in what is said of the columns
		}
	}
	return t, err
}

// findPairs finds the files of a folder of MovieLens or NCF.
func (d *Data) findPairs() error {
	if info, err := os.Stat(d.Train); err == nil && info.IsDir() {
		train, test, err := interactions.InFolder(d.Train)
		if err != nil {
			return err
		}
		if d.Train = train; d.Test == "" {
			d.Test = test
		}
	} else if err != nil && !dataset.IsTablePath(d.Train) {
		return missing(d.Train, err)
	}
	return nil
}

// HasRatings reports whether ratings of the training data are to be predicted, as
// far as the first row and the configuration tell.
func (c *Config) HasRatings() (bool, error) {
	d := &c.Data
	if err := d.findPairs(); err != nil {
		return false, err
	}
	r, err := interactions.Open(d.Train, d.pairsOptions())
	if err != nil {
		return false, mistake{err}
	}
	defer r.Close()
	return r.HasValue() && (c.Loss.Kind == "auto" || c.exampleForm() == formRating) && !d.Pairs.thresholded, nil
}

// splitPairs divides the interactions by data.split and reads those of other
// files.
func (c *Config) splitPairs(n *Interactions, whole *interactions.Table) error {
	d, s := &c.Data, &c.Data.Split
	var parts interactions.Parts
	var err error
	switch s.By {
	case splitLeaveOneOut:
		parts = leaveOneOut(whole, d.Val == "", d.Test == "")
	case "time":
		parts, err = interactions.ByTime(whole, s.Val, s.Test)
	case "random", "auto":
		if s.By = "random"; s.Folds > 0 {
			parts = interactions.Folds(whole, c.Seed, s.Folds, s.Fold, s.Val)
		} else if s.Val+s.Test > 0 {
			parts = interactions.Random(whole, c.Seed, s.Val, s.Test)
		}
	default:
		return mistakef("config: data.split.by: %s, and the data are interactions (want %s, time or random)", s.By, splitLeaveOneOut)
	}
	if err != nil {
		return mistake{err}
	}
	n.Train = whole
	if len(parts.Val)+len(parts.Test) > 0 {
		n.Train = whole.Rows(parts.Train)
	}
	for _, p := range []struct {
		path string
		rows []int
		to   **interactions.Table
	}{{d.Val, parts.Val, &n.Val}, {d.Test, parts.Test, &n.Test}} {
		if len(p.rows) > 0 {
			*p.to = whole.Rows(p.rows)
		} else if p.path != "" {
			if *p.to, err = c.readMorePairs(n, p.path); err != nil {
				return err
			}
		}
	}
	if n.Train.Len() == 0 {
		return fmt.Errorf("config: data %s: the split leaves nothing to train on", d.Train)
	}
	known := []*interactions.Table{n.Train}
	for _, t := range []*interactions.Table{n.Val, n.Test} {
		if t != nil {
			known = append(known, t)
		}
	}
	n.Catalog = &interactions.Catalog{Users: whole.Users, Items: whole.Items, Seen: interactions.NewKnown(known...)}
	return nil
}

// leaveOneOut takes one interaction of each user for each of the parts that are
// wanted.
func leaveOneOut(t *interactions.Table, val, test bool) interactions.Parts {
	switch {
	case test:
		return interactions.LeaveOneOut(t, val)
	case val:
		p := interactions.LeaveOneOut(t, false)
		return interactions.Parts{Train: p.Train, Val: p.Test}
	}
	return interactions.Parts{}
}

// readMorePairs reads validation or test data, which may be candidates.
func (c *Config) readMorePairs(n *Interactions, path string) (*interactions.Table, error) {
	if _, err := os.Stat(path); err != nil && !dataset.IsTablePath(path) {
		return nil, missing(path, err)
	}
	if interactions.HasCandidates(path) {
		var err error
		if n.Candidates, err = n.Train.ReadCandidates(path); err != nil {
			return nil, err
		}
		return n.Candidates.Positives(n.Train), nil
	}
	o := c.PairsOptions()
	if n.Train.Value == nil {
		o.Rating = interactions.None
	}
	if n.Train.Time == nil {
		o.Time = interactions.None
	}
	return n.Train.ReadMore(path, o)
}

// The forms of examples.
const (
	formRating = iota
	formPointwise
	formListwise
	formInBatch
)

// exampleForm is the form of examples that the loss wants.
func (c *Config) exampleForm() int {
	switch c.Loss.Kind {
	case "mse", "mae", "huber":
		return formRating
	case "bce":
		return formPointwise
	case "in_batch":
		return formInBatch
	}
	return formListwise
}

// settlePairsLoss chooses a loss: of the ratings, if there are any, or else of
// the model.
func (c *Config) settlePairsLoss(t *interactions.Table) {
	if c.Loss.Kind != "auto" {
		return
	}
	kind := "bce"
	switch {
	case c.modelGiven && len(c.Model) > 0 && c.Model[0].Kind == "bpr":
		kind = "bpr"
	case t.Value != nil && !c.Data.Pairs.thresholded && c.Data.Split.By != splitLeaveOneOut:
		kind = "mse"
	}
	c.Loss = newLoss(kind)
}

// settleNegatives chooses how many there are: those of He et al. 2017, and of
// Rendle et al. 2009.
func (c *Config) settleNegatives() {
	if c.Data.Pairs.Count == 0 {
		if c.Data.Pairs.Count = 4; c.Loss.Kind == "bpr" {
			c.Data.Pairs.Count = 1
		}
	}
}

// positives keeps of each table what counts as liked, each pair once.
func (c *Config) positives(n *Interactions) error {
	p := &c.Data.Pairs
	for _, t := range []**interactions.Table{&n.Train, &n.Val, &n.Test} {
		if *t == nil {
			continue
		}
		if p.thresholded && (*t).Value != nil {
			*t = (*t).Rows(interactions.AtLeast(*t, float32(p.Positive)))
		}
		if rows := interactions.Distinct(*t); len(rows) < (*t).Len() {
			*t = (*t).Rows(rows)
		}
	}
	if n.Train.Len() == 0 {
		return mistakef("config: data.positive: no rating of at least %v is left to train on", p.Positive)
	}
	return nil
}

// pairsSchema describes the interactions.
func (c *Config) pairsSchema(n *Interactions, whole *interactions.Table) *dataset.Schema {
	d := &c.Data
	named := func(column, what string) string {
		if column == autoColumn {
			return what
		}
		return column
	}
	p := &dataset.InteractionSchema{User: named(d.Pairs.User, "user"), Item: named(d.Pairs.Item, "item"), Users: whole.Users.Len(), Items: whole.Items.Len()}
	if whole.Time != nil {
		p.Time = named(d.Pairs.Time, "time")
	}
	s := &dataset.Schema{Version: dataset.SchemaVersion, Rows: n.Train.Len(), Pairs: p, Target: dataset.TargetSchema{Name: p.Item, Task: dataset.TaskRanking, Std: 1}}
	if n.Explicit {
		p.Rating = named(d.Pairs.Rating, "rating")
		p.Mean, p.Low, p.High = interactions.MeanOf(n.Train.Value)
		s.Target.Name, s.Target.Task = p.Rating, dataset.TaskRegression
	} else if c.exampleForm() == formPointwise {
		p.Mean = interactions.LogOdds(d.Pairs.Count)
	}
	return s
}

// settlePairs replaces what is auto.
func (c *Config) settlePairs(s *Sets) error {
	if c.Data.Task != "auto" && c.Data.Task != s.Schema.Target.Task {
		return mistakef("config: data.task: %s, and the data are interactions of users with items (want auto)", c.Data.Task)
	}
	if s.Interactions.Explicit && s.Interactions.Train.Value == nil {
		return mistakef("config: loss %s is for ratings, and %s has none: name their column by data.rating, or let loss be bce or bpr", c.Loss.Kind, c.Data.Train)
	}
	c.Data.Task = s.Schema.Target.Task
	if err := c.settleMetric(s.Interactions); err != nil {
		return err
	}
	if !c.modelGiven || c.autoModel {
		c.Model, c.lone, c.autoModel = autoPairs(s.Interactions.Explicit), true, false
	}
	settle(c.Model, &modelContext{outputs: 1, users: s.Schema.Pairs.Users, items: s.Schema.Pairs.Items, mean: s.Schema.Pairs.Mean})
	return nil
}

// autoPairs is the model without more: matrix factorization, of which well tuned no
// other is found to be better (Rendle, Krichene, Zhang, Anderson, RecSys 2020).
// Vectors that predict ratings begin small: biases are learned first.
func autoPairs(explicit bool) []Layer {
	f := &factorization{interaction: newInteraction()}
	if f.dim = 64; explicit {
		f.init = initializer{"normal", &pair{[2]string{"mean", "std"}, 0, autoRatingStd, zeroOrMore, nn.Normal}}
	}
	return []Layer{{Kind: "mf", Options: f}}
}

const autoRatingStd = 0.01

// pairsExamples makes the examples of the parts. The negatives of validation and
// testing are always the same, and none that the user has ever met.
func (c *Config) pairsExamples(s *Sets) (err error) {
	n := s.Interactions
	if s.Train, err = c.examplesOf(n.Train, n.Train, n.KnownBefore("val"), c.Seed); err != nil {
		return err
	}
	for i, p := range []struct {
		table *interactions.Table
		to    *dataset.Dataset
	}{{n.Val, &s.Val}, {n.Test, &s.Test}} {
		if p.table == nil {
			continue
		}
		if *p.to, err = c.examplesOf(p.table, n.Train, n.Catalog.Seen, c.Seed+1+uint64(i)); err != nil {
			return err
		}
	}
	c.settlePairsLength(s.Train.Len())
	return nil
}

// examplesOf makes the examples of a table in the form that the loss wants. How
// often items are met is told by the training data.
func (c *Config) examplesOf(t, train *interactions.Table, known *interactions.Known, seed uint64) (dataset.Dataset, error) {
	form, p := c.exampleForm(), &c.Data.Pairs
	corrected := c.Loss.Kind == "sampled_softmax" && p.Sampler == interactions.Popularity
	switch form {
	case formRating:
		return interactions.NewRatings(t)
	case formInBatch:
		return interactions.NewInBatch(t, interactions.LogPopularity(train)), nil
	}
	neg, err := interactions.NewNegatives(train, interactions.NegativeOptions{Count: p.Count, Sampler: p.Sampler, Alpha: p.Alpha, Seed: seed, Known: known})
	if err != nil {
		return nil, mistake{err}
	}
	if form == formPointwise {
		return interactions.NewPointwise(t, neg), nil
	}
	return interactions.NewListwise(t, neg, corrected), nil
}

// encodePairs is Encode of interactions: those of users and items that the model
// knows.
func (c *Config) encodePairs(path string, s *dataset.Schema) (dataset.Dataset, error) {
	sets, err := c.loadPairs(s)
	if err != nil {
		return nil, err
	}
	n := sets.Interactions
	t, err := c.readMorePairs(n, path)
	if err != nil {
		return nil, err
	}
	if t = t.Among(s.Pairs.Users, s.Pairs.Items); t.Len() == 0 {
		return nil, fmt.Errorf("config: data %s: no interaction of a user and an item that the model knows", path)
	}
	return c.examplesOf(t, n.Train, n.Catalog.Seen, c.Seed+3)
}

// describePairs tells in a line what the interactions were taken for.
func (s *Sets) describePairs() string {
	var b strings.Builder
	n := s.Interactions
	fmt.Fprintf(&b, "data: train %d", n.Train.Len())
	for _, p := range []struct {
		name  string
		table *interactions.Table
	}{{"val", n.Val}, {"test", n.Test}} {
		if p.table != nil {
			fmt.Fprintf(&b, ", %s %d", p.name, p.table.Len())
		}
	}
	fmt.Fprintf(&b, " interactions of %d users with %d items", s.Schema.Pairs.Users, s.Schema.Pairs.Items)
	if n.Explicit {
		fmt.Fprintf(&b, "; ratings from %v to %v", s.Schema.Pairs.Low, s.Schema.Pairs.High)
	} else if more := s.Train.Len() - n.Train.Len(); more > 0 {
		fmt.Fprintf(&b, "; %d negatives of each", more/n.Train.Len())
	}
	return b.String()
}

// pairsBatch is the batch of so many examples of a recommender.
func (c *Config) pairsBatch(examples int) int {
	switch form := c.exampleForm(); {
	case examples > 20_000_000:
		return 4096
	case form == formRating && examples < 1_000_000:
		return min(512, examples)
	}
	return min(1024, examples)
}

// settlePairsLength makes the batch and the budget of a recommender.
func (c *Config) settlePairsLength(examples int) {
	if !c.batchGiven {
		c.Batch = c.pairsBatch(examples)
	}
	if !c.budgetGiven {
		c.Budget = batch.Epochs(20)
	}
}
