package cpu

import (
	"testing"

	"github.com/descent-ml/descent/engine"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/tensor"
)

// TestView: a view of a variable is the variable, whatever its axes.
func TestView(t *testing.T) {
	vars, err := newEngine(t, 1, icpu.Best()).NewVars([]engine.VarSpec{
		{Name: "w", Shape: tensor.Shape{3, 2}}, {Name: "count"}, {Name: "b", Shape: tensor.Shape{5}},
	})
	if err != nil {
		t.Fatal(err)
	}
	host := vars.(engine.HostVars)
	for _, s := range vars.Specs() {
		v, read := host.View(s.Name), tensor.New(tensor.F32, s.Shape...)
		last := v.Size() - 1
		v.F32()[last] = 7
		if err := vars.Read(s.Name, read); err != nil || read.F32()[last] != 7 || !v.Shape().Equal(s.Shape) {
			t.Errorf("%s: the view is %v, and reading gives %v, %v", s.Name, v, read.F32(), err)
		}
		read.F32()[last] = 8
		if err := vars.Write(s.Name, read); err != nil || v.F32()[last] != 8 {
			t.Errorf("%s: after writing 8 the view has %v, %v", s.Name, v.F32(), err)
		}
	}
	if v := host.View("x"); v != nil {
		t.Errorf("view of an unknown name: %v", v)
	}
}
