package descent

import (
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/recommend"
)

// Recommender answers which items are for whom, and which are alike, by a
// trained model: see recommend.Recommender, whose methods it has. It is safe for
// concurrent use: as many calls run at once as there are processors, each on one
// thread, and RecommendInto allocates nothing. Lists depend neither on threads
// nor on what else runs.
type Recommender struct {
	*recommend.Recommender
	model *checkpoint.Model
}

// LoadRecommender reads the recommender of a run directory, or a model file,
// which also holds who is which number and what each user has met.
func LoadRecommender(path string) (*Recommender, error) {
	path, m, err := read(path)
	if err != nil {
		return nil, err
	}
	return newRecommender(path, m)
}

// LoadRecommenderFS is LoadRecommender for a model file of fsys, such as an
// embed.FS.
func LoadRecommenderFS(fsys fs.FS, name string) (*Recommender, error) {
	m, err := checkpoint.ReadModelFS(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("descent: %w", err)
	}
	return newRecommender(name, m)
}

func newRecommender(name string, m *checkpoint.Model) (*Recommender, error) {
	c, s, err := parse(name, m)
	if err != nil {
		return nil, err
	}
	if s.Pairs == nil || m.Kept == nil {
		return nil, fmt.Errorf("descent: %s is no recommender: it was not trained on interactions of users with items", name)
	}
	model, err := c.BuildModel(s)
	if err != nil {
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	catalog, err := interactions.ParseCatalog(m.Kept)
	if err != nil {
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	ranker, err := recommend.New(m.Tensors, recommend.Config{Model: model, Users: s.Pairs.Users, Items: s.Pairs.Items, Seen: catalog.Seen})
	if err != nil {
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	r, err := recommend.NewRecommender(ranker, catalog)
	if err != nil {
		ranker.Close()
		return nil, fmt.Errorf("descent: %s: %w", name, err)
	}
	return &Recommender{r, m}, nil
}

// Metrics returns what the model reached in training, as JSON.
func (r *Recommender) Metrics() json.RawMessage { return r.model.Metrics }

// Provenance returns what made the model, as JSON: version, data, fingerprint.
func (r *Recommender) Provenance() json.RawMessage { return r.model.Provenance }
