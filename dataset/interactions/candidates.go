package interactions

import "fmt"

// Candidates is for each example a user, an item that he met, and others among
// which it is to be ranked: the protocol of He et al., Neural collaborative
// filtering, WWW 2017, with 99 others.
type Candidates struct {
	User  []int32
	Item  []int32 // (examples, Count): the item, then the others
	Count int     // items of an example
}

// Len returns the number of examples.
func (c *Candidates) Len() int { return len(c.User) }

// Positives returns the items that were met, as interactions of the users and
// items of a table.
func (c *Candidates) Positives(t *Table) *Table {
	p := &Table{User: c.User, Users: t.Users, Items: t.Items}
	for i := range c.User {
		p.Item = append(p.Item, c.Item[i*c.Count])
	}
	return p
}

// ReadCandidates reads lines of (user,item), a tab, and other items, equally
// many in each, with tabs between them. Users and items that t has not yet get
// the next numbers.
func (t *Table) ReadCandidates(path string) (*Candidates, error) {
	r, err := Open(path, Options{Format: FormatTests})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c := &Candidates{}
	for row, more := r.Next(); more; row, more = r.Next() {
		c.User = append(c.User, t.Users.Add(row.User))
		c.Item = append(c.Item, t.Items.Add(row.Item))
		others := r.in.source.(*tests).others
		for _, id := range others {
			c.Item = append(c.Item, t.Items.Add(id))
		}
		if c.Count == 0 {
			c.Count = 1 + len(others)
		} else if c.Count != 1+len(others) {
			return nil, fmt.Errorf("interactions: %s:%d: %d items beside (want %d, as in the first line)", path, r.line, len(others), c.Count-1)
		}
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return c, nil
}
