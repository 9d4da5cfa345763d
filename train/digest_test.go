package train

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/tensor"
)

// edited is data in which one element of one field of an example differs.
type edited struct {
	dataset.Dataset
	field, example int
}

func (e edited) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	err := e.Dataset.Gather(dst, row, indices)
	for i, x := range indices {
		if x != e.example {
			continue
		}
		if y := dst[e.field].I32(); y != nil {
			y[row+i] = (y[row+i] + 1) % 3
		} else {
			dst[e.field].F32()[(row+i)*dst[e.field].Size()/dst[e.field].Shape()[0]] += 0.5
		}
	}
	return err
}

func digest(t testing.TB, ds dataset.Dataset) string {
	t.Helper()
	d, err := Digest(ds)
	if err != nil || len(d) != 32 {
		t.Fatalf("digest %q, %v", d, err)
	}
	return d
}

// TestDigest: every field of every example counts, in the first block, at its
// edges and in the last; equal data are equal.
func TestDigest(t *testing.T) {
	ds := blobs(t, 2*digestRows+37, 1)
	want := digest(t, ds)
	if again := digest(t, blobs(t, 2*digestRows+37, 1)); again != want {
		t.Errorf("the same data has the digests %s and %s", want, again)
	}
	seen := map[string]string{want: "the data"}
	for field, f := range ds.Fields() {
		for _, example := range []int{0, digestRows - 1, digestRows, 2*digestRows + 36} {
			d := digest(t, edited{ds, field, example})
			if with := seen[d]; with != "" {
				t.Errorf("an edit of %s of example %d has the digest of %s", f.Name, example, with)
			}
			seen[d] = f.Name
		}
	}
	if digest(t, blobs(t, 2*digestRows+36, 1)) == want {
		t.Error("an example less has the same digest")
	}
}

func TestDigestOfDataThatFails(t *testing.T) {
	ds := failing{blobs(t, 2*digestRows, 1), 50}
	if d, err := Digest(ds); err == nil || d != "" {
		t.Errorf("digest %q, %v; want an error", d, err)
	}
}

// TestResumeRefusesEditedData: as many examples, but not the same.
func TestResumeRefusesEditedData(t *testing.T) {
	c := resumable(t)
	fit(t, stopAfter(c, 9))
	c.Resume = true
	for what, change := range map[string]func(*Config){
		"data": func(c *Config) { c.Data = edited{c.Data, 0, 20} },
		"val":  func(c *Config) { c.Val = edited{c.Val, 1, 3} },
	} {
		changed := c
		change(&changed)
		if _, err := Fit(context.Background(), changed); err == nil || !strings.Contains(err.Error(), what+` is "`) || !strings.Contains(err.Error(), "digest") {
			t.Errorf("%s edited: got %v, want a refusal", what, err)
		}
	}
	if run := fit(t, c); run.Summary.Updates != 24 {
		t.Errorf("with the data as it was the run ended at update %d, want 24", run.Summary.Updates)
	}
	r, err := OpenRun(c.Out)
	if err != nil || r.Data != digest(t, c.Data) {
		t.Errorf("the run is of data %q, %v; want %q", r.Data, err, digest(t, c.Data))
	}
}

func BenchmarkDigest(b *testing.B) {
	ds := memory(b, dataset.Column{Name: "x", Data: tensor.New(tensor.F32, 60000, 784)}, dataset.Column{Name: "y", Data: tensor.New(tensor.I32, 60000)})
	for b.Loop() {
		digest(b, ds)
	}
}

// failing is data that cannot be read at an example.
type failing struct {
	dataset.Dataset
	at int
}

func (f failing) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if slices.Contains(indices, f.at) {
		return errors.New("torn page")
	}
	return f.Dataset.Gather(dst, row, indices)
}
