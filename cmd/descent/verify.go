package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/train"
)

func (a *app) verify() *cobra.Command {
	var o train.VerifyOptions
	var set []string
	c := &cobra.Command{
		Use:   "verify RUN",
		Short: "Do updates of a run again, and certify that every bit agrees",
		Long: "Do updates of a run again, from its checkpoints and from its beginning, and compare\n" +
			"them with what the run recorded: the loss and the norm of the gradient of each update\n" +
			"and, where a checkpoint is reached, all of its tensors. How batches are executed may\n" +
			"differ: --set exec.micro=7, --set exec.threads=1. Nothing in the run is changed.",
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error { return a.runVerify(args[0], o, set) },
	}
	c.Flags().IntVar(&o.Updates, "updates", 20, "how many updates to do again, in all")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "of the choice of updates")
	c.Flags().StringArrayVar(&set, "set", nil, "override a `exec.key=value` of the configuration")
	return c
}

func (a *app) runVerify(dir string, o train.VerifyOptions, set []string) error {
	if o.Updates < 1 {
		return usagef("--updates %d (want at least 1)", o.Updates)
	}
	t, err := runAgain(dir, set)
	if err != nil {
		return err
	}
	cert, err := train.Verify(a.signals.ctx, t, o)
	if err != nil {
		return err
	}
	fmt.Fprint(a.out, cert)
	if cert.Difference != "" {
		return fmt.Errorf("the run is not what its configuration gives here")
	}
	return nil
}

// runAgain returns the configuration of a run, to execute parts of it again.
// Only what is under exec may be set, and where the data are.
func runAgain(dir string, set []string) (c train.Config, err error) {
	for _, s := range set {
		if key, _, _ := strings.Cut(s, "="); key != "exec" && !strings.HasPrefix(key, "exec.") && key != "data.train" {
			return c, usagef("--set %s: only keys under exec, and data.train, may differ from the run", s)
		}
	}
	t, err := openRun(dir, set)
	if err != nil {
		return c, err
	}
	sets, err := t.config.Load(t.schema)
	if err != nil {
		return c, err
	}
	if c, err = t.config.BuildTrain(sets); err != nil {
		return c, usageError{err}
	}
	c.Out = dir
	return c, nil
}
