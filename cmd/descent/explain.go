package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/train"
)

func (a *app) explain() *cobra.Command {
	var update uint64
	var top int
	var asJSON bool
	var set []string
	c := &cobra.Command{
		Use:   "explain RUN --update N",
		Short: "List the examples of an update, their losses and their share of the gradient",
		Long: "Do a run again up to an update, from the checkpoint before it, and list the examples of\n" +
			"the update. The share of an example is the part of the batch's gradient that is its own:\n" +
			"shares add up to 1, and one below 0 pulls the other way.",
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if update == 0 {
				return usagef("which update? (--update N, from 1)")
			}
			if top < 1 {
				return usagef("--top %d (want at least 1)", top)
			}
			t, err := runAgain(args[0], set)
			if err != nil {
				return err
			}
			e, err := train.Explain(a.signals.ctx, t, update)
			if err != nil {
				return err
			}
			return a.showExplanation(e, top, asJSON)
		},
	}
	c.Flags().Uint64Var(&update, "update", 0, "number of the update, from 1")
	c.Flags().IntVar(&top, "top", 20, "how many examples to list")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, with all examples")
	c.Flags().StringArrayVar(&set, "set", nil, "override a `exec.key=value` of the configuration")
	return c
}

func (a *app) showExplanation(e *train.Explanation, top int, asJSON bool) error {
	if asJSON {
		b, err := plainJSON(e, "  ")
		if err == nil {
			fmt.Fprintf(a.out, "%s\n", b)
		}
		return err
	}
	fmt.Fprintf(a.out, "update %d of epoch %d: %d examples, loss %.6g, norm of the gradient %.6g, lr %.4g\n", e.Update, e.Epoch, e.Batch, e.Loss, e.GradNorm, e.LR)
	fmt.Fprintln(a.out, map[string]string{
		"same":   "loss and norm are those of the run, bit for bit",
		"other":  "note: loss and norm are NOT those that the run recorded",
		"passed": "the run passed over this update: nothing was committed",
		"none":   "the run has no record of this update to compare with",
	}[e.Recorded])
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nexample\tweight·loss\tshare of the gradient\tits norm\t")
	rest := 0.0
	for i, x := range e.Examples {
		if i >= top {
			rest += x.Share
			continue
		}
		fmt.Fprintf(w, "%d\t%.4g\t%.2f %%\t%.3g\t  %s\n", x.Index, x.Loss, 100*x.Share, x.Norm, x.Name)
	}
	if n := len(e.Examples) - top; n > 0 {
		fmt.Fprintf(w, "%d others\t\t%.2f %%\t\t\n", n, 100*rest)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(a.out, "\nAn example is its number in the training data, from 0; its norm is in those of the batch's gradient.")
	return nil
}
