//go:build linux

package main

import "github.com/descent-ml/descent/internal/rng"

// work is the least that a step can do, for the roofline, of D elements a row:
//
//   - an interaction reads two rows for the score (2D operations) and again for
//     the gradients, and adds to two rows of gradients, which are read and
//     written (4D operations): 8 row transfers and 6D operations, for GMF 4D more;
//   - a touched row is updated: gradient, parameter and both moments are read,
//     the last three written (14D operations of Adam): 7 row transfers;
//   - an interaction has 12 bytes.
//
// touched is the memory that all this lies in.
func (j job) work() (flops, bytes, touched float64) {
	d, n, rows := float64(j.dim), float64(j.batch), j.touched()
	row := 4 * d
	perExample := 6 * d
	if j.kind == "gmf" {
		perExample = 10 * d
	}
	flops = n*perExample + rows*14*d
	bytes = n*(8*row+12) + rows*7*row
	return flops, bytes, float64(j.users+j.items)*3*row + rows*row
}

// touched is the mean number of different rows of both tables in a batch.
func (j job) touched() float64 {
	const draws = 8
	s := rng.NewStream(2, "bench")
	total := 0
	for range draws {
		for _, n := range []int{j.users, j.items} {
			rows := make([]int32, j.batch)
			powerLaw(s, rows, n)
			seen := map[int32]bool{}
			for _, r := range rows {
				seen[r] = true
			}
			total += len(seen)
		}
	}
	return float64(total) / draws
}
