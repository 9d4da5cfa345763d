package descent_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/descent-ml/descent"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/train"
)

// drawing returns an image of a disc or a square, in colours of a seed.
func drawing(disc bool, size int, seed uint64) *image.RGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	dark, light := uint8(r.IntN(100)), uint8(155+r.IntN(100))
	m := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			c := color.RGBA{dark, uint8(x * 90 / size), dark, 255}
			dx, dy := 2*x-size, 2*y-size
			if disc && dx*dx+dy*dy < size*size/2 || !disc && max(dx, -dx, dy, -dy) < size*5/8 {
				c = color.RGBA{light, light, uint8(y * 90 / size), 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

// trainOnPhotos trains a small convolutional net on JPEG files of discs and squares of
// several sizes, and returns the run directory.
func trainOnPhotos(folder, model string) (run string, c *config.Config, sets *config.Sets, err error) {
	for i := range 120 {
		name := filepath.Join(folder, "photos", []string{"square", "disc"}[i%2], fmt.Sprint(i, ".jpg"))
		var b bytes.Buffer
		if err := jpeg.Encode(&b, drawing(i%2 == 1, 12+i%5, uint64(i)), nil); err != nil {
			return "", nil, nil, err
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return "", nil, nil, err
		}
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			return "", nil, nil, err
		}
	}
	if c, err = config.Parse("photos", nil, "data.train="+filepath.Join(folder, "photos"), "data.image={size: 12}", "data.split.test=20%", "model="+model,
		"batch=16", "budget=25ep", "optimizer={adam: {lr: 1e-2}}", "exec.threads=1"); err != nil {
		return "", nil, nil, err
	}
	if sets, err = c.Load(nil); err != nil {
		return "", nil, nil, err
	}
	cfg, err := c.BuildTrain(sets)
	if err != nil {
		return "", nil, nil, err
	}
	cfg.Out = filepath.Join(folder, "run")
	_, err = train.Fit(context.Background(), cfg)
	return cfg.Out, c, sets, err
}

// convNet is small enough to be trained in a moment.
const convNet = "[{conv2d: {out: 8, kernel: 3}}, relu, {max_pool2d: 2}, flatten, {dense: auto}]"

// A predictor takes an image of any size, or a file that has one.
func ExamplePredictor_Predict_images() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	run, _, _, err := trainOnPhotos(folder, convNet)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := descent.Load(run)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()

	out, err := p.Predict(drawing(true, 200, 1000)) // an image.Image
	fmt.Println(out.Class, out.Probabilities[out.Index] > 0.9, err)

	var file bytes.Buffer // such as what a client has sent
	if err := jpeg.Encode(&file, drawing(false, 90, 1001), nil); err != nil {
		fmt.Println(err)
		return
	}
	out, err = p.Predict(descent.ImageFile(file.Bytes()))
	fmt.Println(out.Class, err)
	_, err = p.Predict(descent.ImageFile("no image"))
	fmt.Println(err)
	// Output:
	// disc true <nil>
	// square <nil>
	// descent: images: not an image: it begins with "no image" (want JPEG, PNG, GIF, BMP, TIFF or WebP)
}

// TestPredictorOfPhotos: files and images get the bits of an evaluation of the folder
// that they are in, from many goroutines at once, by convolutional and by flat nets.
func TestPredictorOfPhotos(t *testing.T) {
	for name, model := range map[string]string{"convolutional": convNet, "flat": "[flatten, {dense: 8}, relu, {dense: auto}]"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			run, c, sets, err := trainOnPhotos(folder, model)
			if err != nil {
				t.Fatal(err)
			}
			p, err := descent.Load(run)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			want := scores(t, run, c, sets)
			all, err := c.Encode(c.Data.Train, "test", sets.Schema)
			if err != nil {
				t.Fatal(err)
			}
			var wait sync.WaitGroup
			for worker := range 4 {
				wait.Go(func() {
					for i := worker; i < all.Len(); i += 4 {
						checkPhoto(t, p, filepath.Join(folder, "photos", dataset.NameOf(all, i)), sets.Schema, want[i])
					}
				})
			}
			wait.Wait()
			var out descent.Prediction
			m := drawing(true, 40, 1)
			if err := p.PredictInto(&out, m); err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(20, func() { p.PredictInto(&out, m) }); n > 0 && !raceEnabled {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// checkPhoto predicts for a file and for the image in it.
func checkPhoto(t *testing.T, p *descent.Predictor, path string, s *dataset.Schema, want []float32) {
	file, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	m, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		t.Error(err)
		return
	}
	for _, row := range []any{m, descent.ImageFile(file)} {
		if got, err := p.Predict(row); err != nil || !same(&got, s, want) {
			t.Errorf("%s as %T: %+v, %v, scores %v", path, row, got, err, want)
		}
	}
}
