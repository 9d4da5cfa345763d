package images

import (
	"fmt"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// BenchmarkAugment times the changes of one image on one core:
//
//	go test ./dataset/images -run '^$' -bench Augment
func BenchmarkAugment(b *testing.B) {
	for _, size := range []struct {
		name string
		d    dims
	}{{"32x32x3", dims{32, 32, 3}}, {"28x28x1", dims{28, 28, 1}}, {"224x224x3", dims{224, 224, 3}}} {
		src := make([]byte, size.d.size())
		for i := range src {
			src[i] = byte(i * i >> 3)
		}
		for _, c := range []struct {
			name string
			a    Augment
		}{
			{"none", Augment{}},
			{"crop+flip", Augment{Crop: 4, Flip: FlipHorizontal}},
			{"crop_reflect", Augment{Crop: 4, Padding: PadReflect}},
			{"resized_crop", Augment{ResizedCrop: 0.08}},
			{"flip_both", Augment{Flip: FlipBoth}},
			{"rotate", Augment{Rotate: 15}},
			{"brightness", Augment{Color: Color{Brightness: 0.4}}},
			{"contrast", Augment{Color: Color{Contrast: 0.4}}},
			{"saturation", Augment{Color: Color{Saturation: 0.4}}},
			{"hue", Augment{Color: Color{Hue: 0.1}}},
			{"cutout", Augment{Cutout: 8}},
			{"randaugment", Augment{RandAugment: RandAugment{N: 2, Magnitude: 9}}},
		} {
			b.Run(size.name+"/"+c.name, func(b *testing.B) {
				g, v, i := newAugmenter(c.a, size.d, []byte{1, 2, 3}), newCanvas(size.d), 0
				for b.Loop() {
					g.draw(v, src, g.draws(0, i))
					i++
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}

// BenchmarkAugmentGather times examples of the presets as batches of 32 take them.
func BenchmarkAugmentGather(b *testing.B) {
	for _, d := range []dims{{32, 32, 3}, {28, 28, 1}, {224, 224, 3}} {
		for _, name := range []string{AugmentNone, AugmentLight, AugmentStandard, AugmentStrong} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", d.h, d.w, d.c, name), func(b *testing.B) {
				o, err := Preset(name, d.h, d.w)
				if err != nil {
					b.Fatal(err)
				}
				a := augmented(b, noisy(b, 100, d.h, d.w, d.c), o)
				buf, indices, next := dataset.NewBuffers(a.Fields(), 32), make([]int, 32), 0
				for b.Loop() {
					for i := range indices {
						indices[i] = next
						next++
					}
					if err := a.Gather(buf, 0, indices); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(32*float64(b.N)/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}
