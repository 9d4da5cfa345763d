package page

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
)

func render(t *testing.T, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Render(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func of(blocks ...Block) *Page {
	return &Page{Title: "t", Sections: []Section{{Title: "s", Blocks: blocks}}}
}

const hostile = `<script>alert("x")</script>&'`

var nan = math.NaN()

// everything is a page with each block, names that are hostile, and data that
// are odd: empty, one point, constant, not finite, huge.
func everything() *Page {
	series := []Series{
		{Name: hostile, X: []float64{1, 2, 3}, Y: []float64{1, nan, 3}, Lo: []float64{0, 1, 2}, Hi: []float64{2, 3, 4}},
		{Name: "steps", X: []float64{1, 2}, Y: []float64{1, 2}, Lo: []float64{math.Inf(-1), nan}, Hi: []float64{math.Inf(1), nan}, Steps: true, Bars: true},
		{Name: hostile, Faint: true, X: []float64{1, 2}, Y: []float64{1, 2}}, {Loose: true, X: []float64{1, nan}, Y: []float64{1, 2}}, {Name: "empty"}, {Name: "one", X: []float64{2}, Y: []float64{2}}, {Name: "infinite", X: []float64{1, 2}, Y: []float64{math.Inf(1), 5}},
	}
	p := of(Text{[]string{hostile}}, Text{}, Table{Caption: hostile, Columns: []Column{{hostile, true}}, Rows: [][]string{{hostile}}}, Table{}, Table{Caption: hostile, Folded: true},
		Code{hostile, hostile}, Code{"long", strings.Repeat("line\n", 50)}, Lines{Caption: hostile, X: hostile, Y: hostile, Series: series, Marks: []Mark{{2, hostile}, {nan, "no"}, {99, "outside"}}, Levels: []Level{{2, hostile}, {nan, "no"}, {99, "far"}}, TicksX: []float64{1, nan, 2}},
		Lines{Equal: true, LogX: true, LogY: true, Series: series},
		Lines{}, Lines{LogX: true, LogY: true, Series: []Series{{X: []float64{0, 1, 1e6}, Y: []float64{-1, 1e-9, 1e300}}}},
		Lines{Series: []Series{{X: []float64{1, 2}, Y: []float64{7, 7}}, {X: []float64{1, 2}, Y: []float64{7, 7}, Dots: true}}},
		Bars{}, Bars{Caption: hostile, Unit: hostile, Bars: []Bar{{hostile, -3, -4, -2, hostile}, {"b", 5, nan, nan, ""}, {"c", nan, nan, nan, ""}}},
		Matrix{}, Matrix{hostile, hostile, hostile, []string{hostile, "b"}, [][]float64{{1, 2}, {0, 0}}},
		Drawing{`<svg viewBox="0 0 1 1"></svg>`}, Sheet{}, Sheet{hostile, []Picture{{[]byte{1, 2, 3}, 28, 14, hostile, []string{hostile, hostile}}, {nil, 300, 3000, "", nil}}},
		Reliability{}, Reliability{hostile, []Bin{{0, 0.5, 0.3, 0.2, 10}, {0.5, 1, nan, nan, 0}}})
	p.Title, p.Subtitle, p.Footer, p.Facts = hostile, hostile, hostile, []Fact{{hostile, hostile, hostile}}
	for range 4 {
		p.Sections = append(p.Sections, Section{Title: hostile, Intro: hostile})
	}
	return p
}

// TestWellFormed: what is rendered is well-formed, nothing of the data becomes
// markup, and no number is written as NaN or Inf.
func TestWellFormed(t *testing.T) {
	text := render(t, everything())
	if strings.Contains(text, "<script") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Error("a hostile name, NaN or Inf stands in the page")
	}
	body := text[strings.Index(text, "<main>"):strings.Index(text, "</body>")]
	d := xml.NewDecoder(strings.NewReader(body))
	d.Entity = xml.HTMLEntity
	for {
		_, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if text != render(t, everything()) {
		t.Error("the same page twice has other bytes")
	}
}

// TestSelfContained: the page loads nothing; pictures are in it.
func TestSelfContained(t *testing.T) {
	text := strings.ReplaceAll(render(t, everything()), `src="data:image/png;base64,`, "")
	if m := regexp.MustCompile(`https?:|\bsrc=|url\(|@import|<link|<script`).FindString(text); m != "" {
		t.Errorf("the page has %q", m)
	}
}

// TestManyPoints: long series are thinned, with what stands out kept.
func TestManyPoints(t *testing.T) {
	var s Series
	for i := range 100_000 {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, math.Sin(float64(i)/500))
	}
	s.Y[77_777] = 40
	text := render(t, of(Lines{Series: []Series{s}}))
	if len(text) > 100_000 {
		t.Errorf("%d bytes", len(text))
	}
	if !strings.Contains(text, "60 of 100\u202f000 points") {
		t.Error("the numbers do not say that they are some")
	}
	found := false
	for _, at := range thin(s.Y, mostPoints) {
		found = found || at == 77_777
	}
	if !found {
		t.Error("the peak is lost")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		s    scale
		want string
	}{
		{scale{lo: 0, hi: 1}, "[0 0.2 0.4 0.6000000000000001 0.8 1]"},
		{scale{lo: -7, hi: 12}, "[-5 0 5 10]"},
		{scale{lo: 0.283, hi: 0.42}, "[0.30000000000000004 0.35000000000000003 0.4]"},
		{scale{lo: 1, hi: 1e6, log: true}, "[1 100 10000 1e+06]"},
		{scale{lo: 2, hi: 8, log: true}, "[2 4 6 8]"},
		{scale{lo: 20, hi: 800, log: true}, "[20 50 100 200 500]"},
		{scale{lo: 0.5, hi: 1, log: true}, "[0.5 0.6000000000000001 0.7000000000000001 0.8 0.9 1]"},
	} {
		if got := fmt.Sprint(c.s.ticks(5)); got != c.want {
			t.Errorf("%v: %s, want %s", c.s, got, c.want)
		}
	}
}

// TestIntervals: bars end in caps, but where an end is open; NaN is none; a band has a
// gap where there is no interval.
func TestIntervals(t *testing.T) {
	s := Series{X: []float64{0, 1, 2, 3, 4}, Y: []float64{1, 1, 1, 1, 1}, Lo: []float64{0, 0, nan, 0, 0}, Hi: []float64{2, math.Inf(1), nan, 2, 2}}
	if got := strings.Count(render(t, of(Lines{Series: []Series{s}})), "opacity=\".18\""); got != 2 {
		t.Errorf("%d areas, want 2", got)
	}
	s.Bars, s.Loose = true, true
	text := render(t, of(Lines{Series: []Series{s}}))
	if bars, caps := strings.Count(text, "V"), strings.Count(text, "H"); bars != 4 || caps != 7 {
		t.Errorf("%d bars with %d caps, want 4 with 7", bars, caps)
	}
	if strings.Count(text, "<circle") != 5 || strings.Contains(text, " d0\"") {
		t.Error("points are missing, or joined")
	}
}

// TestFarEnds: an end of an interval that is far off on a log axis leaves room for the rest.
func TestFarEnds(t *testing.T) {
	s := newScale(0, 1, true, []float64{10, 100})
	if got := fmt.Sprint(s.near([][]float64{{1, 0.5, -1}, {1000, 2000, nan}})); got != "[[1 1000]]" {
		t.Errorf("the axis is for %s", got)
	}
	s.log = false
	if got := fmt.Sprint(s.near([][]float64{{-1}, {2000}})); got != "[[-1] [2000]]" {
		t.Errorf("a linear one is for %s", got)
	}
}

// TestSteps: a value holds up to the next, and not over a gap.
func TestSteps(t *testing.T) {
	l := line{steps: true}
	l.to(0, 1)
	l.to(2, 3)
	l.lift()
	l.to(4, 5)
	if got, want := l.path.String(), "M0.0 1.0L2.0 1.0L2.0 3.0M4.0 5.0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := reversed("M0.0 1.0L2.0 1.0L2.0 3.0"), "L2.0 3.0L2.0 1.0L0.0 1.0"; got != want {
		t.Errorf("reversed %s, want %s", got, want)
	}
}

// TestLegend: many names take several rows, guides without a name none, and only
// what is not faint takes a look.
func TestLegend(t *testing.T) {
	l := Lines{Series: []Series{{Faint: true}, {Name: "guide", Faint: true}}}
	for i := range 8 {
		l.Series = append(l.Series, Series{Name: fmt.Sprint("batch ", i)})
	}
	got := l.legend()
	if len(got.entries) != 9 || got.rows != 2 {
		t.Errorf("%d names in %d rows, want 9 in 2", len(got.entries), got.rows)
	}
	for _, e := range got.entries {
		if e.at < left || e.at+34 > width {
			t.Errorf("%q is at %v", e.series.Name, e.at)
		}
	}
	if got := fmt.Sprint(l.looks()); got != "[0 1 0 1 2 3 4 5 6 7]" {
		t.Errorf("looks %s", got)
	}
	if n := len((Lines{Series: []Series{{Name: "alone"}, {Faint: true}}}).legend().entries); n != 0 {
		t.Errorf("a legend of %d names", n)
	}
}

// TestEqual: a unit is as long on both axes, whatever the data.
func TestEqual(t *testing.T) {
	for _, ratio := range []float64{0.01, 0.5, 100} {
		x, y := equal(newScale(0, 600, false, []float64{0, 1}), newScale(300, 50, false, []float64{0, ratio}))
		if a, b := x.at(1)-x.at(0), y.at(0)-y.at(1); math.Abs(a-b) > 1e-9*a || !x.within(1) || !y.within(ratio) {
			t.Errorf("ratio %v: a unit is %v and %v", ratio, a, b)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.12345678: "0.12346", 1234567: "1\u202f234\u202f567", -12345: "-12\u202f345", 2.5e-5: "2.5e-5", 1e12: "1e12", math.Inf(1): "–", 99.5: "99.5"} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

// manyClasses is a matrix with one kind of mistake.
func manyClasses(n int) Matrix {
	m := Matrix{Caption: "c", RowTitle: "true", ColumnTitle: "predicted"}
	for i := range n {
		m.Names = append(m.Names, fmt.Sprint("class", i))
		m.Counts = append(m.Counts, make([]float64, n))
		m.Counts[i][i] = 100
	}
	m.Counts[1][0] = 25
	return m
}

// TestMatrixOfFewClasses: counts with their shares, zeros without.
func TestMatrixOfFewClasses(t *testing.T) {
	for _, n := range []int{2, 10, mostCells} {
		text := render(t, of(manyClasses(n)))
		for _, want := range []string{">25<small>20.0\u202f%</small>", ">100<small>80.0\u202f%</small>", ">100<small>100\u202f%</small>", "class=\"z\">0<"} {
			if !strings.Contains(text, want) {
				t.Errorf("%d classes: no %s", n, want)
			}
		}
		if strings.Contains(text, "<svg") {
			t.Errorf("%d classes are drawn", n)
		}
	}
}

// TestMatrixOfManyClasses: a map with a line for each run of a shade, which
// stays small.
func TestMatrixOfManyClasses(t *testing.T) {
	m := manyClasses(100)
	paths := m.paths()
	if got, want := paths[shade(0.2, 1)], "M0 1.5h1"; got != want {
		t.Errorf("the mistake is %q, want %q", got, want)
	}
	if got := strings.Count(paths[levels-1], "M"); got != 99 {
		t.Errorf("%d cells of full shade, want 99", got)
	}
	for i, row := range m.Counts {
		for j := range row {
			row[j] += float64(1 + i*j%7)
		}
	}
	if text := render(t, of(m)); len(text) > 100_000 {
		t.Errorf("%d bytes", len(text))
	}
	if text := render(t, of(manyClasses(mostDrawn+1))); strings.Contains(text, "<path") {
		t.Error("too many classes are drawn")
	}
}

// TestPercent: what is not all is not written as all, nor what is not nothing
// as nothing.
func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{1: "100\u202f%", 0.99999: ">99.9\u202f%", 0.5: "50.0\u202f%", 1e-5: "<0.1\u202f%", 0.0123: "1.2\u202f%"} {
		if got := percent(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
}
