package config

import (
	"strings"
	"testing"
)

func TestVary(t *testing.T) {
	for _, c := range []struct{ optimizer, want string }{
		{"{sgd: {lr: 0.1, momentum: 0.9}}", "optimizer: {sgd: {lr: 0.02, momentum: 0.9}}"},
		{"{muon: {lr: 0.04, others_lr: 0.001}}", "{muon: {lr: 0.02, others_lr: 0.0005}}"},
		{"{ftrl: {alpha: 0.3}}", "{ftrl: {alpha: 0.02}}"},
		{"{rmsprop: {alpha: 0.9}}", "{rmsprop: {lr: 0.02, alpha: 0.9}}"},
	} {
		before, err := Parse("test", []byte("data: {train: x.csv, target: y}\nbatch: {size: 64, shards: 8, policy: norm_test}\nexec: {workers: 6}\noptimizer: "+c.optimizer))
		if err != nil {
			t.Fatal(err)
		}
		whole := string(before.YAML())
		after, err := before.Vary(4, 0.02, 7)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(after.Paste()); after.Rate() != 0.02 || !strings.Contains(got, c.want) {
			t.Errorf("%s became %s(want %s)", c.optimizer, got, c.want)
		}
		if got, want := string(after.Paste()), "batch: {size: 4, shards: 4}\n"; after.Seed != 7 || after.Exec.Workers != 4 || !strings.Contains(got, want) {
			t.Errorf("got %s%d workers (want %s4 workers)", got, after.Exec.Workers, want)
		}
		if string(before.YAML()) != whole {
			t.Errorf("the configuration that was varied is another:\n%s", before.YAML())
		}
		again, err := Parse("test", after.YAML(), before.RateKey()+"=0.5")
		if err != nil || again.Rate() != 0.5 {
			t.Errorf("--set %s: %v", before.RateKey(), err)
		}
	}
}
