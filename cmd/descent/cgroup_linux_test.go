package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/report"
)

// wideNet is a net whose memory is mostly what batch norm keeps of the batch.
const wideNet = `data: {train: "embedded:digits"}
model: [{dense: 2048}, batchnorm, relu, {dense: auto}]
optimizer: {sgd: {lr: 0.1}}
batch: all
budget: 2up
`

// TestControlGroup: in a control group with half the memory that a run takes by
// itself, it takes less and has the same bits.
func TestControlGroup(t *testing.T) {
	skipPlain(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "wide.yaml")
	if err := os.WriteFile(file, []byte(wideNet), 0o644); err != nil {
		t.Fatal(err)
	}
	free := trainChild(t, "", "train", file, "--out", filepath.Join(dir, "free"))
	group := newGroup(t, free.PeakBytes/2)
	half := trainChild(t, group, "train", file, "--out", filepath.Join(dir, "half"))
	if half.Fingerprint != free.Fingerprint {
		t.Errorf("fingerprint %.8s, want %.8s", half.Fingerprint, free.Fingerprint)
	}
	if half.PeakBytes > free.PeakBytes/2 {
		t.Errorf("it took %d bytes of %d", half.PeakBytes, free.PeakBytes/2)
	}
	t.Logf("%d MiB by itself, %d MiB in half of that, %d planned", free.PeakBytes>>20, half.PeakBytes>>20, half.PlannedBytes>>20)
}

// newGroup makes a control group of the limit, of whichever version the system
// has, and returns the file that takes processes in.
func newGroup(t *testing.T, limit int64) (procs string) {
	t.Helper()
	name := fmt.Sprintf("descent-test-%d", os.Getpid())
	for _, g := range []struct{ root, limit string }{{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"}} {
		dir := filepath.Join(g.root, name)
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(dir) })
		if err := os.WriteFile(filepath.Join(dir, g.limit), fmt.Append(nil, limit), 0); err == nil {
			return filepath.Join(dir, "cgroup.procs")
		}
	}
	t.Skip("no control group can be made here: that takes a system with cgroups, and the right to")
	return ""
}

// trainChild runs the program as a process of its own, in a control group
// unless procs is empty.
func trainChild(t *testing.T, procs string, args ...string) *report.Summary {
	t.Helper()
	command := `exec "$0" "$@"`
	if procs != "" {
		command = "echo $$ > " + procs + " && " + command
	}
	c := exec.Command("/bin/sh", append([]string{"-c", command, os.Args[0]}, append(args, "--json", "--quiet")...)...)
	c.Env = append(os.Environ(), asProgram+"=1")
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &stderr)
	}
	var s report.Summary
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return &s
}
