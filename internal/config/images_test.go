package config

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/train"
)

// writePhotos writes n images of side by side pixels for each class, which is their
// brighter half: top, bottom, left or right.
func writePhotos(t *testing.T, dir string, n, side int, classes ...string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for _, class := range classes {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			m := image.NewRGBA(image.Rect(0, 0, side, side))
			for y := range side {
				for x := range side {
					bright := map[string]bool{"top": 2*y < side, "bottom": 2*y >= side, "left": 2*x < side, "right": 2*x >= side}[class]
					v := uint8(r.IntN(100))
					if bright {
						v += 120
					}
					m.Set(x, y, color.RGBA{v, uint8(r.IntN(255)), v / 2, 255})
				}
			}
			f, err := os.Create(filepath.Join(dir, class, fmt.Sprintf("%03d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, m); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var sides4 = []string{"bottom", "left", "right", "top"}

// TestImages: a folder of folders becomes images of one size, parts are taken from
// beside them or split off by class, and the configuration that is printed gives the
// same.
func TestImages(t *testing.T) {
	flat, parted := t.TempDir(), t.TempDir()
	writePhotos(t, flat, 10, 8, sides4...)
	writePhotos(t, filepath.Join(parted, "train"), 6, 8, sides4...)
	writePhotos(t, filepath.Join(parted, "val"), 2, 8, sides4...)
	writePhotos(t, filepath.Join(parted, "test"), 3, 8, sides4...)
	for _, c := range []struct{ data, lengths string }{
		{"train: " + flat, "40 -1 -1"},
		{"train: " + flat + ", split: {by: stratified, val: 10%, test: 20%}", "28 4 8"},
		{"train: " + flat + ", split: {by: auto, folds: 5, fold: 1}", "32 -1 8"},
		{"train: " + parted, "24 8 12"},
		{"train: " + parted + ", split: {val: 25%}", "18 6 12"},
		{"train: " + parted + ", test: " + flat, "24 8 40"},
		{"train: " + flat + ", val: " + parted, "40 8 -1"},
	} {
		conf := mustParse(t, "data: {"+c.data+"}\nmodel: [{conv2d: 4}, relu, global_avg_pool, {dense: auto}]")
		s, err := conf.Load(nil)
		if err != nil {
			t.Errorf("%s: %v", c.data, err)
			continue
		}
		if got := lengths(s); got != c.lengths {
			t.Errorf("%s: %s, want %s", c.data, got, c.lengths)
		}
		if got := s.Schema.Target.Classes; strings.Join(got, " ") != strings.Join(sides4, " ") || conf.Data.Format != formatImages || conf.Data.Image.Size != [2]int{8, 8} {
			t.Errorf("%s: classes %q in\n%s", c.data, got, conf.YAML())
		}
		again := mustParse(t, string(conf.YAML()))
		s2, err := again.Load(s.Schema)
		if err != nil || lengths(s2) != c.lengths {
			t.Errorf("%s, resolved: %v", c.data, err)
			continue
		}
		a, errA := train.Digest(s.Train)
		b, errB := train.Digest(s2.Train)
		if errA != nil || errB != nil || a != b {
			t.Errorf("%s: resolved, the training data are others", c.data)
		}
	}
}

// TestMovedImages: a resolved configuration takes other images with the parts that
// they bring.
func TestMovedImages(t *testing.T) {
	from, flat := t.TempDir(), t.TempDir()
	writePhotos(t, filepath.Join(from, "train"), 2, 8, sides4...)
	writePhotos(t, filepath.Join(from, "test"), 1, 8, sides4...)
	writePhotos(t, flat, 3, 8, sides4...)
	c := mustParse(t, "data: {train: "+from+"}\nmodel: [flatten, {dense: auto}]")
	if s, err := c.Load(nil); err != nil || lengths(s) != "8 -1 4" {
		t.Fatal(s, err)
	}
	c.SetData(flat)
	if s, err := c.Load(nil); err != nil || lengths(s) != "12 -1 -1" {
		t.Errorf("without parts: %v, %v", s, err)
	}
	c.SetData(from)
	if s, err := c.Load(nil); err != nil || lengths(s) != "8 -1 4" {
		t.Errorf("with parts: %v, %v", s, err)
	}
}

// TestImageForms: arrays are flat unless something is said of images.
func TestImageForms(t *testing.T) {
	dir := t.TempDir()
	writeIDX(t, dir, "train", 20)
	for _, c := range []struct{ rest, fields string }{
		{"", "x f32 (4)"},
		{"model: [{dense: auto}]", "x f32 (4)"},
		{"model: [{conv2d: 2}, flatten, {dense: auto}]", "x f32 (2, 2, 1)"},
		{"model: [{residual: [{conv2d: {out: 1, padding: same}}]}, flatten, {dense: auto}]", "x f32 (2, 2, 1)"},
		{"model: [{reshape: [2, 2, 1]}, {conv2d: 2}, flatten, {dense: auto}]", "x f32 (4)"},
		{"model: auto", "x f32 (2, 2, 1)"},
	} {
		s, err := mustParse(t, "data: {train: "+dir+"}\n"+c.rest).Load(nil)
		if err != nil || s.Train.Fields()[0].String() != c.fields {
			t.Errorf("%s: %v, %v; want %s", c.rest, s, err, c.fields)
		}
	}
	s, err := mustParse(t, "data: {train: "+dir+", augment: {crop: 1, mixup: 0.2}}\nmodel: [flatten, {dense: auto}]").Load(nil)
	if err != nil || len(s.Train.Fields()) != 4 {
		t.Errorf("augmented: %v, %v", s, err)
	}
}

// TestImageMistakes: what cannot be images is told with what to do.
func TestImageMistakes(t *testing.T) {
	dir, one, empty := t.TempDir(), t.TempDir(), t.TempDir()
	writePhotos(t, dir, 3, 8, "top", "left")
	writePhotos(t, one, 3, 8, "top")
	bad := t.TempDir()
	writePhotos(t, bad, 3, 8, "top", "left")
	if err := os.WriteFile(filepath.Join(bad, "top", "broken.png"), []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"data: {train: " + one + "}", `one class only, "top"`},
		{"data: {train: " + empty + "}", "no data in this folder (want a folder of images for each class"},
		{"data: {train: " + bad + "}", "(data.image.corrupt: skip leaves out such files)"},
		{"data: {train: " + dir + ", target: y}", "data.target is about the columns of a table, and images have none"},
		{"data: {train: " + dir + ", val: " + dir + ", test: " + one + "}\nloss: bce", "loss bce wants values"},
		{"data: {train: " + dir + "}\nmodel: {auto: 8}", "ensembles are for tables"},
		{"data: {train: " + dir + ", augment: {crop: 9}}", "crop"},
		{"data: {train: " + dir + ", split: {by: group, column: x, test: 10%}}", "data.split.by is group"},
	} {
		_, err := mustParse(t, c.text).Load(nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.text, err, c.want)
		}
	}
	s, err := mustParse(t, "data: {train: "+bad+", image: {corrupt: skip}}").Load(nil)
	if err != nil || s.Train.Len() != 6 || len(s.Notes) == 0 || !strings.Contains(s.Notes[0], "left out: ") {
		t.Errorf("skipped: %v, %v", s, err)
	}
}

// TestAutoImages: what is chosen without a word, and why.
func TestAutoImages(t *testing.T) {
	for _, c := range []struct {
		shape       []int
		rows        int
		first, last string
		layers      int
	}{
		{[]int{28, 28, 1}, 54000, "conv2d", "dense", 11},
		{[]int{32, 32, 3}, 4000, "resnet20", "resnet20", 1},
		{[]int{32, 32, 3}, 45000, "resnet20", "resnet20", 1},
		{[]int{96, 128, 3}, 3000, "conv2d", "dense", 23},
	} {
		conf := mustParse(t, "data: {train: x}\nmodel: auto")
		s := &Sets{Schema: &dataset.Schema{Image: &dataset.ImageSchema{Shape: c.shape}, Rows: c.rows}}
		conf.autoImages(s)
		if m := conf.Model; m[0].Kind != c.first || m[len(m)-1].Kind != c.last || len(m) != c.layers || len(s.Notes) != 1 {
			t.Errorf("%v of %d: %d layers\n%s\n%v", c.shape, c.rows, len(m), conf.YAML(), s.Notes)
		}
		roundTrip(t, mustParse(t, string(conf.YAML())))
	}
	for _, c := range []struct {
		images, batch int
		epochs        float64
	}{{20, 20, 60}, {1000, 32, 60}, {5000, 32, 32}, {54000, 128, 12}} {
		conf := Default()
		conf.sizedImages = true
		if conf.settleLength(c.images); conf.Batch != c.batch || conf.Budget.N != c.epochs {
			t.Errorf("%d images: batches of %d, %v", c.images, conf.Batch, conf.Budget)
		}
	}
	for shape, want := range map[[3]int]string{{28, 28, 1}: "crop 2", {32, 32, 3}: "crop 4, flip horizontal"} {
		a := Augment{Preset: augmentAuto}
		if err := a.settle(shape[:]); err != nil || a.Options.String() != want {
			t.Errorf("%v: %v, %v", shape, a.Options, err)
		}
	}
}
