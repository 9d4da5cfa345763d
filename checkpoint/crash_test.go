package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/descent-ml/descent/tensor"
)

// childEnv holds the directory of a child process: this test binary again.
const childEnv = "DESCENT_CHECKPOINT_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir)
	}
	os.Exit(m.Run())
}

// child locks the directory, says so, and saves updates until it is killed.
func child(dir string) {
	_, err := LockDir(dir)
	fmt.Println("locked", err)
	d := Dir{Path: dir, Keep: 2}
	s, _, skipped, err := d.Latest()
	for u := uint64(1); err == nil && len(skipped) == 0; u++ {
		_, err = d.Save(bigStateAt(s.Update + u))
	}
	fmt.Println("failed:", err, skipped)
	os.Exit(1)
}

// bigStateAt takes some milliseconds to write; every element tells the update.
func bigStateAt(update uint64) *State {
	w := tensor.New(tensor.I64, 1<<16)
	for i := range w.I64() {
		w.I64()[i] = int64(update) * int64(i)
	}
	s := stateAt(update)
	s.Tensors["0.weight"] = w
	s.Best.Update = update / 3 * 3
	return s
}

// startChild returns when the child has the lock.
func startChild(t *testing.T, dir string) (kill func() (output string)) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	if line, err := r.ReadString('\n'); line != "locked <nil>\n" {
		t.Fatalf("child: %q, %v", line, err)
	}
	return func() string {
		cmd.Process.Kill()
		rest, _ := r.ReadString('\n')
		cmd.Wait()
		return rest
	}
}

// A process killed at any moment of its writes leaves a directory whose newest
// checkpoint is good, with nothing damaged, and at most temporary files to clean.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	d := Dir{Path: dir, Keep: 2}
	if _, err := d.Save(bigStateAt(1)); err != nil {
		t.Fatal(err)
	}
	last, stale := uint64(1), 0
	for range 20 {
		kill := startChild(t, dir)
		time.Sleep(time.Duration(rand.IntN(40_000)) * time.Microsecond)
		if rest := kill(); rest != "" {
			t.Fatalf("child: %s", rest)
		}
		s, path, skipped, err := d.Latest()
		if err != nil || len(skipped) > 0 {
			t.Fatalf("latest: %v, skipped %v", err, skipped)
		}
		if s.Update < last {
			t.Fatalf("update %d after %d", s.Update, last)
		}
		last = s.Update
		if Fingerprint(s) != Fingerprint(bigStateAt(last)) {
			t.Fatalf("%s is not the state of update %d", path, last)
		}
		if best, _, err := d.Best(); err == nil && best.Update != best.Best.Update || err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("best: %v, %v", best, err)
		}
		for _, n := range names(t, dir) {
			if isTemp(n) {
				stale++
			}
		}
		if err := d.Clean(); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range names(t, dir) {
		if isTemp(n) {
			t.Errorf("%s is left after Clean", n)
		}
	}
	t.Logf("reached update %d; %d of 20 kills fell inside a write", last, stale)
	if last == 1 {
		t.Error("no child saved anything: the test tested nothing")
	}
}

// The lock holds between processes and dies with its holder.
func TestLockBetweenProcesses(t *testing.T) {
	dir := t.TempDir()
	if _, err := (Dir{Path: dir}).Save(bigStateAt(1)); err != nil {
		t.Fatal(err)
	}
	kill := startChild(t, dir)
	_, err := LockDir(dir)
	kill()
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process ") || strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid(), " ")) {
		t.Errorf("got %v, want %v that names the child", err, ErrLocked)
	}
	lock, err := LockDir(dir)
	if err != nil {
		t.Fatalf("after the holder's death: %v", err)
	}
	lock.Unlock()
}
