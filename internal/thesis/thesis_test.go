package thesis

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

// small is a comparison that takes little, with a clock that goes on by a
// millisecond whenever it is read.
func small(t *testing.T) *Result {
	t.Helper()
	ticks := time.Time{}
	r, err := Measure(context.Background(), Options{Target: 1, Sizes: []int{1, 32, All}, Seeds: 1, Grid: 8, Now: func() time.Time {
		ticks = ticks.Add(time.Millisecond)
		return ticks
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMeasure: every size gets to the target, a larger one in no more updates and
// with a smaller variance; the numbers, the picture and the sentences can be read.
func TestMeasure(t *testing.T) {
	r := small(t)
	for i, run := range r.Runs {
		last := run.Curve[len(run.Curve)-1]
		if !(last.Updates >= int(run.Updates.Median)) || run.Detour.Median < 1 || !(run.TestAccuracy.Median > 0.5) || run.Seconds.Median <= 0 {
			t.Errorf("run %+v", run)
		}
		for k, p := range run.Curve {
			if reached := p.Loss <= r.Target; reached && p.Updates < int(run.Updates.Median) || p.Updates == int(run.Updates.Median) && !reached {
				t.Errorf("size %d: loss %g after %d updates, of %v to %g", run.Size, p.Loss, p.Updates, run.Updates, r.Target)
			}
			if k > 0 && p.Seconds <= run.Curve[k-1].Seconds {
				t.Errorf("size %d: point %d is at %g s, after %g s", run.Size, k, p.Seconds, run.Curve[k-1].Seconds)
			}
		}
		if i > 0 && (run.Updates.Median > r.Runs[i-1].Updates.Median || run.Variance.Median >= r.Runs[i-1].Variance.Median) {
			t.Errorf("size %d: %v updates and variance %v, after %+v", run.Size, run.Updates, run.Variance, r.Runs[i-1].Updates)
		}
	}
	if all := r.Runs[2]; all.Size != r.Training || all.Variance.High != 0 {
		t.Errorf("all are %d with a variance of %v, want %d and 0", all.Size, all.Variance, r.Training)
	}
	if p := r.Plane; len(p.Sizes) != 3 || p.Sizes[1] != 32 || !(p.Share > 0.5 && p.Share <= 1) {
		t.Errorf("plane of %v with a share of %v", p.Sizes, p.Share)
	}
	if text := strings.Join(r.Findings(), "\n"); !strings.Contains(text, "The mini-batch is the middle: with 32 examples") || strings.Contains(text, "against") {
		t.Errorf("findings:\n%s", text)
	}
	d := xml.NewDecoder(strings.NewReader(r.SVG()))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if s := r.SVG(); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
		t.Error("NaN or Inf in the picture")
	}
	if b, err := json.Marshal(r); err != nil || !strings.Contains(string(b), `"epochs":null`) {
		t.Errorf("JSON: %v", err)
	}
	if b, err := json.Marshal(r.Summary()); err != nil || strings.Contains(string(b), `"path"`) || len(b) > 4000 {
		t.Errorf("summary: %v, %d bytes", err, len(b))
	}
}

func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancelCause(context.Background())
	stop(errors.New("enough"))
	if _, err := Measure(ctx, Options{}); err == nil || err.Error() != "enough" {
		t.Errorf("error %v, want enough", err)
	}
}

// TestMeter: the sum of the squares of the gradients of all examples is that of
// the steps that each of them alone makes.
func TestMeter(t *testing.T) {
	p, err := newProblem()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	w, err := p.newWalk(1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	n, sum := p.training.Len(), 0.0
	for i := range n {
		w.restart()
		w.examples = i
		if ok, err := w.step(); !ok || err != nil {
			t.Fatal(ok, err)
		}
		d := distance(p.start, p.point())
		sum += d * d
	}
	w.restart()
	r := p.whole.read()
	if got, want := r.noise+r.signal, sum/float64(n); math.Abs(got/want-1) > 1e-5 {
		t.Errorf("mean square %v, want %v", got, want)
	}
	if all := variance(r.noise, n, n); all != 0 {
		t.Errorf("variance of all %v, want 0", all)
	}
	if one := variance(r.noise, 1, n); one != r.noise {
		t.Errorf("variance of one %v, want %v", one, r.noise)
	}
}

// TestContour: the region within a circle, cut by a wall, has its area.
func TestContour(t *testing.T) {
	grid := make([][]float64, 41)
	for y := range grid {
		grid[y] = make([]float64, 41)
		for x := range grid[y] {
			grid[y][x] = math.Hypot(float64(x)-20, float64(y))
		}
	}
	area := 0.0
	for _, loop := range contour(grid, 15) {
		for i, a := range loop {
			b := loop[(i+1)%len(loop)]
			area += (a[0]*b[1] - b[0]*a[1]) / 2
		}
	}
	if want := math.Pi * 15 * 15 / 2; math.Abs(math.Abs(area)/want-1) > 0.01 {
		t.Errorf("area %v, want %v", area, want)
	}
	if loops := contour([][]float64{{0, 9, 0}, {9, 0, 9}, {0, 9, 0}}, 1); len(loops) != 1 {
		t.Errorf("%d regions of a chess board, want 1: they meet in the middles of cells", len(loops))
	}
}

// TestPrincipal: points of a plane keep their distances in it.
func TestPrincipal(t *testing.T) {
	var points [][]float64
	for i := range 20 {
		a, b := math.Sin(float64(i)), 3*math.Cos(float64(i*i))
		points = append(points, []float64{a + 1, a - b, 2 * b, b + a})
	}
	axes, share := principal(points)
	if math.Abs(share-1) > 1e-12 || math.Abs(dot(axes[0], axes[1])) > 1e-12 {
		t.Errorf("share %v, axes at %v", share, dot(axes[0], axes[1]))
	}
	a, b := project(points[3], points[11], axes), distance(points[3], points[11])
	if math.Abs(math.Hypot(a[0], a[1])-b) > 1e-12 {
		t.Errorf("distance %v, want %v", math.Hypot(a[0], a[1]), b)
	}
}

func TestTelling(t *testing.T) {
	r := &Result{Test: 10000}
	for want, e := range map[string][2]float64{"the smaller": {0.02, 0.05}, "the larger": {0.05, 0.02}, "cannot tell": {0.05, 0.051}} {
		if got := r.telling(e[0], e[1]); !strings.Contains(got, want) {
			t.Errorf("errors of %v: %s", e, got)
		}
	}
}
