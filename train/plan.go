package train

import "github.com/descent-ml/descent/engine"

// PlanOf returns the plan of an update of a configuration: what Fit would run.
// It reads and writes no file.
func PlanOf(c Config) (engine.Plan, error) {
	done, err := c.prepare()
	if err != nil {
		return engine.Plan{}, err
	}
	defer done()
	l, err := newLoop(&c)
	if err != nil {
		return engine.Plan{}, err
	}
	return l.prog.Plan(), nil
}
