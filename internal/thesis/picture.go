package thesis

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The picture is made of three rows, each of up to three columns.
const (
	pictureWidth, pictureHeight = 1000.0, 1120.0
	chartWidth                  = 250.0
	rowTwo, rowThree            = 610.0, 880.0
	chartHeight                 = 180.0
)

// columns are the left edges of charts.
var columns = [3]float64{56, 392, 728}

// looks are the classes of the runs whose paths are drawn: one example, the
// mini-batch, all.
var looks = [3]string{"1", "2", "0"}

// SVG is the picture: the paths in their plane, the loss against what it costs, the
// variance of gradients, and what each batch size takes to the target.
func (r *Result) SVG() string {
	c := new(canvas)
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="tg" viewBox="0 0 %g %g" style="max-width:%[1]gpx" role="img" aria-label="Three gradients: paths, losses and costs by batch size">`+"\n", pictureWidth, pictureHeight)
	c.printf("<style>%s</style>\n", style)
	c.printf(`<rect class="bg" width="%g" height="%g"/>`+"\n", pictureWidth, pictureHeight)
	c.text(10, 32, "h1", "start", "Three gradients on one problem")
	c.text(10, 56, "", "start", fmt.Sprintf("A small net learns %d handwritten digits, from the same weights to a loss of %g, each at its own best learning rate.", r.Training, r.Target))
	r.legend(c)
	r.drawPlane(c)
	r.drawCosts(c)
	r.drawLosses(c)
	r.drawVariance(c)
	r.drawWays(c)
	c.WriteString("</svg>\n")
	return c.String()
}

// legend names the three.
func (r *Result) legend(c *canvas) {
	x := 10.0
	for k, i := range r.shown() {
		run := r.Runs[i]
		name := [...]string{"one example a batch", fmt.Sprintf("mini-batches of %d", run.Size), fmt.Sprintf("all %d", run.Size)}[k]
		c.dot("f"+looks[k], x+6, 80, 5)
		label := fmt.Sprintf("%s, η = %s", name, fraction(run.Rate))
		c.text(x+18, 84.5, "fg", "start", label)
		x += 60 + 7.1*float64(len([]rune(label)))
	}
}

// drawPlane draws the paths over the loss around them.
func (r *Result) drawPlane(c *canvas) {
	const left, top, right, bottom = 10.0, 136.0, 646.0, 536.0
	p := r.Plane
	c.text(left, top-14, "h2", "start", "The ways down, in the plane of their two main directions")
	x := axis{lo: p.X[0], hi: p.X[len(p.X)-1], from: left, to: right}
	y := axis{lo: p.Y[0], hi: p.Y[len(p.Y)-1], from: bottom, to: top}
	c.printf(`<clipPath id="tg-plane"><rect x="%g" y="%g" width="%g" height="%g"/></clipPath><g clip-path="url(#tg-plane)">`+"\n", left, top, right-left, bottom-top)
	for _, level := range levels(p.Loss) {
		var d strings.Builder
		for _, loop := range contour(p.Loss, level) {
			for k, at := range loop {
				loop[k] = [2]float64{left + at[0]/float64(len(p.X)-1)*(right-left), bottom - at[1]/float64(len(p.Y)-1)*(bottom-top)}
			}
			d.WriteString(lines(loop) + "Z")
		}
		c.printf(`<path class="heat" fill-rule="evenodd" d="%s"/>`+"\n", d.String())
	}
	var start [2]float64
	for k, i := range r.shown() {
		var at [][2]float64
		for _, w := range r.Runs[i].Path {
			at = append(at, [2]float64{x.at(w[0]), y.at(w[1])})
		}
		c.path("s"+looks[k], [...]float64{1.1, 1.8, 2.4}[k], at)
		if len(at) < 120 {
			for _, a := range at[1:] {
				c.dot("f"+looks[k], a[0], a[1], [...]float64{1.6, 2, 3}[k])
			}
		}
		start = at[0]
	}
	for k, i := range r.shown() {
		end := r.Runs[i].Path[len(r.Runs[i].Path)-1]
		c.printf(`<circle class="f%s" cx="%.1f" cy="%.1f" r="6" stroke="var(--bg)" stroke-width="2"/>`+"\n", looks[k], x.at(end[0]), y.at(end[1]))
	}
	c.printf(`<circle class="bg" cx="%.1f" cy="%.1f" r="6" stroke="var(--fg)" stroke-width="2"/>`+"\n", start[0], start[1])
	c.text(start[0], start[1]-13, "fg halo", "middle", "start")
	c.WriteString("</g>\n")
	c.text(left, bottom+18, "", "start", fmt.Sprintf("Shaded by the training loss, stronger is lower. The plane holds %.0f %% of the variance of the ways.", 100*p.Share))
}

// levels are where contours are drawn: equal steps of the logarithm of the loss.
func levels(loss [][]float64) (out []float64) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, row := range loss {
		for _, v := range row {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	const n = 11
	for k := n; k >= 1; k-- {
		out = append(out, lo*math.Pow(hi/lo, float64(k)/(n+1)))
	}
	return out
}

// drawCosts draws the time and the epochs to the target by batch size.
func (r *Result) drawCosts(c *canvas) {
	r.bySize(c, columns[2], 136, 296, "Time to the target", duration, func(run *Run) Spread { return run.Seconds })
	p := r.bySize(c, columns[2], 362, 502, "Epochs to the target", plain, func(run *Run) Spread { return run.Epochs })
	p.under("examples in a batch")
}

// bySize draws a quantity of all runs by their batch size, on two logarithmic
// axes.
func (r *Result) bySize(c *canvas, left, top, bottom float64, title string, label func(float64) string, of func(*Run) Spread) panel {
	var values []float64
	for i := range r.Runs {
		s := of(&r.Runs[i])
		values = append(values, s.Low, s.High)
	}
	return r.dots(c.chart(left, top, left+chartWidth, bottom, title, r.sizes(), logAxis(label, values...)), of)
}

// sizes is the axis of batch sizes.
func (r *Result) sizes() axis {
	var sizes []float64
	for _, run := range r.Runs {
		sizes = append(sizes, float64(run.Size))
	}
	x := logAxis(plain, sizes...)
	x.ticks = nil
	for _, run := range r.Runs {
		name := strconv.Itoa(run.Size)
		if run.Size == r.Training {
			name = "all"
		}
		x.ticks = append(x.ticks, tick{float64(run.Size), name})
	}
	return x
}

// dots draws medians with their spreads, and those of the three in their colors.
func (r *Result) dots(p panel, of func(*Run) Spread) panel {
	var at [][2]float64
	for i := range r.Runs {
		s, x := of(&r.Runs[i]), p.x.at(float64(r.Runs[i].Size))
		p.line("s3", x, p.y.at(s.Low), x, p.y.at(s.High))
		at = append(at, [2]float64{x, p.y.at(s.Median)})
	}
	p.path("s3", 1, at)
	for i, a := range at {
		p.dot("f"+r.look(i), a[0], a[1], 4)
	}
	return p
}

// look is the class of a run: a color of its own for the three.
func (r *Result) look(run int) string {
	for k, i := range r.shown() {
		if i == run {
			return looks[k]
		}
	}
	return "3"
}

// drawLosses draws the loss against examples, updates and time.
func (r *Result) drawLosses(c *canvas) {
	for k, chart := range []struct {
		title, under string
		label        func(float64) string
		of           func(Point) float64
	}{
		{"Loss against examples", "epochs", plain, func(p Point) float64 { return float64(p.Examples) / float64(r.Training) }},
		{"Loss against updates", "updates", plain, func(p Point) float64 { return float64(p.Updates) }},
		{"Loss against time", "time of updates", duration, func(p Point) float64 { return p.Seconds }},
	} {
		p := r.curves(c, columns[k], rowTwo, chart.title, chart.label, chart.of, func(p Point) float64 { return p.Loss }, r.Target)
		p.under(chart.under)
		p.line("mark", p.left, p.y.at(r.Target), p.right, p.y.at(r.Target))
		if k == 0 {
			p.text(p.left+4, p.y.at(r.Target)-5, "halo", "start", "target")
		}
	}
}

// curves draws two quantities of the three runs against each other. The vertical
// axis holds also besides.
func (r *Result) curves(c *canvas, left, top float64, title string, label func(float64) string, x, y func(Point) float64, besides float64) panel {
	xs, ys := make([][]float64, 3), make([][]float64, 3)
	var allX, allY []float64
	for k, i := range r.shown() {
		for _, p := range r.Runs[i].Curve {
			xs[k], ys[k] = append(xs[k], x(p)), append(ys[k], y(p))
		}
		allX, allY = append(allX, xs[k]...), append(allY, ys[k]...)
	}
	p := c.chart(left, top, left+chartWidth, top+chartHeight, title, logAxis(label, allX...), logAxis(plain, append(allY, besides)...))
	for k := range xs {
		p.curve("s"+looks[k], 1.6, xs[k], ys[k])
	}
	return p
}

// drawVariance draws the variance of the gradient of a batch along the way.
func (r *Result) drawVariance(c *canvas) {
	p := r.curves(c, columns[0], rowThree, "Variance of the gradient", plain,
		func(p Point) float64 { return float64(p.Examples) / float64(r.Training) }, func(p Point) float64 { return p.Variance }, 0)
	p.under("epochs")
	p.text(p.right, p.bottom-8, "f"+looks[2]+" halo", "end", "all: 0")
}

// drawWays draws how straight the ways are, and how the net does on other digits.
func (r *Result) drawWays(c *canvas) {
	p := r.bySize(c, columns[1], rowThree, rowThree+chartHeight, "Length of the way over the distance", plain, func(run *Run) Spread { return run.Detour })
	p.under("examples in a batch")
	errors := func(run *Run) Spread {
		return Spread{1 - run.TestAccuracy.Median, 1 - run.TestAccuracy.High, 1 - run.TestAccuracy.Low}
	}
	most := 0.0
	for i := range r.Runs {
		most = max(most, errors(&r.Runs[i]).High)
	}
	y := axis{hi: 1.1 * most}
	for k := 0.0; k <= 100*y.hi; k++ {
		y.ticks = append(y.ticks, tick{k / 100, percent(k / 100)})
	}
	p = c.chart(columns[2], rowThree, columns[2]+chartWidth, rowThree+chartHeight, "Errors on test images at the target", r.sizes(), y)
	r.dots(p, errors).under("examples in a batch")
}

// plain writes a number for people.
func plain(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v/1000, 'g', 3, 64) + "k"
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
