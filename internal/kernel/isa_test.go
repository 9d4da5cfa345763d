package kernel

import (
	"os"
	"testing"

	"github.com/descent-ml/descent/internal/cpu"
)

// eachTier runs a test on every tier of this machine.
func eachTier(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	defer Use(Active())
	for _, isa := range cpu.Tiers() {
		Use(isa)
		t.Run(isa.String(), f)
	}
}

// DESCENT_REQUIRE_ISA names a tier that must be here: without it a machine
// that lacks AVX-512 would pass by testing nothing.
func TestRequiredISA(t *testing.T) {
	name := os.Getenv("DESCENT_REQUIRE_ISA")
	if name == "" {
		t.Skip("DESCENT_REQUIRE_ISA is not set")
	}
	want, err := cpu.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	if cpu.Best() < want {
		t.Fatalf("best tier is %v, DESCENT_REQUIRE_ISA wants %v", cpu.Best(), want)
	}
}

func TestUse(t *testing.T) {
	defer Use(Active())
	for _, isa := range cpu.Tiers() {
		if Use(isa); Active() != isa {
			t.Errorf("Active() = %v after Use(%v)", Active(), isa)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Use of a tier that the machine lacks did not panic")
		}
	}()
	Use(cpu.Best() + 1)
}
