package train

import (
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// Recommenders in the matrix. Their tables are sparse: an update names some rows,
// many of them more than once, and leaves others out, whose state an exact Adam
// has to make up for. Negatives are drawn as the batches come, anew in every
// epoch. Pairs are ranked; a net with batch norm, so with several passes, shards
// and workers, looks up one table twice and has one rule for tables and another
// for weights; the third model has a table with one column, which five fields
// share, and a penalty that makes weights 0.
var matrixRecommenders = []matrixModel{
	{
		name:      "bpr",
		model:     nn.Func(rankPairs),
		loss:      nn.BPR(),
		optimizer: optim.Adam(0.02).Exact().WeightDecay(0.01).WithClipNorm(0.15),
		examples:  listExamples,
		batch:     matrixBatch{260, 600},
	},
	{
		name:  "clicks",
		model: nn.Func(clicks),
		loss:  nn.BCEWithLogits(),
		optimizer: optim.AdamW(0.01).WithClipNorm(0.3).
			WithGroups(optim.Group{Match: []string{"users.*", "items.*"}, LRFactor: 10, Chain: []optim.Transform{optim.ScaleByAdaGrad{Eps: 1e-10, Rowwise: true}}}),
		examples: pointExamples,
		barriers: true,
	},
	{
		name:      "wide",
		model:     nn.Func(wide),
		loss:      nn.BCEWithLogits(),
		optimizer: optim.FTRL(0.5).L1(0.02).L2(0.01),
		examples:  hashedExamples, // in a batch above a leaf one row has more than 512 terms
	},
}

const (
	matrixUsers, matrixItems = 30, 40
	negatives                = 2
	hashes, hashed           = 50, 5
)

// rankPairs is a matrix factorization: scores (1+negatives).
func rankPairs(c *nn.Context, _ *graph.Node) *graph.Node {
	p := c.Apply("users", nn.Embedding(matrixUsers, 7).Init(nn.Normal(0, 0.7)).Sparse(), c.Inputs[dataset.FieldUser])
	q := c.Apply("items", nn.Embedding(matrixItems, 7).Init(nn.Normal(0, 0.7)).Sparse(), c.Inputs[dataset.FieldItem])
	return c.ReduceSum(c.Mul(q, c.Reshape(p, 1, 7)), 1)
}

// clicks looks a user up among the users, and in place of what he liked among the
// items.
func clicks(c *nn.Context, _ *graph.Node) *graph.Node {
	items := nn.Embedding(matrixItems, 6).Sparse()
	user := c.Apply("users", nn.Embedding(matrixUsers, 5).Sparse(), c.Inputs[dataset.FieldUser])
	liked := c.Apply("items", items, c.Inputs[dataset.FieldUser])
	item := c.Apply("items", items, c.Inputs[dataset.FieldItem])
	h := c.Concat(user, c.Mul(liked, item), item)
	h = c.Apply("net", nn.Sequential(nn.Dense(9), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.1), nn.Dense(1)), h)
	return c.Reshape(h)
}

// wide is a logistic regression over hashed features.
func wide(c *nn.Context, x *graph.Node) *graph.Node {
	weights := c.Apply("weights", nn.Embedding(hashes, 1).Init(nn.Zeros()).Sparse(), x)
	return c.ReduceSum(weights, 2)
}

// interactionsOf are n pairs of a user and an item, mostly of his third of the
// items, and small numbers more often than large ones.
func interactionsOf(n int) *interactions.Table {
	s := rng.NewStream(1, "matrix recommend")
	t := &interactions.Table{Users: new(interactions.Names), Items: new(interactions.Names)}
	for u := range int64(matrixUsers) {
		t.Users.AddInt(u)
	}
	for i := range int64(matrixItems) {
		t.Items.AddInt(i)
	}
	for range n {
		user, item := int32(s.Uint32()%matrixUsers), int32(s.Uint32()%(1+s.Uint32()%matrixItems))
		if s.Uint32()%8 > 0 {
			item = (item/3*3 + user%3) % matrixItems
		}
		t.User, t.Item = append(t.User, user), append(t.Item, item)
	}
	return t
}

// negativesOf avoids what users have met.
func negativesOf(t testing.TB, table *interactions.Table, sampler string) *interactions.Negatives {
	neg, err := interactions.NewNegatives(table, interactions.NegativeOptions{Count: negatives, Sampler: sampler, Seed: 5, Known: interactions.NewKnown(table)})
	if err != nil {
		t.Fatal(err)
	}
	return neg
}

func listExamples(t testing.TB, n int) dataset.Dataset {
	table := interactionsOf(n)
	return interactions.NewListwise(table, negativesOf(t, table, interactions.Popularity), false)
}

func pointExamples(t testing.TB, n int) dataset.Dataset {
	table := interactionsOf(n / (1 + negatives))
	return interactions.NewPointwise(table, negativesOf(t, table, interactions.Uniform))
}

func hashedExamples(t testing.TB, n int) dataset.Dataset {
	s := rng.NewStream(1, "matrix wide")
	x, y := make([]int32, n*hashed), make([]float32, n)
	for i := range n {
		sum := int32(0)
		for j := range hashed {
			k := int32(s.Uint32() % (1 + s.Uint32()%hashes))
			x[i*hashed+j] = k
			sum += k%5 - 2
		}
		if sum+int32(s.Uint32()%3)-1 > 0 {
			y[i] = 1
		}
	}
	return memory(t, dataset.Column{Name: "x", Data: tensor.Of(x, n, hashed)}, dataset.Column{Name: "y", Data: tensor.Of(y)})
}
