package recommend

import (
	"fmt"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Config says what a model ranks.
type Config struct {
	Model        nn.Layer // reads the inputs "user" and "item": see nn.Factored
	Users, Items int
	Seen         *interactions.Known // of each user, left out of his lists; nil: nothing is
	Threads      int                 // that rank at once; 0: all cores
}

// embedRows is how many vectors are computed at once.
const embedRows = 1024

// Live ranks by a model whose variables change, such as that of a run in
// progress. It is not safe for concurrent use.
type Live struct {
	c            Config
	users, items *tower // of a Factored model
	graph        *Ranker
}

// tower computes the vectors of all users, or of all items.
type tower struct {
	eval    *train.Evaluator
	vectors Vectors
}

// opener makes an evaluator of a layer over fields, for so many rows.
type opener func(layer nn.Layer, fields []dataset.Field, rows int) (*train.Evaluator, error)

// NewLive returns a Live over variables that have the model's parameters.
func NewLive(eng engine.Engine, vars engine.Vars, c Config) (*Live, error) {
	return newLive(c, 1, func(layer nn.Layer, fields []dataset.Field, rows int) (*train.Evaluator, error) {
		return train.NewEvaluatorOn(eng, vars, layer, nil, fields, rows)
	})
}

// newLive asks open for as many evaluators of a model that is not Factored as
// there are workers.
func newLive(c Config, workers int, open opener) (*Live, error) {
	if c.Model == nil || c.Users < 1 || c.Items < 1 {
		return nil, fmt.Errorf("recommend: a model %v of %d users and %d items (want one of each, or more)", c.Model, c.Users, c.Items)
	}
	l := &Live{c: c}
	var err error
	if f, ok := c.Model.(nn.Factored); ok {
		if l.users, err = newTower(open, dataset.FieldUser, c.Users, f.User); err == nil {
			l.items, err = newTower(open, dataset.FieldItem, c.Items, f.Item)
		}
	} else {
		l.graph, err = newGraphRanker(c, workers, open)
	}
	if err != nil {
		return nil, fmt.Errorf("recommend: %w", err)
	}
	return l, nil
}

func newTower(open opener, field string, n int, vector func(*nn.Context) *graph.Node) (*tower, error) {
	layer := nn.Func(func(c *nn.Context, _ *graph.Node) *graph.Node { return vector(c) })
	e, err := open(layer, []dataset.Field{{Name: field, DType: tensor.I32}}, min(n, embedRows))
	return &tower{eval: e, vectors: Vectors{N: n}}, err
}

// embed computes the vectors anew.
func (t *tower) embed() Vectors {
	v, index := &t.vectors, t.eval.Buffers()[0].I32()
	for first := 0; first < v.N; first += len(index) {
		n := min(len(index), v.N-first)
		for i := range n {
			index[i] = int32(first + i)
		}
		rows := t.eval.Run(n).F32()
		if v.Data == nil {
			v.D = len(rows) / len(index)
			v.Data = make([]float32, v.N*v.D)
		}
		copy(v.Data[first*v.D:], rows[:n*v.D])
	}
	return *v
}

// Ranker returns a ranker by the variables as they are. It is valid until the
// next call of Ranker; that of a model that is not Factored sees them change.
func (l *Live) Ranker() (*Ranker, error) {
	if l.graph != nil {
		return l.graph, nil
	}
	return FromVectors(l.users.embed(), l.items.embed(), l.c.Seen, l.c.Threads)
}

// New returns a ranker by a trained model, whose parameters are in the layout of
// files. Close gives back its memory.
func New(params checkpoint.Tensors, c Config) (*Ranker, error) {
	workers := newWorkers(c.Threads)
	c.Threads = cap(workers)
	_, factored := c.Model.(nn.Factored)
	o := &owned{params: params, shared: !factored}
	threads := 1 // one worker, one thread
	if factored {
		threads = c.Threads // of the one engine that embeds
	}
	l, err := newLive(c, c.Threads, func(layer nn.Layer, fields []dataset.Field, rows int) (*train.Evaluator, error) {
		return o.open(threads, layer, fields, rows)
	})
	if err != nil {
		o.close()
		return nil, err
	}
	r, err := l.Ranker()
	if factored || err != nil {
		o.close()
		return r, err
	}
	r.close = o.close
	return r, nil
}

// owned are engines of a ranker's own.
type owned struct {
	params  checkpoint.Tensors
	shared  bool        // all evaluators are of one layer and share its variables
	vars    engine.Vars // of the first one
	engines []engine.Engine
}

func (o *owned) open(threads int, layer nn.Layer, fields []dataset.Field, rows int) (*train.Evaluator, error) {
	eng, err := train.NewEngine(train.Exec{Threads: threads})
	if err != nil {
		return nil, err
	}
	o.engines = append(o.engines, eng)
	if o.shared && o.vars != nil {
		return train.NewEvaluatorOn(eng, o.vars, layer, nil, fields, rows)
	}
	e, err := train.NewEvaluatorOf(eng, layer, nil, fields, o.params, rows)
	if err == nil {
		o.vars = e.Vars()
	}
	return e, err
}

func (o *owned) close() {
	for _, e := range o.engines {
		e.Close()
	}
	o.engines = nil
}
