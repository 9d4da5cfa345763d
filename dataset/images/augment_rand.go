package images

import "math"

// The changes of RandAugment, in torchvision's order: their numbers are part of
// what a seed means.
const (
	randIdentity = iota
	randShearX
	randShearY
	randTranslateX
	randTranslateY
	randRotate
	randBrightness
	randColor
	randContrast
	randSharpness
	randPosterize
	randSolarize
	randAutoContrast
	randEqualize
	randChanges // how many there are
)

// How far the changes go at a magnitude of 30.
const (
	mostShear     = 0.3
	mostTranslate = 150.0 / 331 // of a side
	mostTurn      = 30          // degrees
	mostBlend     = 0.9
	mostPosterize = 4 // bits that are lost
)

// apply does the changes that are drawn.
func (r RandAugment) apply(v *canvas, w words) {
	for range r.N {
		change, strength := w.below(randChanges), r.Magnitude/mostMagnitude
		if w.coin() {
			strength = -strength
		}
		v.change(change, strength)
	}
}

// change does one of the changes with a strength from -1 to 1; those that have no
// direction take its size.
func (v *canvas) change(what int, strength float64) {
	d, size := v.d, math.Abs(strength)
	factor := toFixed(1 + float64(mostBlend*strength))
	switch what {
	case randShearX:
		v.warp(shearing(float64(mostShear*strength), 0))
	case randShearY:
		v.warp(shearing(0, float64(mostShear*strength)))
	case randTranslateX:
		translate(v.next(), v.now, d, int(float64(mostTranslate*float64(d.w)*strength)), 0)
		v.swap()
	case randTranslateY:
		translate(v.next(), v.now, d, 0, int(float64(mostTranslate*float64(d.h)*strength)))
		v.swap()
	case randRotate:
		v.warp(rotation(float64(mostTurn*strength), d))
	case randBrightness:
		brighten(v.now, factor)
	case randColor:
		saturate(v.now, d, factor)
	case randContrast:
		addContrast(v.now, d, factor)
	case randSharpness:
		sharpen(v.next(), v.now, d, factor)
		v.swap()
	case randPosterize:
		posterize(v.now, 8-int(math.RoundToEven(float64(mostPosterize*size))))
	case randSolarize:
		solarize(v.now, int(math.Ceil(float64(255*(1-size)))))
	case randAutoContrast:
		stretch(v.now, d)
	case randEqualize:
		equalize(v.now, d)
	}
}
