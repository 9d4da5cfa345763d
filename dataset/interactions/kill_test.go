package interactions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const killEnv = "DESCENT_INTERACTIONS_KILL_FILE"

// TestKilledChild is the process that TestKillConversion kills.
func TestKilledChild(t *testing.T) {
	path := os.Getenv(killEnv)
	if path == "" {
		t.Skip("runs as a child of TestKillConversion")
	}
	load(t, path, Options{}, Cache{Limit: -1, bucket: 1000})
}

// TestKillConversion: killed without warning at any moment, a conversion leaves
// no cache, and the next one makes it.
func TestKillConversion(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a killed process cannot be told from a failed one")
	}
	path := write(t, "clicks.csv", someLines(200_000, ""))
	want, err := Read(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir, rnd, inside, whole := path+CacheSuffix, rand.New(rand.NewPCG(1, 2)), 0, time.Second
	for try := 0; try < 12 || inside == 0; try++ {
		if try > 60 {
			t.Fatal("no kill is inside a conversion")
		}
		child := exec.Command(os.Args[0], "-test.run=^TestKilledChild$")
		child.Env = append(os.Environ(), killEnv+"="+path)
		var out strings.Builder
		child.Stdout, child.Stderr = &out, &out
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		start, done := time.Now(), make(chan error, 1)
		go func() { done <- child.Wait() }()
		select {
		case <-time.After(time.Duration(rnd.Int64N(int64(whole)))):
			child.Process.Kill()
			err = <-done
		case err = <-done:
			whole = time.Since(start)
		}
		if err != nil && !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%v\n%s", err, &out)
		}
		if _, half := os.Stat(dir + ".tmp"); half == nil {
			inside++
		}
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if _, err := openCache(dir); err != nil {
			t.Fatalf("a killed conversion left a cache: %v", err)
		}
		os.RemoveAll(dir)
	}
	t.Logf("%d kills inside a conversion", inside)
	table, err := Load(context.Background(), path, Options{}, all)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	checkTables(t, table, grouped(want))
	if left, _ := filepath.Glob(fmt.Sprint(filepath.Dir(path), "/*")); len(left) != 2 {
		t.Errorf("%v is left", left)
	}
}
