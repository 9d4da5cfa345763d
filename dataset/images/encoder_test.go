package images

import (
	"encoding/binary"
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/descent-ml/descent/dataset"
)

// TestEncoder: files and images of any size get the bits that a batch has of them, from
// many goroutines at once.
func TestEncoder(t *testing.T) {
	dir := t.TempDir()
	turned := withEXIF(encoded(t, painted(9, 5), ".jpg"), 6, binary.BigEndian)
	write(t, dir, "a/1.jpg", turned)
	write(t, dir, "a/2.png", encoded(t, painted(40, 30), ".png"))
	write(t, dir, "b/3.png", encoded(t, painted(6, 8), ".png"))
	for _, channels := range []int{1, 3} {
		s := load(t, dir, Options{Height: 8, Width: 6, Channels: channels}).Train
		schema := s.Schema(nil, dataset.ResizeCrop)
		d, err := NewDataset(s, schema)
		if err != nil {
			t.Fatal(err)
		}
		e, err := NewEncoder(schema.Image)
		if err != nil {
			t.Fatal(err)
		}
		want := dataset.NewBuffers(d.Fields(), 3)
		if err := d.Gather(want, 0, []int{0, 1, 2}); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() { checkEncoder(t, e, s, want[0].F32()) })
		}
		wait.Wait()
	}
}

// checkEncoder compares the features of the files of a set with those of a batch.
func checkEncoder(t *testing.T, e *Encoder, s *Set, want []float32) {
	x := make([]float32, e.Len())
	for i := range s.Len() {
		file, err := os.ReadFile(filepath.Join(s.Source, s.Name(i)))
		if err != nil {
			t.Error(err)
			return
		}
		if err := e.File(x, file); err != nil || !slices.Equal(x, want[i*e.Len():(i+1)*e.Len()]) {
			t.Errorf("file %s: %v, or other features", s.Name(i), err)
		}
	}
	if err := e.Image(x, painted(40, 30)); err != nil || !slices.Equal(x, want[e.Len():2*e.Len()]) {
		t.Errorf("image: %v, or other features", err)
	}
}

// TestEncoderOfFlatFeatures: images get the features of the files that a flat model was
// trained on, also where white is less than 255.
func TestEncoderOfFlatFeatures(t *testing.T) {
	for _, c := range []struct {
		scale, shift float32
		white        int
	}{{1.0 / 255, 0, 255}, {1.0 / 16, 0, 16}, {2.0 / 255, -1, 255}} {
		m := &dataset.ImageSchema{Shape: []int{4, 4}, Scale: c.scale, Shift: c.shift}
		e, err := NewEncoder(m)
		if err != nil {
			t.Fatal(err)
		}
		want, x := make([]float32, 16), make([]float32, 16)
		for i := range want {
			want[i] = m.Value(float32(i * c.white / 15))
		}
		gray := m.Picture(want)
		rgba := image.NewRGBA(gray.Bounds())
		draw.Draw(rgba, rgba.Bounds(), gray, image.Point{}, draw.Src)
		for _, picture := range []image.Image{gray, rgba} {
			if err := e.Image(x, picture); err != nil || !slices.Equal(x, want) {
				t.Errorf("%T: %v, %v, want %v", picture, err, x, want)
			}
		}
		if err := e.Image(x, painted(9, 20)); err != nil {
			t.Errorf("another size: %v", err)
		}
	}
	for _, shape := range [][]int{{16}, {2, 2, 4}, {1, 2, 2, 2}} {
		if _, err := NewEncoder(&dataset.ImageSchema{Shape: shape, Scale: 1}); err == nil {
			t.Errorf("an encoder of images %v", shape)
		}
	}
}

func TestEncoderAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	e, err := NewEncoder(&dataset.ImageSchema{Shape: []int{8, 8, 3}, Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Resize: dataset.ResizePad})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, e.Len())
	for _, m := range []image.Image{painted(20, 9), image.NewGray(image.Rect(0, 0, 8, 8)), image.NewYCbCr(image.Rect(0, 0, 31, 40), image.YCbCrSubsampleRatio420)} {
		if n := testing.AllocsPerRun(50, func() { e.Image(x, m) }); n > 0 {
			t.Errorf("%v allocations for a %T", n, m)
		}
	}
	if err := e.Image(x[1:], painted(2, 2)); err == nil || !strings.Contains(err.Error(), "191 features (want 192)") {
		t.Errorf("got %v", err)
	}
}
