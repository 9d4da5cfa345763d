package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// BestName is the file that keeps the best checkpoint whatever Keep prunes.
const BestName = "best.safetensors"

// Dir is a directory of the checkpoints of one run, for one process at a time
// (see LockDir). It holds the newest Keep of them and the best one.
type Dir struct {
	Path string
	Keep int    // how many of the newest to keep; 0 means 3, below 0 all
	Run  string // if set, checkpoints of another run are refused
}

// FileName returns the name of the checkpoint of an update:
// update-0000000042.safetensors.
func FileName(update uint64) string { return fmt.Sprintf("update-%010d.safetensors", update) }

// updateOf inverts FileName.
func updateOf(base string) (uint64, bool) {
	digits, _ := strings.CutPrefix(base, "update-")
	digits, _ = strings.CutSuffix(digits, ".safetensors")
	u, err := strconv.ParseUint(digits, 10, 64)
	return u, err == nil && FileName(u) == base
}

// Save writes the state as Write does, under FileName(s.Update), and returns the
// path. If s.Best names this update the file becomes also BestName: the same
// file by a hard link, or a second one where links are not to be had. Then it
// removes the oldest of the updates up to this one beyond Keep; it never removes
// the one just written, nor newer ones. An error with a path means that the
// checkpoint itself is safe.
func (d Dir) Save(s *State) (path string, err error) {
	if d.Run != "" && s.Run != d.Run {
		return "", fmt.Errorf("checkpoint: save in %s: the state is of run %q, want %q", d.Path, s.Run, d.Run)
	}
	if err := makeDir(d.Path); err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	path = filepath.Join(d.Path, FileName(s.Update))
	if err := Write(path, s); err != nil {
		return "", err
	}
	if s.Best != nil && s.Best.Update == s.Update {
		if err := d.protect(path, s); err != nil {
			return path, err
		}
	}
	return path, d.prune(s.Update)
}

// Resumed makes sure that BestName is the checkpoint s, if s is the best: the
// process that wrote it may have been killed before that.
func (d Dir) Resumed(s *State) error {
	if s.Best == nil || s.Best.Update != s.Update {
		return nil
	}
	return d.protect(filepath.Join(d.Path, FileName(s.Update)), s)
}

// protect makes BestName the file at path.
func (d Dir) protect(path string, s *State) error {
	best := filepath.Join(d.Path, BestName)
	temp := tempName(best)
	if err := os.Link(path, temp); err != nil {
		return Write(best, s)
	}
	defer os.Remove(temp) // a rename between two links of one file does nothing
	if err := os.Rename(temp, best); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := syncDir(d.Path); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// updates lists the updates that have a file, newest first.
func (d Dir) updates() ([]uint64, error) {
	files, err := os.ReadDir(d.Path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	var us []uint64
	for _, f := range files {
		if u, ok := updateOf(f.Name()); ok {
			us = append(us, u)
		}
	}
	slices.SortFunc(us, func(a, b uint64) int { return cmp.Compare(b, a) })
	return us, nil
}

func (d Dir) prune(saved uint64) error {
	keep := d.Keep
	if keep == 0 {
		keep = 3
	}
	us, err := d.updates()
	if err != nil || keep < 0 {
		return err
	}
	us = slices.DeleteFunc(us, func(u uint64) bool { return u > saved })
	for _, u := range us[min(keep, len(us)):] {
		if err := os.Remove(filepath.Join(d.Path, FileName(u))); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}

// Latest reads the newest good checkpoint and returns it with its path. It
// falls back past those that cannot be used, the best one last, and reports each
// in skipped. Without any it returns ErrNone, joined with what was skipped.
func (d Dir) Latest() (s *State, path string, skipped []error, err error) {
	us, err := d.updates()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", nil, err
	}
	var paths []string
	for _, u := range us {
		paths = append(paths, filepath.Join(d.Path, FileName(u)))
	}
	if best := filepath.Join(d.Path, BestName); exists(best) {
		paths = append(paths, best)
	}
	for _, path := range paths {
		s, err := d.read(path)
		if err == nil {
			return s, path, skipped, nil
		}
		skipped = append(skipped, err)
	}
	none := fmt.Errorf("checkpoint: %s: %w", d.Path, ErrNone)
	return nil, "", skipped, errors.Join(append([]error{none}, skipped...)...)
}

// Best reads the best checkpoint and returns it with its path. Without one it
// returns an error that is os.ErrNotExist.
func (d Dir) Best() (*State, string, error) {
	path := filepath.Join(d.Path, BestName)
	s, err := d.read(path)
	return s, path, err
}

// read is Read, and refuses another run's file.
func (d Dir) read(path string) (*State, error) {
	s, err := Read(path)
	if err == nil && d.Run != "" && s.Run != d.Run {
		return nil, fmt.Errorf("checkpoint: read %s: %w: it is of run %q, want %q", path, ErrMisnamed, s.Run, d.Run)
	}
	return s, err
}

// Clean removes what writes that were killed left behind. Call it with the
// directory locked: it cannot know a stale file from one being written.
func (d Dir) Clean() error {
	files, err := os.ReadDir(d.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	for _, f := range files {
		if isTemp(f.Name()) {
			if err := os.Remove(filepath.Join(d.Path, f.Name())); err != nil {
				return fmt.Errorf("checkpoint: %w", err)
			}
		}
	}
	return nil
}
