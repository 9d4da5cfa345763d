package images

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// extensions are those of files that are read as images, in small letters.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"}

// IsImage reports whether a file has the extension of an image, in letters of any case.
func IsImage(name string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(name)))
}

// partNames are what folders of parts are called, in letters of any case.
var partNames = map[string]int{
	"train": 0, "training": 0,
	"val": 1, "valid": 1, "validation": 1, "dev": 1,
	"test": 2, "testing": 2,
}

// listing is the files of a folder of classes.
type listing struct {
	dir     string
	classes []string // sorted by bytes
	files   []file   // by class, then by path
	loose   int      // images in no folder of a class
	empty   []string // folders without images
}

// file is one of them.
type file struct {
	path     string // below dir, with slashes
	class    int32
	size     int64
	modified int64 // nanoseconds since 1970
}

// listParts lists the files of a folder with the parts of data, or of a folder of
// classes, which are then those of the first part.
func listParts(dir string) (parts [3]*listing, err error) {
	for {
		folders, images, err := contents(dir)
		if err != nil {
			return parts, err
		}
		if allParts(folders) {
			return listEach(dir, folders)
		}
		inner := ""
		if len(folders) == 1 && images == 0 {
			if sub, _, err := contents(filepath.Join(dir, folders[0])); err == nil && len(sub) > 1 {
				inner = folders[0]
			}
		}
		if inner == "" {
			parts[0], err = list(dir)
			return parts, err
		}
		dir = filepath.Join(dir, inner) // a folder around all, as archives have it
	}
}

// allParts reports whether all folders are parts, and one is that of training.
func allParts(folders []string) bool {
	train := false
	for _, name := range folders {
		part, ok := partNames[strings.ToLower(name)]
		if !ok {
			return false
		}
		train = train || part == 0
	}
	return train
}

func listEach(dir string, folders []string) (parts [3]*listing, err error) {
	for _, name := range folders {
		part := partNames[strings.ToLower(name)]
		if parts[part] != nil {
			return parts, fmt.Errorf("images: %s has two folders for the same part: %s and %s", dir, filepath.Base(parts[part].dir), name)
		}
		if parts[part], err = list(filepath.Join(dir, name)); err != nil {
			return parts, err
		}
	}
	return parts, nil
}

// contents returns the folders in a folder, sorted by bytes, and counts the images.
// What is hidden is not there.
func contents(dir string) (folders []string, images int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0, fmt.Errorf("images: %w", err)
	}
	for _, e := range entries {
		switch info, err := os.Stat(filepath.Join(dir, e.Name())); {
		case hidden(e.Name()):
		case err != nil:
			return nil, 0, fmt.Errorf("images: %w", err)
		case info.IsDir():
			folders = append(folders, e.Name())
		case IsImage(e.Name()):
			images++
		}
	}
	return folders, images, nil
}

// hidden reports whether a name is that of a hidden file or of what systems leave behind.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }

// list lists the folders of classes in a folder. What lies deeper belongs to the
// class of the first folder. Symbolic links are followed.
func list(dir string) (*listing, error) {
	folders, loose, err := contents(dir)
	if err != nil {
		return nil, err
	}
	l := &listing{dir: dir, loose: loose}
	for _, name := range folders {
		before := len(l.files)
		if err := l.walk(name, int32(len(l.classes)), nil); err != nil {
			return nil, err
		}
		if len(l.files) == before {
			l.empty = append(l.empty, name)
			continue
		}
		l.classes = append(l.classes, name)
	}
	return l, nil
}

// walk adds the images of a folder below dir. around are the folders that it is in: a
// link to one of them would have no end.
func (l *listing) walk(folder string, class int32, around []os.FileInfo) error {
	at := filepath.Join(l.dir, filepath.FromSlash(folder))
	info, err := os.Stat(at)
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	if slices.ContainsFunc(around, func(f os.FileInfo) bool { return os.SameFile(f, info) }) {
		return fmt.Errorf("images: %s is a link to a folder that it is in", at)
	}
	around = append(around, info)
	entries, err := os.ReadDir(at)
	if err != nil {
		return fmt.Errorf("images: %w", err)
	}
	for _, e := range entries {
		if hidden(e.Name()) {
			continue
		}
		name := path.Join(folder, e.Name())
		info, err := os.Stat(filepath.Join(at, e.Name()))
		switch {
		case err != nil:
			return fmt.Errorf("images: %w", err)
		case info.IsDir():
			err = l.walk(name, class, around)
		case IsImage(name):
			l.files = append(l.files, file{name, class, info.Size(), info.ModTime().UnixNano()})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// detectFolders returns FormatFolders for a folder in which there is an image, at
// the depth where those of classes are, or one less.
func detectFolders(dir string) (string, error) {
	parts, err := listParts(dir)
	if err != nil {
		return "", err
	}
	if l := parts[0]; len(l.files) > 0 || l.loose > 0 {
		return FormatFolders, nil
	}
	return "", nil
}

// named returns the path of a file.
func (l *listing) named(i int) string {
	return filepath.Join(l.dir, filepath.FromSlash(l.files[i].path))
}

// relabel gives files the places of their classes in a list, which must have all of them.
func (l *listing) relabel(classes []string) error {
	places := make([]int32, len(l.classes))
	for i, name := range l.classes {
		at := slices.Index(classes, name)
		if at < 0 {
			return fmt.Errorf("images: %s has a folder %q, which is none of the classes %q", l.dir, name, classes)
		}
		places[i] = int32(at)
	}
	for i := range l.files {
		l.files[i].class = places[l.files[i].class]
	}
	l.classes = classes
	return nil
}
