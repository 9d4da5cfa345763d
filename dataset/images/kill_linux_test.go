package images

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killEnv names the folder that the process reads which TestKillDecoding kills.
const killEnv = "DESCENT_IMAGES_KILL_FOLDER"

func TestKilledChild(t *testing.T) {
	dir := os.Getenv(killEnv)
	if dir == "" {
		t.Skip("runs as a child of TestKillDecoding")
	}
	load(t, dir, cached(dir+"-cache"))
}

// TestKillDecoding kills processes that make a cache, at any moment: what they leave is no
// cache until it is whole, and the next one goes on.
func TestKillDecoding(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "photos")
	for i := range 40 {
		name := fmt.Sprintf("%c/%d.png", 'a'+i%2, i)
		write(t, dir, name, encoded(t, painted(200+i, 200), name))
	}
	want := load(t, dir, cached(CacheNone)).Train.Sum()
	rnd, kills, whole := rand.New(rand.NewPCG(1, 2)), 0, time.Second
	for range 4 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilledChild$")
		child.Env = append(os.Environ(), killEnv+"="+dir)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		start, done := time.Now(), make(chan error, 1)
		go func() { done <- child.Wait() }()
		select {
		case <-time.After(time.Duration(rnd.Int64N(int64(whole)))):
			child.Process.Kill()
			<-done
			kills++
		case err := <-done:
			if whole = time.Since(start); err != nil {
				t.Fatal(err)
			}
			if got := load(t, dir, cached(dir+"-cache")).Train.Sum(); got != want {
				t.Fatal("the pixels differ")
			}
			os.RemoveAll(dir + "-cache")
		}
	}
	t.Logf("%d of 4 were killed", kills)
	if got := load(t, dir, cached(dir+"-cache")).Train.Sum(); got != want {
		t.Error("the pixels differ")
	}
}

// TestFullDisk: what does not fit is said, and leaves nothing.
func TestFullDisk(t *testing.T) {
	dir, disk := photos(t), t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=65536"); err != nil {
		t.Skipf("cannot mount a tmpfs to fill: %v (run as root)", err)
	}
	defer syscall.Unmount(disk, 0)
	o := cached(disk)
	o.Height, o.Width = 200, 200
	if _, err := Load(context.Background(), dir, o); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "choose another folder") || !strings.Contains(err.Error(), "train.u8") {
		t.Errorf("a full disk: %v", err)
	}
	if left, _ := os.ReadDir(disk); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
