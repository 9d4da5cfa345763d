package config

import "github.com/descent-ml/descent/batch"

// Cell returns the configuration of a trial of a sweep: Vary, and another budget
// with the schedule over it. Without a budget the learning rate is constant.
func (c *Config) Cell(size int, lr float64, seed uint64, budget batch.Span) (*Config, error) {
	one, err := c.Vary(size, lr, seed)
	if err != nil {
		return nil, err
	}
	if budget.IsZero() {
		one.Schedule = newSchedule("constant")
		return one, nil
	}
	one.Budget, one.budgetGiven = budget, true
	return one, nil
}

// Base returns the batch size that the learning rate is meant for, of so many
// training examples.
func (c *Config) Base(examples int) int {
	switch {
	case c.Sizes.Base > 0:
		return c.Sizes.Base
	case c.Batch > 0:
		return c.Batch
	}
	return examples
}

// Validated reports whether data are named, or shares of data set aside, to
// validate on.
func (c *Config) Validated() bool {
	return c.Data.Val != "" || c.Data.Split.Val > 0 || c.Data.Split.By == splitLeaveOneOut
}
