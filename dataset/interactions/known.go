package interactions

import "slices"

// Known is for each user the items of his interactions, in compressed rows: the
// items of u are Item[Start[u]:Start[u+1]], ascending, each once. It is for
// leaving out what was seen, as a negative or in a recommendation.
type Known struct {
	Start []int64 // one for each user and the end
	Item  []int32

	file    rowFile  // of Item
	mapping *mapping // where it is one; nil: in memory
}

// NewKnown returns what the users of a table have met in any of its parts,
// which have the same users.
func NewKnown(parts ...*Table) *Known {
	m := parts[0].mapping
	if m != nil && m.known != nil && len(parts) == 1 {
		return m.known
	}
	users := parts[0].Users.Len()
	start := make([]int64, users+1)
	for _, t := range parts {
		for i, u := range t.User {
			m.pace(i, everyRows)
			start[u+1]++
		}
	}
	for u := range users {
		start[u+1] += start[u]
	}
	items, file := newFileSlice[int32](m, int(start[users]))
	next := slices.Clone(start[:users])
	for _, t := range parts {
		for i, u := range t.User {
			m.pace(i, everyRows)
			items[next[u]] = t.Item[i]
			next[u]++
		}
	}
	k := &Known{Start: start, Item: items, file: file, mapping: m}
	k.compact()
	m.release()
	return k
}

// compact sorts the items of each user and drops repetitions, in place.
func (k *Known) compact() {
	to := int64(0)
	for u := range len(k.Start) - 1 {
		k.mapping.pace(u, everyUsers)
		items := k.Item[k.Start[u]:k.Start[u+1]]
		slices.Sort(items)
		k.Start[u] = to
		to += int64(copy(k.Item[to:], slices.Compact(items)))
	}
	k.Start[len(k.Start)-1] = to
	k.Item = k.Item[:to]
}

// Of returns the items of a user, ascending; none of a user beyond those known.
func (k *Known) Of(user int32) []int32 {
	if int(user) >= len(k.Start)-1 {
		return nil
	}
	return k.Item[k.Start[user]:k.Start[user+1]]
}

// Has reports whether a user has met an item: a binary search.
func (k *Known) Has(user, item int32) bool {
	_, has := slices.BinarySearch(k.Of(user), item)
	return has
}
