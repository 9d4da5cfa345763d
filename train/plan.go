package train

import "github.com/descent-ml/descent/engine"

// PlanOf returns the plan of an update of a configuration: what Fit would run.
// It reads and writes no file.
func PlanOf(c Config) (engine.Plan, error) {
	if err := c.Validate(); err != nil {
		return engine.Plan{}, err
	}
	c = c.withDefaults()
	if c.Engine == nil {
		eng, err := NewEngine(c.Exec)
		if err != nil {
			return engine.Plan{}, err
		}
		defer eng.Close()
		c.Engine = eng
	}
	l, err := newLoop(&c)
	if err != nil {
		return engine.Plan{}, err
	}
	return l.prog.Plan(), nil
}
