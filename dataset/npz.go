package dataset

import (
	"archive/zip"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/descent-ml/descent/tensor"
)

// splitNPZ tells an array in an archive of NumPy, FILE.npz/NAME.npy, from a
// file.
func splitNPZ(path string) (archive, member string, ok bool) {
	dir, name := filepath.Split(path)
	dir = strings.TrimRight(dir, string(filepath.Separator)+"/")
	return dir, name, strings.HasSuffix(strings.ToLower(dir), ".npz")
}

// readNPZ reads an array of an archive.
func readNPZ(archive, member string) (*tensor.Tensor, error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", archive, err)
	}
	defer z.Close()
	i := slices.IndexFunc(z.File, func(f *zip.File) bool { return f.Name == member })
	if i < 0 {
		var names []string
		for _, f := range z.File {
			names = append(names, f.Name)
		}
		return nil, fmt.Errorf("dataset: %s: no array %s (got %s)", archive, member, shortList(names))
	}
	f, err := z.File[i].Open()
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %s: %w", archive, member, err)
	}
	defer f.Close()
	t, err := ParseNPY(f)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %s: %w", archive, member, err)
	}
	return t, nil
}

// HasNPZ reports whether an archive of NumPy has an array of the given name.
func HasNPZ(archive, member string) bool {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return false
	}
	defer z.Close()
	return slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == member })
}
