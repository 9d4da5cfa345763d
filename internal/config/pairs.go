package config

import (
	"slices"

	"github.com/descent-ml/descent/dataset/interactions"
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
