package images

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// asImage returns a bitmap in colour as an image.
func asImage(b *bitmap) image.Image {
	s := &Set{Height: b.height, Width: b.width, Channels: b.channels, Pixels: b.pixels}
	return s.picture(0)
}

// BenchmarkDecode decodes JPEGs of quality 90, one after the other on one processor, and brings
// them to a size.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct{ width, height, side int }{{32, 32, 32}, {500, 375, 128}, {500, 375, 224}, {4000, 3000, 128}, {4000, 3000, 224}} {
		b.Run(fmt.Sprintf("%dx%d to %d", c.width, c.height, c.side), func(b *testing.B) {
			var file bytes.Buffer
			if err := jpeg.Encode(&file, asImage(made(c.width, c.height, 3)), &jpeg.Options{Quality: 90}); err != nil {
				b.Fatal(err)
			}
			schema := &dataset.ImageSchema{Shape: []int{c.side, c.side, 3}, Mean: make([]float64, 3), Std: []float64{1, 1, 1}, Resize: dataset.ResizeCrop}
			dst := make([]uint8, c.side*c.side*3)
			for b.Loop() {
				if err := Decode(dst, file.Bytes(), schema); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric(float64(file.Len()), "bytes")
		})
	}
}

// BenchmarkFit is Decode without the decoder of the file.
func BenchmarkFit(b *testing.B) {
	for _, c := range []struct{ width, height, side int }{{32, 32, 32}, {500, 375, 128}, {4000, 3000, 128}} {
		b.Run(fmt.Sprintf("%dx%d to %d", c.width, c.height, c.side), func(b *testing.B) {
			var file bytes.Buffer
			jpeg.Encode(&file, asImage(made(c.width, c.height, 3)), nil)
			m, err := jpeg.Decode(&file)
			if err != nil {
				b.Fatal(err)
			}
			schema := &dataset.ImageSchema{Shape: []int{c.side, c.side, 3}, Mean: make([]float64, 3), Std: []float64{1, 1, 1}, Resize: dataset.ResizeCrop}
			dst := make([]uint8, c.side*c.side*3)
			b.ReportAllocs()
			for b.Loop() {
				Fit(dst, m, schema)
			}
		})
	}
}

// BenchmarkGather copies examples into a batch of 128, in an order that no cache foresees.
func BenchmarkGather(b *testing.B) {
	for _, c := range []struct{ side, channels, images int }{{28, 1, 60000}, {32, 3, 50000}, {224, 3, 1000}} {
		b.Run(fmt.Sprintf("%dx%dx%d", c.side, c.side, c.channels), func(b *testing.B) {
			s, err := NewSet(c.side, c.side, c.channels, make([]uint8, c.images*c.side*c.side*c.channels), make([]int32, c.images), []string{"a"})
			if err != nil {
				b.Fatal(err)
			}
			for i := range s.Pixels {
				s.Pixels[i] = uint8(i * 2654435761 >> 7)
			}
			d, err := NewDataset(s, s.Schema(nil, ""))
			if err != nil {
				b.Fatal(err)
			}
			const batch = 128
			buf, indices, order := dataset.NewBuffers(d.Fields(), batch), make([]int, batch), dataset.Shuffled(s.Len(), 1)
			at := 0
			for b.Loop() {
				if at+batch > s.Len() {
					at = 0
				}
				order(indices, 0, at)
				at += batch
				if err := d.Gather(buf, 0, indices); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/image")
		})
	}
}
