package train

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
)

// killable is a run that saves after every update, so that most moments of it
// are inside the writing of a checkpoint: of a net, of a recommender, whose
// tables and their state are sparse, or of a residual net of images that change in each epoch.
func killable(t testing.TB, what, dir string) Config {
	c := resumable(t)
	c.Model, c.Shards = normalized(t).Model, 2
	c.Budget = Epochs(float64(3 * *kills)) // 12 updates for each
	if what == "net" {
		c.Batch, c.Noise.Every = erratic{24}, Updates(1)
	}
	if m, ok := map[string]matrixModel{"recommender": matrixRecommenders[1], "images": matrixImages[0]}[what]; ok {
		c.Model, c.Loss, c.Optimizer = m.model, m.loss, m.optimizer
		c.Data, c.Val, c.Test, c.EarlyStop = m.examples(t, 51), dataset.Original(m.examples(t, 42)), nil, EarlyStop{}
	}
	c.Out, c.Engine = dir, nil
	c.Checkpoint.Every = batch.Updates(1)
	return c
}

// kills is how often the run is killed:
//
//	go test ./train -run Kill -kills 100
var kills = flag.Int("kills", 20, "how often TestKill kills its run")

const killEnv, killWhat = "DESCENT_TRAIN_KILL_DIR", "DESCENT_TRAIN_KILL"

// TestKilledChild is the process that TestKill kills.
func TestKilledChild(t *testing.T) {
	dir := os.Getenv(killEnv)
	if dir == "" {
		t.Skip("runs as a child of TestKill")
	}
	c := killable(t, os.Getenv(killWhat), dir)
	_, err := os.Stat(dir)
	c.Resume = err == nil
	c.OnEvent = func(*Event) error { time.Sleep(time.Millisecond); return nil } // to live long enough
	fit(t, c)
}

// killAgain runs a test of this binary in a process of its own, kills that after a
// random time of at most within, and does so again as long as more, which is
// asked before each, says so; then it lets one come to its end. It returns how often
// it has killed. Where that is not enough to get anywhere, children live longer: each
// that is killed beyond the number of kills gives the next one an eighth more.
func killAgain(t *testing.T, test string, env []string, within time.Duration, more func(killed int) bool) (killed int) {
	t.Helper()
	if raceDetector { // a child must get somewhere before it is killed
		within *= 5
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 10**kills + 1 {
		kill := more(killed)
		child := exec.Command(os.Args[0], "-test.run=^"+test+"$", fmt.Sprint("-kills=", *kills))
		child.Env = append(os.Environ(), env...)
		var out strings.Builder
		child.Stdout, child.Stderr = &out, &out
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- child.Wait() }()
		if kill {
			select {
			case <-time.After(within/7 + time.Duration(rnd.Int64N(int64(within-within/7)))):
				if err := child.Process.Kill(); err == nil {
					killed++
				}
				if killed > *kills {
					within += within / 8
				}
			case err := <-done:
				done <- err
			}
		}
		switch err := <-done; {
		case err == nil:
			return killed
		case !strings.Contains(err.Error(), "killed"):
			t.Fatalf("%v\n%s", err, &out)
		}
	}
	t.Fatal("the run does not end")
	return killed
}

// TestKill: killed without warning, again and again, and resumed, a run ends
// with the bits and the records of one that nobody disturbed.
func TestKill(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a killed process cannot be told from a failed one")
	}
	for _, what := range []string{"net", "recommender", "images"} {
		t.Run(what, func(t *testing.T) { killAndResume(t, what) })
	}
}

func killAndResume(t *testing.T, what string) {
	whole := killable(t, what, filepath.Join(t.TempDir(), "whole"))
	want := fit(t, whole)
	scratch := t.TempDir() // a killed child leaves its temporary folders here
	dir := filepath.Join(scratch, "killed")
	inWrite := 0
	killed := killAgain(t, "TestKilledChild", []string{killEnv + "=" + dir, killWhat + "=" + what, "TMPDIR=" + scratch}, 70*time.Millisecond, func(killed int) bool {
		if temps, _ := filepath.Glob(filepath.Join(dir, CheckpointsDir, "*tmp*")); len(temps) > 0 {
			inWrite++
		}
		return killed < *kills || inWrite == 0
	})
	t.Logf("%d kills, %d of them inside the write of a checkpoint", killed, inWrite)
	got, err := report.ReadSummary(dir)
	if err != nil || got.Fingerprint != want.Summary.Fingerprint {
		t.Fatalf("summary %+v, %v; want fingerprint %.8s", got, err, want.Summary.Fingerprint)
	}
	if a, b := records(t, dir), records(t, whole.Out); fmt.Sprint(a) != fmt.Sprint(b) { // a noise scale may be NaN
		t.Errorf("%d records\n%+v\nwant %d\n%+v", len(a), a, len(b), b)
	}
	if a, b := changesOf(t, dir), changesOf(t, whole.Out); !slices.Equal(a, b) {
		t.Errorf("journal\n%v\nwant\n%v", a, b)
	}
	if killed < *kills/4 {
		t.Errorf("only %d kills: the run was over before", killed)
	}
}
