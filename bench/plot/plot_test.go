package plot

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestSVG(t *testing.T) {
	p := Plot{Title: "t", X: Axis{Label: "x", Ticks: Decades(20, 900), Log: true}, Y: Axis{Label: "y", Ticks: Multiples(50, 100), Limit: 110}}
	p.Lines = []Line{{Name: "a", Color: "red", Points: [][2]float64{{10, 0}, {100, 55}, {1000, 110}}}, {Name: "empty"}}
	svg := p.SVG()
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Fatal(err)
	}
	if want := `points="60.0,375.0 295.0,197.5 530.0,20.0"`; !strings.Contains(svg, want) {
		t.Errorf("no %s in\n%s", want, svg)
	}
	if strings.Contains(svg, "empty") {
		t.Error("a line without points is in the legend")
	}
}
