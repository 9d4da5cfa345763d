package images

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// How the border around an image is filled before it is cropped.
const (
	PadZeros   = "zeros"   // black (default), as torchvision's RandomCrop
	PadReflect = "reflect" // mirrored at the outermost pixels, which are not repeated
)

// Where Flip mirrors an image.
const (
	FlipNone       = "none"
	FlipHorizontal = "horizontal" // left and right
	FlipVertical   = "vertical"   // above and below
	FlipBoth       = "both"       // each of them half the time
)

var flips = []string{FlipNone, FlipHorizontal, FlipVertical, FlipBoth}

// Augment says how the images of a training set are changed each time they are
// seen. The zero value changes nothing. What happens to an image is a function of
// (Seed, epoch, example) alone. The changes are made on pixels of 8 bits, in the
// order of the fields, each rounded to the nearest value, in integer arithmetic:
// every processor gets the same bits.
type Augment struct {
	Seed uint64

	// Crop puts so many pixels around an image, filled by Padding, and cuts an
	// image of its size out of that, anywhere (He et al. 2016, section 4.2: 4
	// for CIFAR-10). Not beside ResizedCrop.
	Crop    int
	Padding string // PadZeros (default) or PadReflect

	// ResizedCrop cuts out a part and enlarges it to the size of the image: a
	// share of the area uniform between ResizedCrop and 1, a ratio of width to
	// height between 3/4 and 4/3, uniform in its logarithm (Szegedy et al. 2015;
	// torchvision's RandomResizedCrop, where the least share is 0.08).
	ResizedCrop float64

	Flip string // FlipHorizontal, FlipVertical or FlipBoth: half the time; FlipNone or "": not

	// Rotate turns around the centre by an angle uniform between -Rotate and
	// Rotate degrees, at most 180. What comes from outside is black.
	Rotate float64

	RandAugment RandAugment
	Color       Color

	// Cutout paints a square of so many pixels a side with the mean colour, its
	// centre anywhere, so that part of it may be outside (DeVries & Taylor
	// 2017: 16 for CIFAR-10, 8 for CIFAR-100).
	Cutout int

	// Mixup adds another example to each, by shares λ and 1-λ of pixels and of
	// labels, λ ~ Beta(Mixup, Mixup) (Zhang et al. 2018: 0.1 to 0.4 for
	// ImageNet, 1 for CIFAR-10). Each example has its own λ and partner;
	// theirs has one λ for a batch.
	Mixup float64

	// Cutmix puts a rectangle of another example into each, of a share 1-λ of
	// the area, λ ~ Beta(Cutmix, Cutmix), its centre anywhere, cut at the border;
	// labels are mixed by the area that is left (Yun et al. 2019: 1). With Mixup
	// also given, each example gets one of the two, half the time.
	Cutmix float64
}

// Color changes colours as torchvision's ColorJitter does: the four below in a
// random order, those of 0 left out. Images that have not three channels keep
// saturation and hue.
type Color struct {
	Brightness float64 // factor from 1-b, at least 0, to 1+b
	Contrast   float64 // likewise, around the mean grey of the image
	Saturation float64 // likewise, around the grey of each pixel
	Hue        float64 // a part of the circle from -h to h, h at most 0.5
}

// RandAugment does N of fourteen changes, drawn with replacement, each with a
// strength of Magnitude of 30 (Cubuk et al. 2020; the list and its ranges are
// those of torchvision's RandAugment, where N is 2 and Magnitude is 9). Geometry
// is bilinear; torchvision takes the nearest pixel unless told otherwise.
type RandAugment struct {
	N         int     // 0: none
	Magnitude float64 // 0 to 30
}

// Mixes reports whether examples are mixed: then they have the fields y2 and mix.
func (a Augment) Mixes() bool { return a.Mixup > 0 || a.Cutmix > 0 }

// Zero reports whether nothing is changed.
func (a Augment) Zero() bool {
	a.Seed, a.Padding, a.RandAugment.Magnitude = 0, "", 0
	if a.Flip == FlipNone {
		a.Flip = ""
	}
	return a == Augment{}
}

// Validate reports all that is wrong with the options for images of a height and
// a width.
func (a Augment) Validate(h, w int) error {
	var errs []error
	refuse := func(bad bool, field string, got any, want string) {
		if bad {
			errs = append(errs, fmt.Errorf("images: augment: %s of %v (want %s)", field, got, want))
		}
	}
	side := min(h, w)
	refuse(a.Crop < 0 || a.Crop >= side, "crop", a.Crop, fmt.Sprintf("0 to %d pixels of padding", side-1))
	refuse(a.Padding != "" && a.Padding != PadZeros && a.Padding != PadReflect, "padding", a.Padding, PadZeros+" or "+PadReflect)
	refuse(!(0 <= a.ResizedCrop && a.ResizedCrop <= 1), "resized crop", a.ResizedCrop, "a share of the area, 0 to 1")
	refuse(a.Crop > 0 && a.ResizedCrop > 0, "crop", a.Crop, "none beside a resized crop")
	refuse(a.Flip != "" && !slices.Contains(flips, a.Flip), "flip", a.Flip, strings.Join(flips, ", "))
	refuse(!(0 <= a.Rotate && a.Rotate <= 180), "rotation", a.Rotate, "0 to 180 degrees")
	r := a.RandAugment
	refuse(r.N < 0 || r.N > mostRandAugment, "randaugment n", r.N, fmt.Sprintf("0 to %d", mostRandAugment))
	refuse(!(0 <= r.Magnitude && r.Magnitude <= mostMagnitude), "randaugment magnitude", r.Magnitude, fmt.Sprintf("0 to %d", mostMagnitude))
	for _, c := range []struct {
		name     string
		v, limit float64
	}{{"brightness", a.Color.Brightness, mostFactor}, {"contrast", a.Color.Contrast, mostFactor}, {"saturation", a.Color.Saturation, mostFactor}, {"hue", a.Color.Hue, 0.5}} {
		refuse(!(0 <= c.v && c.v <= c.limit), c.name, c.v, fmt.Sprintf("0 to %v", c.limit))
	}
	refuse(a.Cutout < 0 || a.Cutout > 2*max(h, w), "cutout", a.Cutout, fmt.Sprintf("0 to %d pixels", 2*max(h, w)))
	refuse(a.Mixup != 0 && !(leastAlpha <= a.Mixup && a.Mixup <= mostAlpha), "mixup", a.Mixup, fmt.Sprintf("0, or %v to %v", leastAlpha, mostAlpha))
	refuse(a.Cutmix != 0 && !(leastAlpha <= a.Cutmix && a.Cutmix <= mostAlpha), "cutmix", a.Cutmix, fmt.Sprintf("0, or %v to %v", leastAlpha, mostAlpha))
	return errors.Join(errs...)
}

const (
	mostRandAugment = 16
	mostMagnitude   = 30
	mostFactor      = 15 // of a colour: 16 times a value is still far from the ends of 32 bits
)

// String describes the changes in a line, in the words of the configuration.
func (a Augment) String() string {
	var parts []string
	add := func(on bool, format string, args ...any) {
		if on {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(a.Crop > 0, "crop %d", a.Crop)
	add(a.Crop > 0 && a.Padding == PadReflect, "padding %s", a.Padding)
	add(a.ResizedCrop > 0, "resized_crop %v", a.ResizedCrop)
	add(a.Flip != "" && a.Flip != FlipNone, "flip %s", a.Flip)
	add(a.Rotate > 0, "rotate %v", a.Rotate)
	add(a.RandAugment.N > 0, "randaugment %d of magnitude %v", a.RandAugment.N, a.RandAugment.Magnitude)
	add(a.Color.Brightness > 0, "brightness %v", a.Color.Brightness)
	add(a.Color.Contrast > 0, "contrast %v", a.Color.Contrast)
	add(a.Color.Saturation > 0, "saturation %v", a.Color.Saturation)
	add(a.Color.Hue > 0, "hue %v", a.Color.Hue)
	add(a.Cutout > 0, "cutout %d", a.Cutout)
	add(a.Mixup > 0, "mixup %v", a.Mixup)
	add(a.Cutmix > 0, "cutmix %v", a.Cutmix)
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
