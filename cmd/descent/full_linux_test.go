package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDiskFull: a run on a disk that fills up fails with the cause and the
// file, and what was saved before is good.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=300k"); err != nil {
		t.Skipf("cannot mount a tmpfs to fill: %v (run as root)", err)
	}
	defer syscall.Unmount(dir, 0)
	out := filepath.Join(dir, "run")
	// A checkpoint is about 120 kB, and three are kept.
	code, _, stderr := call("train", "digits", "--out", out, "--quiet", "--set", "budget=100up", "--set", "checkpoint.every=10up")
	if code != 1 || !strings.Contains(stderr, "no space left on device") || !strings.Contains(stderr, filepath.Join(out, "checkpoints")) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if lines := strings.Count(strings.TrimSpace(stderr), "\n"); lines > 3 {
		t.Errorf("%d lines of error:\n%s", lines+1, stderr)
	}
	t.Log(stderr)
	if code, _, stderr := call("eval", out); code != 0 {
		t.Errorf("eval after that: exit code %d, %s", code, stderr)
	}
}
