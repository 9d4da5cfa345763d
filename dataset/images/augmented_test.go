package images

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// everything is all changes at once.
func everything() Augment {
	return Augment{
		Seed: 4, Crop: 2, Padding: PadReflect, Flip: FlipBoth, Rotate: 20, RandAugment: RandAugment{N: 2, Magnitude: 15},
		Color: Color{0.4, 0.4, 0.4, 0.1}, Cutout: 3, Mixup: 0.3, Cutmix: 1,
	}
}

// noisy is n images of five classes.
func noisy(t testing.TB, n, h, w, c int) *Dataset {
	t.Helper()
	pixels, labels := make([]uint8, n*h*w*c), make([]int32, n)
	for i := range pixels {
		pixels[i] = uint8(i * 7919 >> 4)
	}
	for i := range labels {
		labels[i] = int32(i % 5)
	}
	s, err := NewSet(h, w, c, pixels, labels, []string{"a", "b", "c", "d", "e"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDataset(s, s.Schema(nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func augmented(t testing.TB, d *Dataset, a Augment) *Augmented {
	t.Helper()
	out, err := NewAugmented(d, a)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// gathered are the fields of examples as text, each gathered in groups of a size.
func gathered(t testing.TB, ds dataset.Dataset, indices []int, group int) []string {
	t.Helper()
	out, buf := make([]string, len(indices)), dataset.NewBuffers(ds.Fields(), group+1)
	for lo := 0; lo < len(indices); lo += group {
		part := indices[lo:min(lo+group, len(indices))]
		if err := ds.Gather(buf, 1, part); err != nil {
			t.Error(err)
			return out
		}
		for i := range part {
			for _, b := range buf {
				switch n := b.Shape()[1:].Size(); b.DType() {
				case tensor.F32:
					out[lo+i] += fmt.Sprintf("%x ", b.F32()[(1+i)*n:(2+i)*n])
				default:
					out[lo+i] += fmt.Sprint(b.I32()[1+i], " ")
				}
			}
		}
	}
	return out
}

// TestAugmentedGrouping: an example of an epoch has one set of bits, whatever is gathered
// with it, in whatever order, and by how many at once.
func TestAugmentedGrouping(t *testing.T) {
	for _, c := range []int{1, 3} {
		a := augmented(t, noisy(t, 23, 10, 8, c), everything())
		var indices []int
		for i := range 3 * a.Len() {
			indices = append(indices, i)
		}
		want := gathered(t, a, indices, len(indices))
		var all sync.WaitGroup
		for _, group := range []int{1, 3, 7, 40} {
			all.Go(func() {
				back := slices.Clone(indices)
				slices.Reverse(back)
				for i, got := range gathered(t, a, back, group) {
					if got != want[back[i]] {
						t.Errorf("%d channels: example %d in groups of %d differs", c, back[i], group)
						return
					}
				}
			})
		}
		all.Wait()
		for i := range a.Len() {
			if want[i] == want[i+a.Len()] {
				t.Errorf("example %d is the same in two epochs", i)
			}
		}
	}
}

// TestAugmentedPinned: what a seed means is the same on every machine, in every
// version: runs resume on it.
func TestAugmentedPinned(t *testing.T) {
	resized := everything()
	resized.Crop, resized.ResizedCrop, resized.Seed = 0, 0.2, 5
	h := sha256.New()
	for _, o := range []Augment{everything(), resized} {
		a := augmented(t, noisy(t, 23, 10, 8, 3), o)
		e := a.easels.New().(*easel)
		for epoch := range 4 {
			for i := range a.Len() {
				m := a.paint(e, epoch, i)
				h.Write(e.own.now)
				fmt.Fprintf(h, "%d %x", m.partner, math.Float32bits(m.label))
			}
		}
	}
	if got, want := hex.EncodeToString(h.Sum(nil)[:16]), "d1f94e8ab445bb445c575bdd67a2c886"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestAugmentedOrder: the number of an example carries its epoch, in the order of the
// examples as they are.
func TestAugmentedOrder(t *testing.T) {
	a := augmented(t, noisy(t, 23, 4, 4, 1), Augment{Crop: 1})
	plain, own := dataset.OrderOf(a.Original(), 9), dataset.OrderOf(a, 9)
	for epoch := range 3 {
		for i := range a.Len() {
			if got, want := own.At(epoch, i), plain.At(epoch, i)+epoch*a.Len(); got != want {
				t.Fatalf("place %d of epoch %d: example %d, want %d", i, epoch, got, want)
			}
		}
	}
}

// TestAugmentedZero: nothing to change changes nothing.
func TestAugmentedZero(t *testing.T) {
	d := noisy(t, 6, 5, 7, 3)
	indices := []int{5, 0, 3}
	if got, want := gathered(t, augmented(t, d, Augment{}), indices, 3), gathered(t, d, indices, 3); !slices.Equal(got, want) {
		t.Error("the zero value changes examples")
	}
	if a := (Augment{Flip: FlipNone, Seed: 3}); !a.Zero() || everything().Zero() {
		t.Error("Zero")
	}
}

// TestAugmentedShifts: over epochs an image is seen at every shift and either way
// round, alike.
func TestAugmentedShifts(t *testing.T) {
	const side, pad = 5, 1
	pixels := make([]uint8, side*side)
	for i := range pixels {
		pixels[i] = uint8(i + 1)
	}
	s, err := NewSet(side, side, 1, pixels, []int32{0}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDataset(s, s.Schema(nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	a := augmented(t, d, Augment{Crop: pad, Flip: FlipHorizontal})
	var seen [2 * 9]int
	e := a.easels.New().(*easel)
	for epoch := range 9000 {
		a.paint(e, epoch, 0)
		p := e.own.now[2*side+2] - 1 // the centre
		top, left := int(p)/side-1, int(p)%side-1
		at := 3*top + left
		if e.own.now[2*side+1] > e.own.now[2*side+2] {
			at += 9
		}
		seen[at]++
	}
	uniform(t, "shifts and flips", seen[:])
}

// TestAugmentedMixes: what is mixed is two examples of the epoch, by the share of the label.
func TestAugmentedMixes(t *testing.T) {
	d := noisy(t, 23, 8, 6, 3)
	o := everything()
	mixed := augmented(t, d, o)
	o.Mixup, o.Cutmix = 0, 0
	alone := augmented(t, d, o)
	m, e := mixed.easels.New().(*easel), alone.easels.New().(*easel)
	buf := dataset.NewBuffers(mixed.Fields(), 1)
	for i := range d.Len() {
		how := mixed.paint(m, 2, i)
		alone.paint(e, 2, i)
		own := slices.Clone(e.own.now)
		alone.paint(e, 2, how.partner)
		from := 0 // values that are the partner's
		for k, got := range m.own.now {
			a, b := float64(own[k]), float64(e.own.now[k])
			want := math.Floor(float64(how.label)*a + (1-float64(how.label))*b + 0.5)
			if how.paste {
				want = a
				if y, x := k/3/6, k/3%6; y >= how.box.top && y < how.box.top+how.box.h && x >= how.box.left && x < how.box.left+how.box.w {
					want = b
					from++
				}
			}
			if float64(got) != want {
				t.Fatalf("example %d, %+v: value %d is %d, want %v of %v and %v", i, how, k, got, want, a, b)
			}
		}
		if how.paste && how.label != float32(1-float64(from)/float64(len(own))) {
			t.Errorf("%d values of %d are the partner's, the share is %v", from, len(own), how.label)
		}
		if err := mixed.Gather(buf, 0, []int{2*d.Len() + i}); err != nil {
			t.Fatal(err)
		}
		if y, y2, mix := buf[1].I32()[0], buf[2].I32()[0], buf[3].F32()[0]; y != int32(i%5) || y2 != int32(how.partner%5) || mix != how.label {
			t.Errorf("labels %d and %d, share %v, want %d and %d, %v", y, y2, mix, i%5, how.partner%5, how.label)
		}
	}
}

func TestAugmentedAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	a := augmented(t, noisy(t, 23, 10, 8, 3), everything())
	buf, i := dataset.NewBuffers(a.Fields(), 2), 0
	if n := testing.AllocsPerRun(50, func() {
		if err := a.Gather(buf, 0, []int{i, i + 7}); err != nil {
			t.Fatal(err)
		}
		i++
	}); n > 0.5 {
		t.Errorf("%v allocations for each call", n)
	}
}

// TestAugmentedDigest: the digest is that of the examples and of what is done.
func TestAugmentedDigest(t *testing.T) {
	d, seen := noisy(t, 6, 5, 5, 1), map[string]bool{}
	for _, a := range []Augment{{}, {Crop: 1}, {Crop: 2}, {Crop: 1, Seed: 1}} {
		digest := augmented(t, d, a).Digest()
		if seen[digest] || len(digest) != 32 {
			t.Errorf("%+v: digest %s", a, digest)
		}
		seen[digest] = true
	}
}

// TestPresets: they fit images of any size, and say what they do.
func TestPresets(t *testing.T) {
	for _, side := range []int{2, 8, 28, 32, 64, 96, 224} {
		for _, name := range []string{AugmentNone, AugmentLight, AugmentStandard, AugmentStrong} {
			a, err := Preset(name, side, side+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Validate(side, side+1); err != nil {
				t.Errorf("%s for %d: %v", name, side, err)
			}
			if (a.String() == "none") != (name == AugmentNone) {
				t.Errorf("%s for %d: %v", name, side, a)
			}
		}
	}
	if a, _ := Preset(AugmentStandard, 32, 32); a.String() != "crop 4, flip horizontal" {
		t.Error(a)
	}
	if _, err := Preset("heavy", 32, 32); err == nil || !strings.Contains(err.Error(), "want none, light, standard or strong") {
		t.Error(err)
	}
}

// TestAugmentFaults: all mistakes are told at once.
func TestAugmentFaults(t *testing.T) {
	err := Augment{
		Crop: 8, Padding: "mean", ResizedCrop: 1.5, Flip: "left", Rotate: 181, RandAugment: RandAugment{17, 31}, Color: Color{-1, math.NaN(), 99, 0.6},
		Cutout: 99, Mixup: 1e-9, Cutmix: -1,
	}.Validate(8, 9)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"crop of 8 (want 0 to 7", "padding of mean (want zeros or reflect)", "resized crop of 1.5 (want", "crop of 8 (want none beside",
		"flip of left (want none, horizontal", "rotation of 181 (want", "randaugment n of 17", "magnitude of 31", "brightness of -1", "contrast of NaN",
		"saturation of 99", "hue of 0.6", "cutout of 99", "mixup of 1e-09", "cutmix of -1",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if _, err := NewAugmented(noisy(t, 6, 4, 4, 1), Augment{Crop: 4}); err == nil {
		t.Error("a border as large as the image")
	}
}
