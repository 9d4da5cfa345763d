package train

import (
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
)

// averages are the states that stand for parameters in evaluations and in the
// saved model, such as an average of the weights: optim.Update.Evals.
type averages struct {
	state map[string]string  // by the name of the parameter
	kept  checkpoint.Tensors // the parameters while their averages are in their place
}

func newAverages(evals []optim.Eval) averages {
	a := averages{state: map[string]string{}}
	for _, e := range evals {
		a.state[e.Param.Attr.Name] = e.State.Attr.Name
	}
	return a
}

// averaged calls f while averages are in the place of the parameters, and puts
// the parameters back, bit by bit.
func (l *loop) averaged(f func() error) error {
	if !l.hasAverages() {
		return f()
	}
	if err := l.keep(); err != nil {
		return err
	}
	err := l.adoptAverages()
	if err == nil {
		err = f()
	}
	for name, t := range l.averages.kept {
		if e := l.weights.vars.Write(name, t); e != nil {
			return e
		}
	}
	return err
}

// hasAverages reports whether anything stands for parameters: nothing does
// before the first update.
func (l *loop) hasAverages() bool {
	return len(l.averages.state) > 0 && l.progress(0).Update > 0
}

// keep copies the parameters that averages stand for.
func (l *loop) keep() error {
	a := &l.averages
	if a.kept == nil {
		a.kept = checkpoint.Tensors{}
		for name := range a.state {
			a.kept[name] = tensor.New(tensor.F32, l.weights.host[name].Shape()...)
		}
	}
	for name, t := range a.kept {
		if err := l.weights.vars.Read(name, t); err != nil {
			return err
		}
	}
	return nil
}

// adoptAverages puts averages in the place of the parameters.
func (l *loop) adoptAverages() error {
	if !l.hasAverages() {
		return nil
	}
	for name, state := range l.averages.state {
		t := l.weights.host[state]
		if err := l.weights.vars.Read(state, t); err != nil {
			return err
		}
		if err := l.weights.vars.Write(name, t); err != nil {
			return err
		}
	}
	return nil
}

// evaluated returns the tensors of a checkpoint that evaluations use: what is
// not an optimizer's, averages in the place of what they stand for.
func (a averages) evaluated(ts checkpoint.Tensors) checkpoint.Tensors {
	out := params(ts)
	for name, state := range a.state {
		if t := ts[state]; t != nil {
			out[name] = t
		}
	}
	return out
}
