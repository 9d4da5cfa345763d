package images

import "fmt"

// The names of Preset.
const (
	AugmentNone     = "none"
	AugmentLight    = "light"
	AugmentStandard = "standard"
	AugmentStrong   = "strong"
)

// largeImage is the side from which an image is enlarged from a part of it rather
// than shifted: a photo, not a thumbnail.
const largeImage = 65

// Preset returns the changes of a name, for images of a height and a width.
//
//	          up to 64 pixels                      larger
//	light     crop h/16, flip                      resized_crop 0.6, flip
//	standard  crop h/8, flip                       resized_crop 0.25, flip, colours 0.2
//	strong    crop h/8, flip, randaugment 2 of 9,  resized_crop 0.08, flip, randaugment 2 of 9,
//	          cutout h/4                           mixup 0.2, cutmix 1
//
// The standard of 32 pixels is that of He et al. 2016 for CIFAR-10. All flip
// horizontally, which letters and digits do not bear: give the options one by
// one for those.
func Preset(name string, h, w int) (Augment, error) {
	side := min(h, w)
	large := side >= largeImage
	a := Augment{Flip: FlipHorizontal}
	switch name {
	case AugmentNone:
		return Augment{}, nil
	case AugmentLight:
		if a.Crop = max(1, side/16); large {
			a.Crop, a.ResizedCrop = 0, 0.6
		}
	case AugmentStandard:
		if a.Crop = (side + 4) / 8; large {
			a.Crop, a.ResizedCrop = 0, 0.25
			a.Color = Color{Brightness: 0.2, Contrast: 0.2, Saturation: 0.2}
		}
	case AugmentStrong:
		a.Crop, a.Cutout = (side+4)/8, side/4
		a.RandAugment = RandAugment{N: 2, Magnitude: 9}
		if large {
			a.Crop, a.Cutout, a.ResizedCrop = 0, 0, 0.08
			a.Mixup, a.Cutmix = 0.2, 1
		}
	default:
		return Augment{}, fmt.Errorf("images: augment %q (want %s, %s, %s or %s)", name, AugmentNone, AugmentLight, AugmentStandard, AugmentStrong)
	}
	return a, nil
}
