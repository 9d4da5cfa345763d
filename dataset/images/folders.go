package images

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The parts of data.
const (
	partTrain = iota
	partVal
	partTest
	parts
)

// partNames are what folders of parts are called, in letters of any case.
var partNames = map[string]int{
	"train": partTrain, "training": partTrain,
	"val": partVal, "valid": partVal, "validation": partVal, "dev": partVal,
	"test": partTest, "testing": partTest,
}

// listing is the files of one part.
type listing struct {
	folder  string   // that the folders of classes are in, within the store; "": the store itself
	files   []file   // sorted by path
	labels  []int32  // of each file, its place in classes
	classes []string // the names of their folders, sorted by bytes
	loose   int      // images in no folder of a class
}

// divide divides files, sorted by their paths, into parts by folders called train, val and
// test, if there are no others beside them, and each part into classes by the next
// folder. What lies deeper belongs to the class. A folder around everything,
// as archives have it, is passed over. A part without files is nil.
func divide(files []file) (all [parts]*listing, err error) {
	at := commonFolder(files)
	heads, _ := headsOf(files, at)
	switch {
	case len(files) == 0:
		return all, nil
	case !allParts(heads):
		all[partTrain] = classify(files, at)
		return all, nil
	}
	for _, name := range heads {
		part := partNames[strings.ToLower(name)]
		if all[part] != nil {
			return all, fmt.Errorf("images: two folders for the same part: %s and %s", all[part].folder, at+name)
		}
		all[part] = classify(files, at+name+"/")
	}
	return all, nil
}

// commonFolder returns the folder in which the parts are, or several folders, if there is nothing
// beside the folders that lead to it; else "".
func commonFolder(files []file) string {
	for at := ""; ; {
		heads, loose := headsOf(files, at)
		switch {
		case len(heads) > 1 || allParts(heads):
			return at
		case len(heads) == 0 || loose > 0:
			return ""
		}
		at += heads[0] + "/"
	}
}

// headsOf returns the folders in a folder, which is "" or ends in a slash, and counts
// the files that are in it and in none of them.
func headsOf(files []file, at string) (heads []string, loose int) {
	seen := map[string]bool{}
	for _, f := range files {
		rest, inside := strings.CutPrefix(f.path, at)
		if !inside {
			continue
		}
		if head, _, deeper := strings.Cut(rest, "/"); deeper {
			seen[head] = true
		} else {
			loose++
		}
	}
	return slices.Sorted(maps.Keys(seen)), loose
}

// allParts reports whether all folders are parts, and one is that of training.
func allParts(folders []string) bool {
	train := false
	for _, name := range folders {
		part, ok := partNames[strings.ToLower(name)]
		if !ok {
			return false
		}
		train = train || part == partTrain
	}
	return train
}

// classify returns the files of a folder with their classes.
func classify(files []file, at string) *listing {
	l := &listing{folder: strings.TrimSuffix(at, "/")}
	l.classes, l.loose = headsOf(files, at)
	for _, f := range files {
		rest, inside := strings.CutPrefix(f.path, at)
		class, _, deeper := strings.Cut(rest, "/")
		if inside && deeper {
			at, _ := slices.BinarySearch(l.classes, class)
			l.files, l.labels = append(l.files, f), append(l.labels, int32(at))
		}
	}
	return l
}

// relabel makes labels places in a list of classes, which must have all of them.
func (l *listing) relabel(classes []string) error {
	places := make([]int32, len(l.classes))
	for i, name := range l.classes {
		at := slices.Index(classes, name)
		if at < 0 {
			return fmt.Errorf("images: the folder %s is none of the classes (want %q)", l.within(name), classes)
		}
		places[i] = int32(at)
	}
	for i, y := range l.labels {
		l.labels[i] = places[y]
	}
	l.classes = classes
	return nil
}

// within returns the path of what is in the folder of the listing.
func (l *listing) within(name string) string {
	if l.folder == "" {
		return name
	}
	return l.folder + "/" + name
}
