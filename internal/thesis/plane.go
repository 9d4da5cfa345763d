package thesis

import (
	"context"
	"math"
	"slices"
)

// Plane is where paths are drawn: through the mean of their ends, along their
// first two principal components.
type Plane struct {
	Sizes []int       `json:"sizes"` // of the paths that it is of
	Share float64     `json:"share"` // of the paths' variance that lies in it
	X     []float64   `json:"x"`     // of the grid
	Y     []float64   `json:"y"`
	Loss  [][]float64 `json:"loss"` // of the training data, by y and x
}

// fitPoints is how many points of each path decide where the plane is.
const fitPoints = 100

// plane finds the plane of the paths that are shown, and projects them on it.
func (p *problem) plane(ctx context.Context, r *Result, paths [][][]float64, grid int) (*Plane, error) {
	plane := new(Plane)
	var points [][]float64
	shown := r.shown()
	origin := make([]float64, len(p.start))
	for _, i := range shown {
		path := paths[i]
		plane.Sizes = append(plane.Sizes, r.Runs[i].Size)
		for k := range fitPoints {
			points = append(points, path[k*(len(path)-1)/(fitPoints-1)])
		}
		along(origin, path[len(path)-1], 1/float64(len(shown)))
	}
	axes, share := principal(points)
	var all [][2]float64
	for _, i := range shown {
		for _, w := range paths[i] {
			r.Runs[i].Path = append(r.Runs[i].Path, project(w, origin, axes))
		}
		all = append(all, r.Runs[i].Path...)
	}
	plane.Share, plane.X, plane.Y = share, around(all, 0, grid), around(all, 1, grid*3/4)
	for _, y := range plane.Y {
		if err := context.Cause(ctx); err != nil {
			return plane, err
		}
		row := make([]float64, len(plane.X))
		for i, x := range plane.X {
			w := slices.Clone(origin)
			along(w, axes[0], x)
			along(w, axes[1], y)
			p.moveTo(w)
			row[i] = p.quick.loss()
		}
		plane.Loss = append(plane.Loss, row)
	}
	return plane, nil
}

// usual is the size of the mini-batch whose path is drawn, or the next to it.
const usual = 32

// shown are the runs whose paths are drawn: the smallest size, the mini-batch
// and the largest, of three or more.
func (r *Result) shown() [3]int {
	middle := 1
	for i := 1; i < len(r.Runs)-1; i++ {
		if r.Runs[i].Size <= usual {
			middle = i
		}
	}
	return [3]int{0, middle, len(r.Runs) - 1}
}

// project returns the place of w - origin along two axes.
func project(w, origin []float64, axes [2][]float64) (at [2]float64) {
	for k, axis := range axes {
		for j := range w {
			at[k] += (w[j] - origin[j]) * axis[j]
		}
	}
	return at
}

// around returns n places from the least to the greatest of a coordinate, with
// an eighth of room on both sides.
func around(points [][2]float64, axis, n int) []float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		lo, hi = min(lo, p[axis]), max(hi, p[axis])
	}
	room := (hi - lo) / 8
	out := make([]float64, n)
	for i := range out {
		out[i] = lo - room + (hi-lo+2*room)*float64(i)/float64(n-1)
	}
	return out
}

// principal returns the first two principal components of points and their share
// of the variance, by orthogonal iteration with the points' inner products, of
// which there are fewer than coordinates.
func principal(points [][]float64) (axes [2][]float64, share float64) {
	n := len(points)
	centered := centeredPoints(points)
	gram := make([][]float64, n)
	trace := 0.0
	for i := range gram {
		gram[i] = make([]float64, n)
		for j := range i + 1 {
			gram[i][j] = dot(centered[i], centered[j])
			gram[j][i] = gram[i][j]
		}
		trace += gram[i][i]
	}
	u := [2][]float64{make([]float64, n), make([]float64, n)}
	for i := range n {
		u[0][i], u[1][i] = float64(i)/float64(n)-0.5, math.Cos(float64(i))
	}
	var values [2]float64
	for range 500 {
		for k := range u {
			u[k] = times(gram, u[k])
			for j := range k {
				along(u[k], u[j], -dot(u[k], u[j]))
			}
			values[k] = math.Sqrt(dot(u[k], u[k]))
			scale(u[k], 1/values[k])
		}
	}
	for k := range axes {
		axes[k] = make([]float64, len(points[0]))
		for i, c := range centered {
			along(axes[k], c, u[k][i])
		}
		scale(axes[k], 1/math.Sqrt(dot(axes[k], axes[k])))
	}
	return axes, (values[0] + values[1]) / trace
}

// centeredPoints returns the points less their mean.
func centeredPoints(points [][]float64) [][]float64 {
	mean := make([]float64, len(points[0]))
	for _, p := range points {
		along(mean, p, 1/float64(len(points)))
	}
	out := make([][]float64, len(points))
	for i, p := range points {
		out[i] = append([]float64(nil), p...)
		along(out[i], mean, -1)
	}
	return out
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// along adds k·b to a.
func along(a, b []float64, k float64) {
	for i := range a {
		a[i] += k * b[i]
	}
}

func scale(a []float64, k float64) {
	for i := range a {
		a[i] *= k
	}
}

func times(m [][]float64, v []float64) []float64 {
	out := make([]float64, len(m))
	for i := range m {
		out[i] = dot(m[i], v)
	}
	return out
}
