package config

import (
	"slices"
	"strconv"
)

// Vary is the configuration with another batch size in examples, learning rate and
// seed: what a sweep or a search varies. The size is fixed, and the rate that for it,
// whatever policy and coupling there were. Everything that is given in updates or in
// epochs is worked out anew for the size, and there are no more shards than
// examples, nor workers than shards. Optimizers with several rates keep their ratio.
func (c *Config) Vary(size int, lr float64, seed uint64) (*Config, error) {
	v := *c
	v.Seed, v.Batch, v.BatchTok, v.batchGiven, v.Sizes = seed, size, 0, true, newSizes()
	v.Shards = min(c.Shards, size)
	v.Exec.Workers = min(c.Exec.Workers, v.Shards)
	tree := c.Optimizer.codec().write()
	if err := setRate(tree, lr); err != nil {
		return nil, err
	}
	var faults Faults
	v.Optimizer.codec().read(&faults, tree)
	return &v, faults.err()
}

// setRate puts a learning rate into an optimizer as it is written; what other
// rates it has change by the same factor.
func setRate(optimizer *value, lr float64) error {
	options := optimizer.entries[0].value
	rate := options.find(rateKey(options))
	was, err := strconv.ParseFloat(rate.text, 64)
	if err != nil {
		return err
	}
	rate.text = formatNumber(lr)
	if others := options.find("others_lr"); others != nil {
		of, err := strconv.ParseFloat(others.text, 64)
		if err != nil {
			return err
		}
		others.text = formatNumber(of * lr / was)
	}
	return nil
}

// Paste is the part of the YAML that Vary changes, but for the seed: batch size and
// optimizer, without the options that are at their defaults.
func (c *Config) Paste() []byte {
	v := c.keys().write()
	v.entries = slices.DeleteFunc(v.entries, func(e entry) bool { return e.key != "batch" && e.key != "optimizer" })
	options := v.find("optimizer").entries[0].value
	plain := newOptimizer(c.Optimizer.Kind)
	defaults := plain.Options.keys().write()
	options.entries = slices.DeleteFunc(options.entries, func(e entry) bool {
		d := defaults.find(e.key)
		return e.key != rateKey(options) && d != nil && e.value.flow() == d.flow()
	})
	return v.yaml()
}

// rateKey is the key of the learning rate among the options of an optimizer.
func rateKey(options *value) string {
	if options.find("lr") == nil {
		return "alpha" // of FTRL
	}
	return "lr"
}

// RateKey is the key of the learning rate, as --set takes it.
func (c *Config) RateKey() string {
	return "optimizer." + c.Optimizer.Kind + "." + rateKey(c.Optimizer.Options.keys().write())
}

// Rate is the learning rate.
func (c *Config) Rate() float64 { return c.Optimizer.Options.build().LR }
