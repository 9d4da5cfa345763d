package interactions

import (
	"fmt"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// Pairs are pairs of a user and an item, to predict. The numbers are those of a
// catalog; the identifiers are those given, also where they are hashed.
type Pairs struct {
	User, Item   []int32
	users, items given
}

// given are the identifiers of rows. Hashed names remember none, so that they are
// numbered once more.
type given struct {
	names Names
	known *Names  // of the catalog
	rows  []int32 // numbers in names, if known is hashed
}

// add returns the number of the identifier of the next row in the catalog.
func (g *given) add(id []byte) (number int32, ok bool) {
	n, ok := g.known.Find(string(id))
	if g.known.buckets > 0 {
		g.rows = append(g.rows, g.names.Add(id))
	}
	return int32(n), ok
}

// name returns the identifier of a row that has a number in the catalog.
func (g *given) name(row int, number int32) string {
	if g.rows != nil {
		return g.names.Name(int(g.rows[row]))
	}
	return g.known.Name(int(number))
}

// Read reads pairs of a user and an item, all of whom the catalog must know;
// ratings and times beside them are left alone.
func (c *Catalog) Read(path string, o Options) (*Pairs, error) {
	o.Rating, o.Time = None, None
	r, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := &Pairs{users: given{known: c.Users}, items: given{known: c.Items}}
	for row, more := r.Next(); more; row, more = r.Next() {
		user, known := p.users.add(row.User)
		if !known {
			return nil, fmt.Errorf("interactions: %s:%d: the model knows no user %q", path, r.line, row.User)
		}
		item, known := p.items.add(row.Item)
		if !known {
			return nil, fmt.Errorf("interactions: %s:%d: the model knows no item %q", path, r.line, row.Item)
		}
		p.User, p.Item = append(p.User, user), append(p.Item, item)
	}
	if r.Err() == nil && p.Len() == 0 {
		return nil, fmt.Errorf("interactions: %s: no pairs of a user and an item", path)
	}
	return p, r.Err()
}

// Len returns how many pairs there are.
func (p *Pairs) Len() int { return len(p.User) }

// Names returns the identifiers of a pair as they were given.
func (p *Pairs) Names(row int) (user, item string) {
	return p.users.name(row, p.User[row]), p.items.name(row, p.Item[row])
}

// Dataset returns the pairs as a dataset: user i32 (), item i32 ().
func (p *Pairs) Dataset() (dataset.Dataset, error) {
	return dataset.New(
		dataset.Column{Name: dataset.FieldUser, Data: tensor.Of(p.User, p.Len())},
		dataset.Column{Name: dataset.FieldItem, Data: tensor.Of(p.Item, p.Len())},
	)
}
