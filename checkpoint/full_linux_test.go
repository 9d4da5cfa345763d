package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/descent-ml/descent/tensor"
)

// On a full disk a write fails with its cause, leaves nothing behind, and the
// checkpoint that was there stays good.
func TestDiskFull(t *testing.T) {
	dir, page := t.TempDir(), os.Getpagesize() // 4 KiB on most: a disk of 64
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", 16*page)); err != nil {
		t.Skipf("cannot mount a tmpfs to fill: %v (run as root)", err)
	}
	defer syscall.Unmount(dir, 0)
	d := Dir{Path: dir}
	small := save(t, d, 1, 1)
	before, _ := os.ReadFile(small)

	big := stateAt(2)
	for _, pages := range []int{15, 16, 256} { // too much by the header, by the old file, by far
		big.Tensors["big"] = tensor.New(tensor.U8, pages*page)
		path, err := d.Save(big)
		if !errors.Is(err, syscall.ENOSPC) || path != "" || !strings.Contains(err.Error(), FileName(2)) {
			t.Fatalf("%d pages: got %q, %v; want ENOSPC and the file's name", pages, path, err)
		}
		if err := Write(small, big); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%d pages over the old file: got %v, want ENOSPC", pages, err)
		}
		if got, want := names(t, dir), []string{BestName, FileName(1)}; !slices.Equal(got, want) {
			t.Fatalf("%d pages: left %v, want %v", pages, got, want)
		}
	}
	if after, _ := os.ReadFile(small); !bytes.Equal(after, before) {
		t.Error("the old file has changed")
	}
	if s, _, skipped, err := d.Latest(); err != nil || skipped != nil || s.Update != 1 {
		t.Errorf("latest: got %v, skipped %v, %v", s, skipped, err)
	}
	big.Tensors["big"] = tensor.New(tensor.U8, 14*page)
	if _, err := d.Save(big); err != nil {
		t.Errorf("what fits: %v", err)
	}
}
