package thesis

import "math"

// contour returns the closed lines around the region of a grid where values are
// at most level, in steps of the grid: marching squares, with linear
// interpolation on the edges. The grid ends in a wall, so lines close there.
// Together, filled by the even-odd rule, they are the region.
func contour(grid [][]float64, level float64) [][][2]float64 {
	c := contours{grid, level, map[int]int{}}
	for y := -1; y < len(grid); y++ {
		for x := -1; x < len(grid[0]); x++ {
			c.cell(x, y)
		}
	}
	return c.loops()
}

type contours struct {
	grid  [][]float64
	level float64
	next  map[int]int // from the edge where a line enters a cell to where it leaves it
}

func (c *contours) at(x, y int) float64 {
	if y < 0 || y >= len(c.grid) || x < 0 || x >= len(c.grid[0]) {
		return math.Inf(1)
	}
	return c.grid[y][x]
}

// edge numbers the edge from a corner to the right, or downwards.
func (c *contours) edge(x, y int, down bool) int {
	n := 2 * ((y+1)*(len(c.grid[0])+2) + x + 1)
	if down {
		n++
	}
	return n
}

// cell joins the crossings of a cell: walking around it clockwise, each edge
// that leaves the region with the next one that enters it.
func (c *contours) cell(x, y int) {
	corners := [4]bool{c.at(x, y) <= c.level, c.at(x+1, y) <= c.level, c.at(x+1, y+1) <= c.level, c.at(x, y+1) <= c.level}
	edges := [4]int{c.edge(x, y, false), c.edge(x+1, y, true), c.edge(x, y+1, false), c.edge(x, y, true)}
	for k := range edges {
		if !corners[k] || corners[(k+1)%4] {
			continue
		}
		for e := k + 1; ; e++ {
			if !corners[e%4] && corners[(e+1)%4] {
				c.next[edges[k]] = edges[e%4]
				break
			}
		}
	}
}

// loops follows the crossings around.
func (c *contours) loops() (all [][][2]float64) {
	most := c.edge(len(c.grid[0]), len(c.grid), true)
	for first := 0; first <= most; first++ {
		var loop [][2]float64
		for e, ok := first, true; ok; {
			var to int
			if to, ok = c.next[e]; ok {
				delete(c.next, e)
				loop = append(loop, c.place(e))
				e = to
			}
		}
		if loop != nil {
			all = append(all, loop)
		}
	}
	return all
}

// place is where the level crosses an edge.
func (c *contours) place(edge int) [2]float64 {
	columns := len(c.grid[0]) + 2
	x, y := edge/2%columns-1, edge/2/columns-1
	dx, dy := 1, 0
	if edge%2 == 1 {
		dx, dy = 0, 1
	}
	a, b := c.at(x, y), c.at(x+dx, y+dy)
	t := (c.level - a) / (b - a)
	switch {
	case math.IsInf(a, 1):
		t = 1
	case math.IsInf(b, 1):
		t = 0
	}
	return [2]float64{float64(x) + t*float64(dx), float64(y) + t*float64(dy)}
}
