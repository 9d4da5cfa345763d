package interactions

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/internal/cells"
)

// columns are the places of what is read in a row; -1: it is not.
type columns struct {
	user, item, rating, time int
	last                     int // the largest of them
	header                   bool
	names                    []string // of a header
}

// taken lists the places.
func (c *columns) taken() (places []int) {
	for _, at := range []int{c.user, c.item, c.rating, c.time} {
		if at >= 0 {
			places = append(places, at)
		}
	}
	return places
}

func (c *columns) name(i int) string {
	if c.names == nil {
		return strconv.Itoa(i)
	}
	return strconv.Quote(c.names[i])
}

// The names by which columns are known, without case, spaces, _, - and points.
var (
	userNames   = []string{"user", "userid", "uid", "u", "users", "customer", "customerid", "visitorid", "visitor", "reviewerid", "member", "memberid", "account", "accountid"}
	itemNames   = []string{"item", "itemid", "iid", "i", "items", "movieid", "movie", "product", "productid", "asin", "parentasin", "bookid", "book", "isbn", "songid", "song", "trackid", "track", "artistid", "articleid", "newsid", "businessid", "placeid", "sku"}
	ratingNames = []string{"rating", "ratings", "r", "stars", "score", "overall", "value"}
	timeNames   = []string{"time", "timestamp", "t", "ts", "unixtime", "unixreviewtime", "date", "datetime", "createdat", "eventtime"}
)

// find finds the columns by the first record of a file, a header or a row.
func (o Options) find(record [][]byte, header bool) (columns, error) {
	c := columns{user: -1, item: -1, rating: -1, time: -1, header: header}
	for _, cell := range record {
		c.names = append(c.names, string(cell))
	}
	for _, want := range []struct {
		at     *int
		given  string
		known  []string
		place  int // without a header
		needed bool
		what   string
	}{
		{&c.user, o.User, userNames, 0, true, "user"},
		{&c.item, o.Item, itemNames, 1, true, "item"},
		{&c.rating, o.Rating, ratingNames, 2, false, "rating"},
		{&c.time, o.Time, timeNames, 3, false, "time"},
	} {
		at, err := c.place(want.given, want.known, want.place)
		if err == nil && at < 0 && want.needed {
			err = fmt.Errorf("no column is known as the %s (name it: data.%s)", want.what, want.what)
		}
		if err != nil {
			return c, fmt.Errorf("%w; the columns are %s", err, strings.Join(c.names, ", "))
		}
		*want.at = at
	}
	c.last = max(c.user, c.item, c.rating, c.time)
	if !c.header {
		c.names = nil
	}
	return c, c.distinct()
}

// isHeader reports whether the first record names columns: those that options
// name, or a user and an item; or it has words where a rating and a time are.
func (o Options) isHeader(record [][]byte) bool {
	if o.Header != "" {
		return o.Header == HeaderYes
	}
	var names []string
	for _, cell := range record {
		names = append(names, string(cell))
	}
	for _, given := range []string{o.User, o.Item, o.Rating, o.Time} {
		if _, number := cells.ParseNumber([]byte(given)); given != "" && given != None && !number && indexFold(names, given) >= 0 {
			return true
		}
	}
	if known(names, userNames) >= 0 && known(names, itemNames) >= 0 {
		return true
	}
	for i := 2; i < min(4, len(names)); i++ {
		if _, ok := parseTime(record[i]); !ok {
			return true
		}
	}
	return false
}

// place returns the column that is given, or known, or stands at a place of a
// file without a header; -1: there is none.
func (c *columns) place(given string, names []string, place int) (int, error) {
	switch {
	case given == None:
		return -1, nil
	case given != "":
		if at := indexFold(c.names, given); at >= 0 && c.header {
			return at, nil
		}
		if at, err := strconv.Atoi(given); err == nil && at >= 0 && at < len(c.names) {
			return at, nil
		}
		return -1, fmt.Errorf("no column %q", given)
	case c.header:
		return known(c.names, names), nil
	case place < len(c.names):
		return place, nil
	}
	return -1, nil
}

// indexFold returns the place of a name: the same, or else but for case.
func indexFold(names []string, name string) int {
	fold := -1
	for i, n := range names {
		if n == name {
			return i
		}
		if fold < 0 && strings.EqualFold(n, name) {
			fold = i
		}
	}
	return fold
}

// known returns the first column whose name is among those given, the most
// telling first.
func known(columns, names []string) int {
	plain := strings.NewReplacer(" ", "", "_", "", "-", "", ".", "")
	for _, name := range names {
		for i, column := range columns {
			if plain.Replace(strings.ToLower(column)) == name {
				return i
			}
		}
	}
	return -1
}

// distinct refuses one column for two purposes.
func (c *columns) distinct() error {
	seen := map[int]bool{}
	for _, at := range []int{c.user, c.item, c.rating, c.time} {
		if at >= 0 && seen[at] {
			return fmt.Errorf("column %s is taken twice (want one each for user, item, rating and time)", c.name(at))
		}
		seen[at] = true
	}
	return nil
}
