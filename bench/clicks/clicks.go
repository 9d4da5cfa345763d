// Package clicks makes up interactions: of users who are more and less active and
// items that are more and less popular, both by a power law, with tastes that a
// model of low rank can learn.
package clicks

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Config says what is made up. The same configuration gives the same bytes.
type Config struct {
	Rows, Users, Items int
	Seed               uint64

	// UserPower and ItemPower are the exponents of the power laws: number r of
	// n has the weight 1/(r+10)^power.
	UserPower, ItemPower float64

	Rank    int     // of the tastes
	Choice  int     // items, by popularity, of which a user takes the one he likes best
	Flatter float64 // noise in that, as a standard deviation; a liking has 1
}

// Default is as many users and items as MovieLens 20M has.
func Default(rows int) Config {
	return Config{Rows: rows, Users: 138_000, Items: 27_000, Seed: 1, UserPower: 0.6, ItemPower: 0.9, Rank: 8, Choice: 6, Flatter: 0.5}
}

// Write writes the interactions as CSV with a header: user, item, rating, time.
// They are in the order of time. A rating is 1 to 5, the more the item is liked.
func (c Config) Write(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<20)
	b.WriteString("user,item,rating,time\n")
	r := rand.New(rand.NewPCG(c.Seed, 0x636c69636b73))
	users, items := newWorld(c, r, c.Users, c.UserPower), newWorld(c, r, c.Items, c.ItemPower)
	var line []byte
	for row := range c.Rows {
		user := users.draw(r)
		item, liking := items.choose(c, r, users.taste(user))
		rating := min(5, max(1, math.Round(2.6+liking)))
		line = strconv.AppendInt(line[:0], int64(user)+1, 10)
		line = strconv.AppendInt(append(line, ','), int64(item)+1, 10)
		line = strconv.AppendInt(append(line, ','), int64(rating), 10)
		line = strconv.AppendInt(append(line, ','), 1_600_000_000+int64(row), 10)
		if _, err := b.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("clicks: %w", err)
		}
	}
	return b.Flush()
}

// world is users, or items: what they are drawn by, and their tastes.
type world struct {
	sum    []float64 // of the weights up to each, in the order of popularity
	number []int     // of each place in that order
	rank   int
	tastes []float32 // (n, rank), of variance 1/√rank each, so that a liking has 1
	start  []int32   // by the first bits of a draw, where to look
}

// startBits of a draw say where to begin looking.
const startBits = 14

func newWorld(c Config, r *rand.Rand, n int, power float64) *world {
	w := &world{sum: make([]float64, n), number: r.Perm(n), rank: c.Rank, tastes: make([]float32, n*c.Rank)}
	total := 0.0
	for i := range n {
		total += math.Pow(float64(i)+10, -power)
		w.sum[i] = total
	}
	for i := range w.sum {
		w.sum[i] /= total
	}
	for i := range w.tastes {
		w.tastes[i] = float32(r.NormFloat64() / math.Sqrt(math.Sqrt(float64(c.Rank))))
	}
	for k := range 1<<startBits + 1 {
		at, _ := slices.BinarySearch(w.sum, float64(k)/(1<<startBits))
		w.start = append(w.start, int32(min(at, n-1)))
	}
	return w
}

// draw returns a number by weight.
func (w *world) draw(r *rand.Rand) int {
	v := r.Float64()
	k := int(v * (1 << startBits))
	low, high := int(w.start[k]), int(w.start[k+1])
	at, _ := slices.BinarySearch(w.sum[low:high+1], v)
	return w.number[min(low+at, len(w.number)-1)]
}

func (w *world) taste(i int) []float32 { return w.tastes[i*w.rank : (i+1)*w.rank] }

// choose returns what a user takes, and how much he likes it.
func (w *world) choose(c Config, r *rand.Rand, user []float32) (item int, liking float64) {
	best := math.Inf(-1)
	for range c.Choice {
		i := w.draw(r)
		like := float32(0)
		for k, v := range w.taste(i) {
			like += v * user[k]
		}
		if noisy := float64(like) + c.Flatter*r.NormFloat64(); noisy > best {
			best, item, liking = noisy, i, float64(like)
		}
	}
	return item, liking
}
