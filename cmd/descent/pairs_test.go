package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/train"
)

// clicks are interactions of 60 users with 80 items: each likes those that its
// number divides into groups with.
func clicks(header, form string) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range 1200 {
		u := i % 60
		fmt.Fprintf(&b, form, u, u%4+4*((u+7*(i/60))%20), 1+(u+i/60)%5, 1000+i)
	}
	return b.String()
}

// TestRecommenderRuns: from a file, from its configuration, resumed after a
// signal with other threads: the same bits, and a model file that knows who is
// who.
func TestRecommenderRuns(t *testing.T) {
	dir := t.TempDir()
	data := write(t, dir, "clicks.csv", clicks("who,what,stars,when\n", "u%d,item %d,%d,%d\n"))
	from := []string{"--data", data, "--user", "who", "--item", "what", "--rating", "none", "--time", "when"}
	common := []string{"--quiet", "--set", "budget=300up", "--set", "checkpoint.every=2up", "--set", "early_stop.patience=off"}
	whole, out := filepath.Join(dir, "whole"), filepath.Join(dir, "run")
	mustCall(t, append(append([]string{"train", "--out", whole}, from...), common...)...)
	if runtime.GOOS != "windows" {
		cmd, _, stderr := process(dir, append(append([]string{"train", "--out", out}, from...), common...)...)
		done := start(t, cmd)
		waitFor(t, "a checkpoint", done, func() bool { return newest(out) != "" })
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if got := exitCode(<-done); got != 130 {
			t.Fatalf("exit code %d: %s", got, stderr)
		}
		mustCall(t, "train", "--resume", out, "--quiet", "--set", "exec={threads: 2, micro: 7}")
		if got, want := fingerprint(t, out), fingerprint(t, whole); got != want {
			t.Errorf("resumed: fingerprint %s, want %s", got, want)
		}
	}
	again := filepath.Join(dir, "again")
	mustCall(t, "train", filepath.Join(whole, train.ConfigName), "--out", again, "--quiet")
	if got, want := fingerprint(t, again), fingerprint(t, whole); got != want {
		t.Errorf("by its own configuration: fingerprint %s, want %s", got, want)
	}
	checkCatalog(t, filepath.Join(whole, train.ModelName))
	for _, part := range []string{"test", "val", "train"} {
		mustCall(t, "eval", whole, "--split", part)
	}
	pairs := write(t, dir, "pairs.csv", "what,who\nitem 5,u1\nitem 31,u7\n")
	if out, _ := mustCall(t, "predict", whole, "--data", pairs); !strings.HasPrefix(out, "who,what,score\nu1,item 5,") || strings.Count(out, "\n") != 3 {
		t.Error(out)
	}
	hashing, to := filepath.Join(dir, "hashed"), []string{"--set", "data.hash={user: 64, item: 512}", "--set", "budget=1up", "--quiet"}
	mustCall(t, append(append([]string{"train", "--out", hashing}, from...), to...)...)
	if out, _ := mustCall(t, "predict", hashing, "--data", pairs); !strings.HasPrefix(out, "who,what,score\nu1,item 5,") || !strings.Contains(out, "\nu7,item 31,") {
		t.Errorf("hashed: %s", out)
	}
	code, _, stderr := call("predict", whole, "--data", write(t, dir, "unknown.csv", "who,what\nu1,item 5\nnobody,item 5\n"))
	if code != 1 || !strings.Contains(stderr, `unknown.csv:3: the model knows no user "nobody"`) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	code, _, stderr = call("train", "--from", whole, "--data", data, "--quiet")
	if code != 2 || !strings.Contains(stderr, "fine-tuned") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	mustCall(t, "eval", whole, "--data", write(t, dir, "more.csv", "who,what,when\nu1,item 5,1\nnobody,item 5,2\n"))
	if out, _ := mustCall(t, "inspect", whole); !strings.Contains(out, "60 users (who), 80 items (what)") || !strings.Contains(out, "mf") {
		t.Error(out)
	}
}

// checkCatalog fails unless a model file knows its users, its items, and what was
// seen.
func checkCatalog(t *testing.T, path string) {
	t.Helper()
	m, err := checkpoint.ReadModel(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := interactions.ParseCatalog(m.Kept)
	if err != nil {
		t.Fatal(err)
	}
	user, known := c.Users.Find("u7")
	item, there := c.Items.Find("item 31")
	if !known || !there || c.Users.Len() != 60 || c.Items.Len() != 80 || !c.Seen.Has(int32(user), int32(item)) {
		t.Errorf("user %d %v, item %d %v", user, known, item, there)
	}
}

// TestRecommenderFiles: files that hold interactions are known without a flag,
// and a folder of MovieLens.
func TestRecommenderFiles(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "sets", "ml-100k")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, folder, "u.data", clicks("", "%d\t%d\t%d\t%d\n"))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"inspect", write(t, dir, "ratings.csv", clicks("userId,movieId,rating,timestamp\n", "%d,%d,%d,%d\n"))}, "ratings from 1 to 5"},
		{[]string{"inspect", write(t, dir, "r.dat", clicks("", "%d::%d::%d::%d\n"))}, "ratings from 1 to 5"},
		{[]string{"inspect", write(t, dir, "b.csv", clicks("user,item,a,b\n", "%d,%d,%d,%d\n"))}, "val 60, test 60 interactions of 60 users"},
		{[]string{"init", write(t, dir, "s.txt", clicks("", "%d %d %d %d\n")), "--user", "0", "--item", "1", "--out", filepath.Join(dir, "s.yaml")}, ""},
		{[]string{"inspect", filepath.Join(dir, "s.yaml")}, "60 users"},
		{[]string{"inspect", folder}, "ratings from 1 to 5"},
		{[]string{"inspect", "movielens", "--data", filepath.Join(dir, "sets")}, "60 users"},
		{[]string{"inspect", "movielens-ratings", "--data", folder}, "60 users"},
	} {
		if out, _ := mustCall(t, c.args...); !strings.Contains(out, c.want) {
			t.Errorf("%v: %s", c.args, out)
		}
	}
	ncf := filepath.Join(dir, "ncf")
	if err := os.MkdirAll(ncf, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, ncf, "a.train.rating", clicks("", "%d\t%d\t%d\t%d\n"))
	write(t, ncf, "a.test.rating", "1\t2\t5\t9\n2\t3\t4\t9\n")
	if out, _ := mustCall(t, "inspect", ncf); !strings.Contains(out, "test 2 interactions") || !strings.Contains(out, "ratings from") {
		t.Errorf("ratings of NCF: %s", out)
	}
	write(t, ncf, "a.test.negative", "(1,2)\t3\t4\n(2,3)\t5\t6\n")
	if out, _ := mustCall(t, "inspect", ncf); !strings.Contains(out, "test 2 interactions") || !strings.Contains(out, "negatives of each") {
		t.Errorf("candidates of NCF: %s", out)
	}
	yaml := filepath.Join(dir, "c.yaml")
	mustCall(t, "init", filepath.Join(dir, "b.csv"), "--user", "item", "--item", "user", "--out", yaml)
	b, err := os.ReadFile(yaml)
	if err != nil || !strings.Contains(string(b), "user: item") || !strings.Contains(string(b), "by: leave_one_out") {
		t.Errorf("%s %v", b, err)
	}
	mustCall(t, "train", "--data", filepath.Join(dir, "b.csv"), "--user", "user", "--item", "item", "--quiet", "--out", filepath.Join(dir, "early"),
		"--set", "budget=1ep", "--set", "early_stop.patience=1")
	mustCall(t, "train", "--data", filepath.Join(dir, "ratings.csv"), "--quiet", "--out", filepath.Join(dir, "last"),
		"--set", "budget=1ep", "--set", "data.split.by=leave_one_out")
	code, _, stderr := call("train", "--data", filepath.Join(dir, "b.csv"), "--user", "who", "--item", "item", "--quiet")
	if code != 2 || !strings.Contains(stderr, `no column "who"`) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	code, _, stderr = call("train", "movielens", "--data", t.TempDir(), "--quiet")
	if code != 2 || !strings.Contains(stderr, "ml-100k.zip") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
