package main

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSheet: inspect paints what training sees of a folder's images, and says why it
// does not where nothing is changed.
func TestSheet(t *testing.T) {
	dir := t.TempDir()
	data, path := barPhotos(t, filepath.Join(dir, "bars"), 20, "lying", "square", "standing"), filepath.Join(dir, "sheet.png")
	said, _ := mustCall(t, "inspect", data, "--sheet", path)
	if !strings.Contains(said, "sheet.png: 10 images as they are, and in epochs 1 to 10") {
		t.Errorf("inspect says\n%s", said)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	// Images of 10 by 10 are shown six times as large, with gaps of 4.
	if got := picture.Bounds().Size(); got.X != 11*64+8 || got.Y != 10*64+4 {
		t.Errorf("the sheet is %v", got)
	}
	for _, c := range []struct{ what, set, want string }{
		{data, "data.augment=none", "these are not (data.augment: standard)"},
		{data, "data.augment={crop: 10}", "crop of 10 (want 0 to 9 pixels of padding)"},
	} {
		code, _, stderr := call("inspect", c.what, "--set", c.set, "--sheet", path)
		if code != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: %d, %s\nwant %s", c.set, code, stderr, c.want)
		}
	}
}

// TestExplainImages: the examples of an update are named by their files, in any epoch.
func TestExplainImages(t *testing.T) {
	dir := t.TempDir()
	data, out := barPhotos(t, filepath.Join(dir, "bars"), 5, "lying", "square"), filepath.Join(dir, "run")
	mustCall(t, "train", smallNet(t, dir, data), "--out", out, "--quiet", "--set", "budget=2ep", "--set", "data.augment={crop: 1}", "--set", "batch=4")
	said, _ := mustCall(t, "explain", out, "--update", "4")
	if !strings.Contains(said, "loss and norm are those of the run, bit for bit") || strings.Count(said, ".png") != 4 {
		t.Errorf("explain says\n%s", said)
	}
}
