package images

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// goldens are Pillow's and PyTorch's results: bench/peers/golden_augment.py.
type goldens struct {
	Height, Width int
	Image, Gray   []byte
	Cases         []struct {
		Change, Of string
		Args       []float64
		Output     []byte
	}
}

// changes do what the goldens' script does, and say how far a value may be off: 1 where
// Pillow cuts off what we round, or where the last bit of a float64 decides.
var changes = map[string]struct {
	within int
	do     func(v *canvas, args []float64)
}{
	"resized": {0, func(v *canvas, a []float64) {
		resizeCrop(v.next(), v.now, v.wide, v.d, box{int(a[0]), int(a[1]), int(a[2]), int(a[3])}, v.taps)
		v.swap()
	}},
	"rotate":     {1, func(v *canvas, a []float64) { v.warp(rotation(a[0], v.d)) }},
	"shear_x":    {1, func(v *canvas, a []float64) { v.warp(shearing(a[0], 0)) }},
	"shear_y":    {1, func(v *canvas, a []float64) { v.warp(shearing(0, a[0])) }},
	"brightness": {1, func(v *canvas, a []float64) { brighten(v.now, toFixed(a[0])) }},
	"contrast":   {1, func(v *canvas, a []float64) { addContrast(v.now, v.d, toFixed(a[0])) }},
	"saturation": {1, func(v *canvas, a []float64) { saturate(v.now, v.d, toFixed(a[0])) }},
	"sharpness":  {1, func(v *canvas, a []float64) { sharpen(v.next(), v.now, v.d, toFixed(a[0])); v.swap() }},
	"hue": {1, func(v *canvas, a []float64) {
		turnHue(v.now, v.d, int32(math.Round(a[0]*hueCircle)+hueCircle)%hueCircle)
	}},
	"posterize":    {0, func(v *canvas, a []float64) { posterize(v.now, int(a[0])) }},
	"solarize":     {0, func(v *canvas, a []float64) { solarize(v.now, int(a[0])) }},
	"autocontrast": {1, func(v *canvas, a []float64) { stretch(v.now, v.d) }},
	"equalize":     {0, func(v *canvas, a []float64) { equalize(v.now, v.d) }},
}

func TestChangesGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/augment.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range g.Cases {
		src, change := map[string][]byte{"image": g.Image, "gray": g.Gray}[c.Of], changes[c.Change]
		d := dims{g.Height, g.Width, len(src) / (g.Height * g.Width)}
		v := newCanvas(d)
		copy(v.now, src)
		change.do(v, c.Args)
		off, worst := 0, 0
		for i, got := range v.now {
			if e := max(int(got)-int(c.Output[i]), int(c.Output[i])-int(got)); e > 0 {
				off, worst = off+1, max(worst, e)
			}
		}
		if worst > change.within {
			t.Errorf("%s %v of %s: %d of %d values are off, by up to %d (want %d)", c.Change, c.Args, c.Of, off, len(src), worst, change.within)
		}
		t.Logf("%s %v of %s: %d of %d values differ", c.Change, c.Args, c.Of, off, len(src))
		seen[c.Change] = true
	}
	for name := range changes {
		if !seen[name] {
			t.Errorf("no golden values of %s", name)
		}
	}
}
