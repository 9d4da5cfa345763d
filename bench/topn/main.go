//go:build linux

// Command topn times the best items for all users beside the matrix product
// that it takes and the peak of a core, in turn, in one process: medians of the
// processor's time, which neighbours disturb less than the clock's.
//
//	go run ./bench/topn                                # 100,000 items, vectors of 64, the best 10
//	go run ./bench/topn -items 1000000 -dim 128 -top 100
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/recommend"
)

func main() {
	items := flag.Int("items", 100_000, "in the catalog")
	dim := flag.Int("dim", 64, "numbers of a vector")
	top := flag.Int("top", 10, "items for each user")
	users := flag.Int("users", 512, "that are timed at once")
	rounds := flag.Int("rounds", 15, "of which the median counts")
	flag.Parse()
	if err := run(*users, *items, *dim, *top, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench/topn:", err)
		os.Exit(1)
	}
}

func run(users, items, dim, top, rounds int) error {
	user, item := vectors("user", users, dim), vectors("item", items, dim)
	r, err := recommend.FromVectors(user, item, seen(users, items), 1)
	if err != nil {
		return err
	}
	everyone := make([]int32, users)
	for u := range everyone {
		everyone[u] = int32(u)
	}
	var peaks, products, lists []float64
	for range rounds {
		n := 0.0
		peaks = append(peaks, 1/seconds(func() { n = peak.Block(kernel.Active()) })*n)
		products = append(products, seconds(func() { multiply(user, item) })/float64(users))
		lists = append(lists, seconds(func() {
			err = r.TopOf(context.Background(), everyone, top, func(int32, []recommend.Scored) error { return nil })
		})/float64(users))
	}
	best, product, list := slices.Max(peaks), median(products), median(lists)
	flops := 2 * float64(items) * float64(dim)
	fmt.Printf("%d items, vectors of %d, the best %d, one thread, %v\n", items, dim, top, kernel.Active())
	fmt.Printf("%-22s %8.0f users/s %6.1f GFLOP/s %5.1f %% of the peak of %.1f\n", "the best of all items", 1/list, flops/list/1e9, 100*flops/list/best, best/1e9)
	fmt.Printf("%-22s %8.0f users/s %6.1f GFLOP/s %5.1f %%\n", "the product alone", 1/product, flops/product/1e9, 100*flops/product/best)
	return err
}

// vectors are random numbers in [-1/2, 1/2).
func vectors(name string, n, d int) recommend.Vectors {
	s := rng.NewStream(1, name)
	v := recommend.Vectors{N: n, D: d, Data: make([]float32, n*d)}
	for i := range v.Data {
		v.Data[i] = float32(s.Float64() - 0.5)
	}
	return v
}

// seen is 100 items of each user, evenly over the catalog.
func seen(users, items int) *interactions.Known {
	const each = 100
	k := &interactions.Known{Start: []int64{0}}
	for u := range users {
		for i := range min(each, items) {
			k.Item = append(k.Item, int32((i*items+u%each)/each))
		}
		k.Start = append(k.Start, int64(len(k.Item)))
	}
	return k
}

// multiply is the product that scoring takes, in the same blocks, and nothing else.
func multiply(user, item recommend.Vectors) {
	const rows, cols = recommend.UserBlock, recommend.ItemBlock
	var s kernel.Scratch
	out, d := make([]float32, rows*cols), user.D
	for u := 0; u < user.N; u += rows {
		m := min(rows, user.N-u)
		for i := 0; i < item.N; i += cols {
			n := min(cols, item.N-i)
			kernel.GemmNT(m, n, d, user.Data[u*d:(u+m)*d], d, item.Data[i*d:(i+n)*d], d, out, n, kernel.Zero, nil, &s)
		}
	}
}

// seconds is the time that the processor spends on f.
func seconds(f func()) float64 {
	before := used()
	f()
	return used() - before
}

// used is the time of the processor that this process has had.
func used() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err) // of the calling process it cannot fail
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
