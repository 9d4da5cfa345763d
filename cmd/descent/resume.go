package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/descent-ml/descent/internal/examples"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// resumeNewest is --resume without a run.
const resumeNewest = "newest"

// takeRun settles what --resume means, and takes the run from the arguments:
// --resume RUN, --resume=RUN, --resume --out RUN, or the newest.
func (f *trainFlags) takeRun(args []string) ([]string, error) {
	if f.resume == "" {
		if len(args) > 1 {
			return nil, usagef("unexpected argument %q", args[1])
		}
		return args, nil
	}
	if i := slices.IndexFunc(args, isRun); f.resume == resumeNewest && i >= 0 {
		f.resume, args = args[i], slices.Delete(slices.Clone(args), i, i+1)
	}
	if len(args) > 1 {
		return nil, usagef("%s is no run directory, which --resume wants", args[1])
	}
	if f.resume == resumeNewest && f.out != "" {
		f.resume = f.out
	}
	if f.resume == resumeNewest && len(args) == 1 {
		if _, example := examples.Find(args[0]); !example && filepath.Ext(args[0]) == "" {
			return nil, notBegun(args[0])
		}
	}
	if f.resume == resumeNewest {
		run, err := newestRun(args)
		if err != nil {
			return nil, err
		}
		f.resume = run
	}
	if f.out != "" && filepath.Clean(f.out) != filepath.Clean(f.resume) {
		return nil, usagef("--out %s, but the run to resume is %s (leave --out away)", f.out, f.resume)
	}
	if !isRun(f.resume) {
		return nil, notBegun(f.resume)
	}
	f.out = f.resume
	return args, nil
}

// notBegun says why a folder cannot be resumed.
func notBegun(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return usagef("cannot resume %s: there is no such run directory", dir)
	}
	return usagef("cannot resume %s: there is no %s in it, so no run began there (delete it and train anew)", dir, train.ConfigName)
}

// isRun reports whether a directory is a run's.
func isRun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, train.ConfigName))
	return err == nil
}

// newestRun returns the run in runs/ with the highest number, of the name that
// the argument tells, or of all the one changed last.
func newestRun(args []string) (string, error) {
	dirs, err := filepath.Glob(filepath.Join("runs", "*-*"))
	if err != nil {
		return "", err
	}
	want := ""
	if len(args) > 0 {
		if c, err := load(args[0], "", nil); err == nil {
			want = c.Name
		}
	}
	best, newest := "", int64(0)
	for _, d := range dirs {
		name, number, ok := cutLast(filepath.Base(d), "-")
		n, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || !isRun(d) || want != "" && name != want {
			continue
		}
		if want == "" {
			info, err := os.Stat(filepath.Join(d, report.MetricsName))
			if err != nil {
				continue
			}
			n = info.ModTime().UnixNano()
		}
		if n > newest {
			best, newest = d, n
		}
	}
	if best == "" {
		return "", usagef("no run to resume in runs (name one: --resume RUN)")
	}
	return best, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
