package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/train"
)

// barPhotos writes n images of 10 by 10 pixels for each class: a bright bar, lying or
// standing, or a bright square.
func barPhotos(t *testing.T, dir string, n int, classes ...string) string {
	t.Helper()
	r := rand.New(rand.NewPCG(7, uint64(n)))
	for _, class := range classes {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			w, h := map[string]int{"lying": 8, "standing": 2, "square": 4}[class], map[string]int{"lying": 2, "standing": 8, "square": 4}[class]
			barPicture(t, filepath.Join(dir, class, fmt.Sprint(i, ".png")), r, w, h)
		}
	}
	return dir
}

// barPicture writes noise with a bright rectangle somewhere.
func barPicture(t *testing.T, path string, r *rand.Rand, w, h int) {
	t.Helper()
	const side = 10
	x0, y0 := r.IntN(side-w+1), r.IntN(side-h+1)
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			v := uint8(r.IntN(80))
			if x >= x0 && x < x0+w && y >= y0 && y < y0+h {
				v += 150
			}
			m.Set(x, y, color.RGBA{v, v, uint8(r.IntN(255)), 255})
		}
	}
	f, err := os.Create(path)
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

// TestImagesWithoutConfiguration: a folder is trained on, inspected and written down as a
// configuration that does the same; the choices are told.
func TestImagesWithoutConfiguration(t *testing.T) {
	dir := t.TempDir()
	data := barPhotos(t, filepath.Join(dir, "bars"), 20, "lying", "square", "standing")
	out := filepath.Join(dir, "run")
	stdout, stderr := mustCall(t, "train", "--data", data, "--out", out, "--json", "--set", "budget=2ep")
	for _, want := range []string{"data: train 42, val 6, test 12 images of 10x10, rgb; 3 classes", "note: model auto: resnet20, for 42 images of 10x10", "note: augment auto: crop 1, flip horizontal", "accuracy", " images in ", " img/s"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("train does not say %q:\n%s", want, stderr)
		}
	}
	yaml := filepath.Join(dir, "bars.yaml")
	mustCall(t, "init", data, "--out", yaml, "--set", "budget=2ep")
	again, _ := mustCall(t, "train", yaml, "--out", filepath.Join(dir, "again"), "--json", "--quiet")
	if a, b := summary(t, stdout), summary(t, again); a.Fingerprint != b.Fingerprint {
		t.Errorf("by the configuration: fingerprint %s, and without it %s", b.Fingerprint, a.Fingerprint)
	}
	if text, err := os.ReadFile(yaml); err != nil || !strings.Contains(string(text), "#   model auto: resnet20") || !strings.Contains(string(text), "augment: {crop: 1, flip: horizontal}") {
		t.Errorf("init writes %v\n%s", err, text)
	}
	if said, _ := mustCall(t, "inspect", data); !strings.Contains(said, "image: (10, 10, 3), pixels with mean") || !strings.Contains(said, "note: model auto") {
		t.Errorf("inspect says\n%s", said)
	}
	if said, _ := mustCall(t, "eval", out); !strings.Contains(said, "test: 12 examples") {
		t.Errorf("eval says\n%s", said)
	}
}

// smallNet is a configuration of images that is trained in a moment.
func smallNet(t *testing.T, dir, data string) string {
	return write(t, dir, "net.yaml", "name: net\ndata: {train: "+data+", split: {test: 20%}}\n"+
		"model: [{conv2d: {out: 8, padding: same, bias: false}}, batchnorm, relu, {max_pool2d: 2}, {conv2d: 8}, relu, global_max_pool, {dense: auto}]\n"+
		"optimizer: {adam: {lr: 1e-2}}\nbatch: 16\nbudget: 30ep\nexec: {threads: 1}\n")
}

// TestFineTuneImages: a net of three classes starts a net of two with its trunk, which
// may be frozen; its last layer is new.
func TestFineTuneImages(t *testing.T) {
	dir := t.TempDir()
	first, second := barPhotos(t, filepath.Join(dir, "first"), 40, "lying", "square", "standing"), barPhotos(t, filepath.Join(dir, "second"), 15, "lying", "standing")
	third := filepath.Join(dir, "third")
	for old, name := range map[string]string{"lying": "flat", "standing": "tall"} {
		if err := os.MkdirAll(third, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(third, name), os.DirFS(filepath.Join(second, old))); err != nil {
			t.Fatal(err)
		}
	}
	base := filepath.Join(dir, "base")
	stdout, _ := mustCall(t, "train", smallNet(t, dir, first), "--out", base, "--quiet", "--json")
	if accuracy := value(summary(t, stdout).Test, "accuracy"); accuracy < 0.9 {
		t.Errorf("accuracy %v", accuracy)
	}
	tune := func(data, out string, more ...string) (*train.RunDir, string) {
		_, said := mustCall(t, append([]string{"train", "--from", base, "--data", data, "--out", filepath.Join(dir, out), "--set", "budget=2ep"}, more...)...)
		r, err := train.OpenRun(filepath.Join(dir, out))
		if err != nil {
			t.Fatal(err)
		}
		return r, said
	}
	trained, err := train.OpenRun(base)
	if err != nil {
		t.Fatal(err)
	}
	known, said := tune(second, "known")
	if strings.Contains(said, "starts anew") || known.Params["7.weight"].Shape()[0] != 3 {
		t.Errorf("of classes that the model knows: %v\n%s", known.Params["7.weight"], said)
	}
	renamed, said := tune(third, "renamed", "--set", `freeze=["0.*", "4.*"]`)
	if !strings.Contains(said, "note: the last layer starts anew: the classes are flat, tall, and those of the model lying, square, standing") {
		t.Errorf("of other classes:\n%s", said)
	}
	if got := renamed.Params["7.weight"].Shape(); got[0] != 2 {
		t.Errorf("the last layer is %v", got)
	}
	for name, same := range map[string]bool{"0.weight": true, "4.weight": true, "1.weight": false} {
		if slices.Equal(trained.Params[name].F32(), renamed.Params[name].F32()) != same {
			t.Errorf("%s: unchanged is %v, want %v", name, !same, same)
		}
	}
	if said, _ := mustCall(t, "eval", filepath.Join(dir, "renamed")); !strings.Contains(said, "test: 6 examples") {
		t.Errorf("eval says\n%s", said)
	}
}

// TestImageMistakes: what is no images, and images of one class, are refused in words.
func TestImageMistakes(t *testing.T) {
	dir := t.TempDir()
	one := barPhotos(t, filepath.Join(dir, "one"), 3, "lying")
	empty := t.TempDir()
	for _, c := range []struct{ data, want string }{
		{one, `images of one class only, "lying"`},
		{empty, "no data in this folder (want a folder of images for each class"},
		{filepath.Join(one, "lying"), "images in no folder (want a folder of images for each class"},
	} {
		code, _, stderr := call("train", "--data", c.data, "--out", filepath.Join(dir, "run"))
		if code == 0 || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") > 3 {
			t.Errorf("%s: %d, %s\nwant %s", c.data, code, stderr, c.want)
		}
	}
}

// TestImagesByPattern: images that are named one by one, or by a pattern in quotes or
// without, are refused with what to say instead.
func TestImagesByPattern(t *testing.T) {
	dir := t.TempDir()
	photos := barPhotos(t, filepath.Join(dir, "photos"), 3, "lying", "standing")
	found, _ := filepath.Glob(filepath.Join(photos, "lying", "*"))
	if len(found) < 3 {
		t.Fatalf("images %v", found)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{found[0]}, "is one image (want a folder that has a folder of images for each class; to tell what is on it: descent predict"},
		{[]string{filepath.Join(photos, "*")}, "(want the folder that they are in: --data " + photos + ")"},
		{[]string{filepath.Join(photos, "lying", "*")}, "is images, such as " + found[0]},
		{[]string{filepath.Join(photos, "lying"), filepath.Join(photos, "standing")}, "--data takes one path"},
		{found, "--data takes one path"},
	} {
		code, _, stderr := call(append([]string{"train", "--out", filepath.Join(dir, "run"), "--data"}, c.args...)...)
		if code != exitUsage || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") > 1 {
			t.Errorf("%s: %d, %s\nwant %s", c.args, code, stderr, c.want)
		}
	}
}

// TestOtherImagesForCIFAR: the example of CIFAR-10 takes a folder for each class, but
// not one of many data sets.
func TestOtherImagesForCIFAR(t *testing.T) {
	dir := t.TempDir()
	photos := barPhotos(t, filepath.Join(dir, "photos"), 3, "lying", "standing")
	stdout, _ := mustCall(t, "inspect", "cifar-resnet20", "--data", photos, "--set", "batch=4")
	if !strings.Contains(stdout, "format: images") {
		t.Errorf("inspect says\n%s", stdout)
	}
	if err := os.Mkdir(filepath.Join(dir, "tables"), 0o755); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call("inspect", "cifar-resnet20", "--data", dir); code != exitUsage || !strings.Contains(stderr, "needs cifar-10-batches-bin") {
		t.Errorf("of a folder of data sets: %d, %s", code, stderr)
	}
}

func TestImageOptimizer(t *testing.T) {
	for model, want := range map[string]string{
		"":               "sgd",
		"model=auto":     "sgd",
		"model=resnet20": "sgd",
		"model=lenet":    "adamw",
		"model=[{conv2d: {out: 8, kernel: 3}}, batchnorm, flatten, {dense: auto}]": "sgd",
		"model=[{conv2d: {out: 8, kernel: 3}}, relu, flatten, {dense: auto}]":      "adamw",
	} {
		if got := imageOptimizer([]string{"seed=1", model}); !strings.HasPrefix(got, "{"+want+":") {
			t.Errorf("%q: %s, want %s", model, got, want)
		}
	}
}
