package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
)

const killPairsEnv = "DESCENT_TRAIN_KILL_PAIRS_DIR"

// streamed is a run on interactions that lie in files, of more examples than two
// windows of their order, with negatives.
func streamed(t testing.TB, folder, run string) Config {
	t.Helper()
	table, err := interactions.Load(context.Background(), filepath.Join(folder, "clicks.csv"), interactions.Options{}, interactions.Cache{Limit: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	negatives, err := interactions.NewNegatives(table, interactions.NegativeOptions{Count: 4, Known: interactions.NewKnown(table), Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	data := interactions.NewPointwise(table, negatives)
	if data.Len() < 2*dataset.WindowExamples {
		t.Fatalf("%d examples are shuffled as a whole", data.Len())
	}
	return Config{
		Model: nn.MF(table.Users.Len(), table.Items.Len(), 4), Loss: nn.BCEWithLogits(), Data: data, Optimizer: optim.SparseAdam(0.01),
		Batch: batch.Fixed(4096), Budget: Epochs(0.6), Seed: 5, Out: filepath.Join(folder, run), LogEvery: batch.Updates(10),
		Checkpoint: Checkpoints{Every: batch.Updates(3)},
	}
}

// TestKilledPairsChild is the process that TestKillPairs kills.
func TestKilledPairsChild(t *testing.T) {
	folder := os.Getenv(killPairsEnv)
	if folder == "" {
		t.Skip("runs as a child of TestKillPairs")
	}
	c := streamed(t, folder, "killed")
	_, err := os.Stat(c.Out)
	c.Resume = err == nil
	c.OnEvent = func(*Event) error { time.Sleep(5 * time.Millisecond); return nil } // to live long enough
	fit(t, c)
}

// TestKillPairs: killed in the middle of epochs and of the conversion of its data,
// a run ends with the bits of one that nobody disturbed.
func TestKillPairs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a killed process cannot be told from a failed one")
	}
	folder := t.TempDir()
	var text strings.Builder
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2*dataset.WindowExamples/5 + 1000 { // popular items, half of them for odd users
		user, item := rnd.IntN(500), rnd.IntN(60)*rnd.IntN(60)
		fmt.Fprintf(&text, "%d,%d\n", user, 2*item+user%2)
	}
	if err := os.WriteFile(filepath.Join(folder, "clicks.csv"), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	killed := killAgain(t, "TestKilledPairsChild", []string{killPairsEnv + "=" + folder}, 400*time.Millisecond, func(killed int) bool { return killed < 6 })
	whole := streamed(t, folder, "whole")
	want := fit(t, whole)
	got, err := report.ReadSummary(filepath.Join(folder, "killed"))
	if err != nil || got.Fingerprint != want.Summary.Fingerprint {
		t.Fatalf("summary %+v, %v; want fingerprint %.8s", got, err, want.Summary.Fingerprint)
	}
	if loss := want.History[len(want.History)-1].Loss; !(loss < math.Ln2) || killed < 2 {
		t.Errorf("loss %v, %d kills", loss, killed)
	}
}
