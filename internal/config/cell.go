package config

import "github.com/descent-ml/descent/batch"

// Cell returns the configuration of a trial of a sweep: a fixed batch size in
// examples, another seed, and another budget with the schedule over it. Without a
// budget the learning rate is constant.
func (c *Config) Cell(size int, seed uint64, budget batch.Span) *Config {
	one := *c
	one.Batch, one.BatchTok, one.batchGiven, one.Seed = size, 0, true, seed
	one.Shards = min(c.Shards, size)
	one.Exec.Workers = min(c.Exec.Workers, one.Shards)
	if budget.IsZero() {
		one.Schedule = newSchedule("constant")
		return &one
	}
	one.Budget, one.budgetGiven = budget, true
	return &one
}

// Validated reports whether data are named, or shares of data set aside, to
// validate on.
func (c *Config) Validated() bool {
	return c.Data.Val != "" || c.Data.Split.Val > 0 || c.Data.Split.By == splitLeaveOneOut
}
