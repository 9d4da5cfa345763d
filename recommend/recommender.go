package recommend

import (
	"context"
	"fmt"

	"github.com/descent-ml/descent/dataset/interactions"
)

// Where a list comes from.
const (
	FromModel   = "model"   // its scores
	FromPopular = "popular" // how many users met each item: the model has learned nothing of the user
)

// Item is one of a list: its identifier and number, and its score, which is what
// the list is ordered by: the model's, how many users met it, or a cosine.
type Item struct {
	ID     string
	Number int32
	Score  float32
}

// List is an answer: items, best first, and where they come from.
type List struct {
	Items []Item
	From  string // FromModel or FromPopular

	scored []Scored
}

// Recommender answers by the identifiers of the data. It is safe for concurrent
// use.
type Recommender struct {
	ranker, popular *Ranker
	catalog         *interactions.Catalog
	ids             []string // of items
	alike           alike
}

// NewRecommender returns a recommender by a ranker, which leaves out what the
// catalog says was seen, if anything.
func NewRecommender(r *Ranker, c *interactions.Catalog) (*Recommender, error) {
	if c.Items.Len() != r.items || r.user != nil && c.Users.Len() != r.user.N {
		return nil, fmt.Errorf("recommend: a catalog of %d items and %d users for a model of other ones", c.Items.Len(), c.Users.Len())
	}
	rec := &Recommender{ranker: r, catalog: c, popular: FromTimes(Times(c.Seen, r.items), r.seen, cap(r.workers)), ids: make([]string, r.items)}
	for i := range rec.ids {
		rec.ids[i] = c.Items.Name(i)
	}
	return rec, nil
}

// Times returns how many users have met each item.
func Times(seen *interactions.Known, items int) []float32 {
	times := make([]float32, items)
	for _, item := range seen.Item {
		times[item]++ // exact up to 2²⁴ users
	}
	return times
}

// Close gives back the memory of the ranker. No call may run or follow.
func (r *Recommender) Close() { r.ranker.Close() }

// Catalog returns who is which number; the caller must not change it.
func (r *Recommender) Catalog() *interactions.Catalog { return r.catalog }

// Ranker returns what orders items by number.
func (r *Recommender) Ranker() *Ranker { return r.ranker }

// Recommend returns the n best items for a user that he has not met, or all
// there are, best first, items of equal score in the order in which the data
// has them. A user of whom the model knows nothing gets what is popular: List.From
// says so. The error is of an n below 1.
func (r *Recommender) Recommend(user string, n int) (List, error) {
	var l List
	err := r.RecommendInto(&l, user, n)
	return l, err
}

// RecommendInto is Recommend into memory that is used again: it allocates
// nothing once l has held a list of n.
func (r *Recommender) RecommendInto(l *List, user string, n int) error {
	if n < 1 {
		return fmt.Errorf("recommend: the best %d items (want 1 or more)", n)
	}
	u, known := r.catalog.Users.Find(user)
	from := r.popular
	if l.From = FromPopular; known && len(r.catalog.Seen.Of(int32(u))) > 0 {
		from, l.From = r.ranker, FromModel
	} else if !known {
		u = r.catalog.Users.Len() // has seen nothing
	}
	n = min(n, r.ranker.items)
	if cap(l.scored) < n {
		l.scored = make([]Scored, n)
	}
	r.fill(l, from.Top(l.scored[:0:n], int32(u)))
	return nil
}

// fill makes a list of scored items.
func (r *Recommender) fill(l *List, scored []Scored) {
	if cap(l.Items) < len(scored) {
		l.Items = make([]Item, 0, len(scored))
	}
	l.Items = l.Items[:0]
	for _, x := range scored {
		l.Items = append(l.Items, Item{r.ids[x.Item], x.Item, x.Score})
	}
}

// Each calls f with the n best items of every user in the data, in its order, as
// Recommend gives them; a list is valid until f returns. It returns the error of
// f, or the cause of ctx.
func (r *Recommender) Each(ctx context.Context, n int, f func(user string, l *List) error) error {
	if n < 1 {
		return fmt.Errorf("recommend: the best %d items (want 1 or more)", n)
	}
	users := make([]int32, r.catalog.Users.Len())
	for u := range users {
		users[u] = int32(u)
	}
	var l List
	return r.ranker.TopOf(ctx, users, min(n, r.ranker.items), func(u int32, scored []Scored) error {
		name := r.catalog.Users.Name(int(u))
		if len(r.catalog.Seen.Of(u)) == 0 {
			if err := r.RecommendInto(&l, name, n); err != nil {
				return err
			}
			return f(name, &l)
		}
		l.From = FromModel
		r.fill(&l, scored)
		return f(name, &l)
	})
}
