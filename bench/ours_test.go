//go:build linux

package main

import "testing"

// BenchmarkStep is the step of every workload on one thread, for profiles.
func BenchmarkStep(b *testing.B) {
	for _, j := range jobs("") {
		b.Run(j.String(), func(b *testing.B) {
			t, err := newTrainer(j, 1)
			if err != nil {
				b.Fatal(err)
			}
			defer t.Close()
			for b.Loop() {
				t.Step()
			}
		})
	}
}
