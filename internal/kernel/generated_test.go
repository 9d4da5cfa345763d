package kernel

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The committed assembly is what the generator writes.
func TestGemmGenerated(t *testing.T) { checkGenerated(t, "gemm") }

// checkGenerated runs _asm/<family> and compares z<family>_amd64.s and .go. The
// first line, which holds the command's arguments, is left out. It skips where
// the generator's module cannot be had, unless DESCENT_REQUIRE_GENERATOR=1.
func checkGenerated(t *testing.T, family string) {
	t.Helper()
	run := func(args ...string) ([]byte, error) {
		cmd := exec.Command("go", args...)
		cmd.Dir = "_asm"
		cmd.Env = append(os.Environ(), "GOFLAGS=", "GOOS=", "GOARCH=", "GOWORK=off")
		return cmd.CombinedOutput()
	}
	if out, err := run("mod", "download"); err != nil {
		if os.Getenv("DESCENT_REQUIRE_GENERATOR") == "1" {
			t.Fatalf("the generator's module: %v\n%s", err, out)
		}
		t.Skipf("the generator's module cannot be downloaded: %v\n%s", err, out)
	}
	base := "z" + family + "_amd64"
	dir := t.TempDir()
	asm, stubs := filepath.Join(dir, base+".s"), filepath.Join(dir, base+".go")
	if out, err := run("run", "./"+family, "-out", asm, "-stubs", stubs, "-pkg", "kernel"); err != nil {
		t.Fatalf("generator: %v\n%s", err, out)
	}
	for _, file := range []string{asm, stubs} {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Base(file))
		if err != nil {
			t.Fatal(err)
		}
		_, got, _ = bytes.Cut(got, []byte("\n"))
		_, want, _ = bytes.Cut(want, []byte("\n"))
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what _asm/%s writes: run go generate ./internal/kernel", filepath.Base(file), family)
		}
	}
}
