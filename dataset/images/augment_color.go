package images

import "math"

// fixed is a factor in 2⁻¹⁶.
type fixed int32

const one fixed = 1 << 16

func toFixed(f float64) fixed { return fixed(math.Floor(float64(f*float64(one)) + 0.5)) }

// blend returns f·a + (1-f)·b, rounded and cut to 0 to 255: torchvision's
// _blend, which cuts off what is behind the point instead.
func blend(a, b int32, f fixed) byte {
	return clamp((a*int32(f) + b*int32(one-f) + int32(one/2)) >> 16)
}

func clamp(v int32) byte { return byte(min(max(v, 0), 255)) }

// blendTable is blend with one b, for all a.
func blendTable(b int32, f fixed) (t [256]byte) {
	for a := range t {
		t[a] = blend(int32(a), b, f)
	}
	return t
}

// lookUp replaces every value by its place in a table.
func lookUp(p []byte, t *[256]byte) {
	for i, v := range p {
		p[i] = t[v]
	}
}

// luma is the grey of a colour: ITU-R 601-2, as Pillow has it.
func luma(r, g, b byte) int32 {
	return (19595*int32(r) + 38470*int32(g) + 7471*int32(b) + 1<<15) >> 16
}

// brighten makes all values f times as large.
func brighten(p []byte, f fixed) {
	t := blendTable(0, f)
	lookUp(p, &t)
}

// addContrast moves all values away from the mean grey, f times as far.
func addContrast(p []byte, d dims, f fixed) {
	t := blendTable(meanGrey(p, d), f)
	lookUp(p, &t)
}

// meanGrey is the mean of the grey of an image's pixels, rounded; without three
// channels that of its values.
func meanGrey(p []byte, d dims) int32 {
	sum, n := 0, len(p)
	if d.c == 3 {
		n /= 3
		for ; len(p) >= 3; p = p[3:] {
			sum += int(luma(p[0], p[1], p[2]))
		}
	}
	for _, v := range p {
		sum += int(v)
	}
	return int32((sum + n/2) / n)
}

// saturate moves colours away from their grey, f times as far.
func saturate(p []byte, d dims, f fixed) {
	if d.c != 3 {
		return
	}
	for ; len(p) >= 3; p = p[3:] {
		grey := luma(p[0], p[1], p[2])
		p[0], p[1], p[2] = blend(int32(p[0]), grey, f), blend(int32(p[1]), grey, f), blend(int32(p[2]), grey, f)
	}
}

// The circle of hues: six sides of 2¹⁶.
const (
	hueSide   = 1 << 16
	hueCircle = 6 * hueSide
)

// turnHue moves hues along the circle, 0 <= turn < hueCircle: torchvision's adjust_hue,
// from RGB to HSV and back, without leaving integers. The saturation s and the
// value v stay: what is between the largest and the smallest channel is all that moves.
func turnHue(p []byte, d dims, turn int32) {
	if d.c != 3 {
		return
	}
	for ; len(p) >= 3; p = p[3:] {
		r, g, b := int32(p[0]), int32(p[1]), int32(p[2])
		top, bottom := max(r, g, b), min(r, g, b)
		if top != bottom {
			hue := hueOf(r, g, b, top, top-bottom) + turn
			if hue >= hueCircle {
				hue -= hueCircle
			}
			p[0], p[1], p[2] = rgbOf(hue, top, bottom)
		}
	}
}

// hueOf is the place on the circle of a colour whose largest channel is top, and
// spread larger than the smallest.
func hueOf(r, g, b, top, spread int32) int32 {
	var n int32 // the place, times spread
	switch {
	case r == top && g >= b:
		n = g - b
	case r == top:
		n = g - b + 6*spread
	case g == top:
		n = b - r + 2*spread
	default:
		n = r - g + 4*spread
	}
	return (n<<16 + spread/2) / spread
}

// rgbOf is the colour of a hue whose largest channel is top and whose smallest is bottom.
func rgbOf(hue, top, bottom int32) (r, g, b byte) {
	side, part := hue>>16, hue&(hueSide-1)
	rise := (top-bottom)*part + hueSide/2
	up, down := byte(bottom+rise>>16), byte(top-rise>>16)
	hi, lo := byte(top), byte(bottom)
	switch side {
	case 0:
		return hi, up, lo
	case 1:
		return down, hi, lo
	case 2:
		return lo, hi, up
	case 3:
		return lo, down, hi
	case 4:
		return up, lo, hi
	}
	return hi, lo, down
}

// jitter changes the colours of an image in place.
func (c Color) jitter(p []byte, d dims, w words) {
	order := [4]int{0, 1, 2, 3}
	for i := 3; i > 0; i-- {
		j := w.below(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	factor := func(range_ float64) fixed { return toFixed(w.between(max(0, 1-range_), 1+range_)) }
	brightness, contrast, saturation := factor(c.Brightness), factor(c.Contrast), factor(c.Saturation)
	turn := int32(math.Floor(float64(w.between(-c.Hue, c.Hue)*hueCircle) + 0.5))
	for _, what := range order {
		switch {
		case what == 0 && c.Brightness > 0:
			brighten(p, brightness)
		case what == 1 && c.Contrast > 0:
			addContrast(p, d, contrast)
		case what == 2 && c.Saturation > 0:
			saturate(p, d, saturation)
		case what == 3 && c.Hue > 0:
			turnHue(p, d, (turn+hueCircle)%hueCircle)
		}
	}
}
