package recommend

import (
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// Sizes of what a model that is not Factored is run on at once.
const (
	graphUsers = 8
	graphItems = 256
)

// network scores by running the model on users, each with a list of items.
type network struct {
	eval *train.Evaluator
	user []int32 // (graphUsers)
	item []int32 // (graphUsers, width)
	list []int32 // whose scores are wanted
}

func newGraphRanker(c Config, workers int, open opener) (*Ranker, error) {
	r := &Ranker{items: c.Items, users: c.Users, seen: c.Seen, workers: make(chan *worker, workers)}
	width := min(c.Items, graphItems)
	fields := []dataset.Field{{Name: dataset.FieldUser, DType: tensor.I32}, {Name: dataset.FieldItem, DType: tensor.I32, Shape: tensor.Shape{width}}}
	for range workers {
		e, err := open(c.Model, fields, graphUsers)
		if err != nil {
			return nil, err
		}
		in := e.Buffers()
		r.workers <- &worker{scorer: &network{eval: e, user: in[0].I32(), item: in[1].I32()}}
	}
	return r, nil
}

func (s *network) users(list []int32) { s.list = append(s.list[:0], list...) }

func (s *network) scores(first, n int, out []float32) {
	width := len(s.item) / graphUsers
	for at := 0; at < n; at += width {
		items := min(width, n-at)
		for r := range graphUsers {
			for j := range width { // behind the end the last item again
				s.item[r*width+j] = int32(first + at + min(j, items-1))
			}
		}
		for u := 0; u < len(s.list); u += graphUsers {
			rows := copy(s.user, s.list[u:])
			pred := s.eval.Run(rows).F32()
			for r := range rows {
				copy(out[(u+r)*n+at:][:items], pred[r*width:])
			}
		}
	}
}
