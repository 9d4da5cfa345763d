package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/report"
)

// TestResumeCleans: no temporary file of a killed process outlives a resume,
// whichever package made it; what is not ours stays.
func TestResumeCleans(t *testing.T) {
	c := resumable(t)
	fit(t, stopAfter(c, 9))
	for _, name := range []string{".journal.jsonl.tmp-123", ".model.descent.tmp-ABCDEFGHIJ", "checkpoints/.best.ckpt.tmp-ABCDEFGHIJ", ".notes"} {
		if err := os.WriteFile(filepath.Join(c.Out, name), []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c.Resume = true
	fit(t, c)
	err := filepath.WalkDir(c.Out, func(path string, _ os.DirEntry, err error) error {
		if strings.Contains(path, ".tmp-") {
			t.Errorf("%s is still there", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(c.Out, ".notes")); err != nil {
		t.Errorf("a file that is not ours: %v", err)
	}
}

// TestWriteFileIsCleaned: what package report leaves when it is killed is what
// package checkpoint removes. The name is seen where the rename fails: the
// error tells it.
func TestWriteFileIsCleaned(t *testing.T) {
	path := filepath.Join(t.TempDir(), report.SummaryName)
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteFile(path, []byte("x")); err == nil || !strings.Contains(err.Error(), "."+report.SummaryName+".tmp-") {
		t.Errorf("got %v, want an error that names the temporary file", err)
	}
}
