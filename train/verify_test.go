package train

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/engine"
)

// verifiable is a run with everything that a repetition must follow.
func verifiable(t testing.TB) Config {
	c := normalized(t)
	c.Data, c.Faults.Policy = poisoned{c.Data}, Skip
	c.Shards, c.Checkpoint.Keep = 2, -1
	return c
}

func certify(t *testing.T, c Config, o VerifyOptions) *Certificate {
	t.Helper()
	cert, err := Verify(context.Background(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestVerify(t *testing.T) {
	c := verifiable(t)
	fit(t, stopAfter(c, 9))
	c.Resume, c.OnEvent = true, nil
	run := fit(t, c)
	for _, x := range []Exec{{}, {Micro: 3, Threads: 2}, {Workers: 2, Threads: 1, Recompute: engine.RecomputeAlways}} {
		c.Exec = x
		cert := certify(t, c, VerifyOptions{Updates: 1000})
		if n := int(run.Summary.Updates); cert.Difference != "" || cert.Updates != n || cert.Tensors == 0 || cert.Unknown != 0 {
			t.Errorf("%+v: %v; want %d updates", x, cert, n)
		}
		if last := cert.Stretches[len(cert.Stretches)-1]; last.Fingerprint != run.Summary.Fingerprint {
			t.Errorf("%+v: the last checkpoint is %.8s, want %.8s", x, last.Fingerprint, run.Summary.Fingerprint)
		}
	}
	c.Exec = Exec{}
	if cert := certify(t, c, VerifyOptions{Updates: 3, Seed: 5}); cert.Difference != "" || cert.Updates != 3 {
		t.Errorf("three updates: %v", cert)
	}
}

// TestVerifyFinds: one bit of the trail, or of a checkpoint, is found and named.
func TestVerifyFinds(t *testing.T) {
	c := verifiable(t)
	fit(t, c)
	path := filepath.Join(c.Out, TrailName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := 6 * trailEntry // of update 7
	binary.LittleEndian.PutUint64(b[at:], binary.LittleEndian.Uint64(b[at:])^1)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if cert := certify(t, c, VerifyOptions{Updates: 1000}); !strings.Contains(cert.Difference, "update 7: the loss is") {
		t.Errorf("a bit of the trail: %v", cert)
	}
	b[at] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.Out, CheckpointsDir, checkpoint.FileName(10))
	s, err := checkpoint.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	s.Tensors["1.running_var"].F32()[3] += 1e-6
	if err := checkpoint.Write(file, s); err != nil {
		t.Fatal(err)
	}
	if cert := certify(t, c, VerifyOptions{Updates: 1000}); !strings.Contains(cert.Difference, "update 10: tensor 1.running_var, element 3 is") {
		t.Errorf("a bit of a checkpoint: %v", cert)
	}
}

func TestVerifyRefuses(t *testing.T) {
	c := normalized(t)
	c.Budget = batch.Updates(6)
	fit(t, c)
	other := c
	other.Data = blobs(t, 50, 9)
	if _, err := Verify(context.Background(), other, VerifyOptions{Updates: 100}); err == nil || !strings.Contains(err.Error(), "not those of the run") {
		t.Errorf("other data: %v", err)
	}
	if err := os.Remove(filepath.Join(c.Out, TrailName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(context.Background(), c, VerifyOptions{}); err == nil || !strings.Contains(err.Error(), TrailName) {
		t.Errorf("no trail: %v", err)
	}
}
