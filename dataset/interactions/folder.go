package interactions

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// folderFiles are the files of interactions in folders as they are published, the
// more telling first.
var folderFiles = []string{"*.train.lists", "*.train.lists.gz", "*.train.rating", "*.train.rating.gz", "train.rating.gz", "ratings.csv", "ratings.dat", "u.data", "u.data.gz", "ratings.csv.gz", "ratings.dat.gz", "ml-*.zip"}

// testFiles are those to test on, beside them.
var testFiles = []string{"*.test.negative", "*.test.negative.gz", "test.negative.gz", "*.test.rating", "*.test.rating.gz", "test.rating.gz"}

// InFolder finds the interactions of a folder of MovieLens or NCF, and those to
// test on if there are any.
func InFolder(dir string) (train, test string, err error) {
	if train = firstOf(dir, folderFiles); train == "" {
		return "", "", fmt.Errorf("interactions: %s: none of the files of MovieLens or NCF is in the folder (want %s, or the path of a file)", dir, strings.Join(folderFiles, ", "))
	}
	if strings.Contains(filepath.Base(train), "train.") {
		test = firstOf(dir, testFiles)
	}
	return train, test, nil
}

// firstOf returns the first file of a folder that is called as one of the
// patterns says.
func firstOf(dir string, patterns []string) string {
	for _, pattern := range patterns {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	return ""
}

// HasCandidates reports whether a file is one of candidates, by its name.
func HasCandidates(path string) bool { return formatOf(path) == FormatTests }

// IsInteractions reports whether a file or folder is known to hold interactions:
// by its name, or by columns that are called as those of users and items are.
func IsInteractions(path string) bool {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		_, _, err := InFolder(path)
		return err == nil
	}
	base := strings.ToLower(filepath.Base(path))
	for _, pattern := range folderFiles {
		if ok, _ := filepath.Match(pattern, base); ok && pattern != "ml-*.zip" || ok && strings.HasSuffix(base, ".zip") {
			return true
		}
	}
	r, err := Open(path, Options{})
	if err != nil {
		return false
	}
	defer r.Close()
	_, colons := r.in.source.(*colons)
	return colons || r.columns.header && r.columns.names != nil
}
