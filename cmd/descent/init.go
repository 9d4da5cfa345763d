package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/internal/config"
)

func (a *app) init() *cobra.Command {
	var columns columnFlags
	var out string
	var set []string
	c := &cobra.Command{
		Use:   "init FILE --target COLUMN | FILE --user COLUMN --item COLUMN | FOLDER of images",
		Short: "Write the configuration that train --data FILE uses, with comments, to edit",
		Args:  arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := ofData(args[0], append(set, columns.settings()...))
			if err != nil {
				return err
			}
			if out == "" {
				out = c.Name + ".yaml"
			}
			if _, err := os.Stat(out); err == nil {
				return usagef("%s exists (choose another file by --out)", out)
			}
			sets, err := c.Load(nil)
			if err != nil {
				return err
			}
			if err := writeNew(out, commented(c, sets)); err != nil {
				return err
			}
			fmt.Fprint(a.err, sets.Schema)
			fmt.Fprintf(a.err, "%s is written; train with: descent train %[1]s\n", out)
			return nil
		},
	}
	columns.add(c.Flags())
	c.Flags().StringVar(&out, "out", "", "file to write (default NAME.yaml, after the data)")
	c.Flags().StringArrayVar(&set, "set", nil, "override a `key=value` of the configuration")
	return c
}

// writeNew writes a file that must not exist.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// keyComments say what the first keys of a configuration are for.
var keyComments = map[string]string{
	"data":       "what is learned from; a kind of column is changed by columns: {NAME: numeric | categorical | boolean | date | text | skip}",
	"model":      "layers from the inputs to the outputs; auto is made for the data",
	"loss":       "what is made small: cross_entropy, bce, mse, mae, huber",
	"optimizer":  "how weights are changed; see docs/optimizers.md",
	"schedule":   "how the learning rate goes over the budget",
	"batch":      "examples of an update; auto: begin with these, and change to what is worth its time; see docs/batch-size.md",
	"budget":     "how long to train: epochs, updates (2000up), examples (1e6ex), tokens (5e7tok) or time (10min)",
	"sample":     "what a language model is to write while it is trained, to be looked at",
	"early_stop": "end when validation has got no better so many times, and keep the best weights",
	"exec":       "how it is executed; nothing here changes the result",
}

// imageComment is what data is for where they are images.
const imageComment = "what is learned from; image: size and color of what they become; augment: how they are changed at random"

// commented is a configuration as YAML, with what was found in the data and
// what keys are for.
func commented(c *config.Config, sets *config.Sets) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n#\n", sets)
	for _, line := range append(strings.Split(strings.TrimSpace(sets.Schema.String()), "\n"), sets.Notes...) {
		fmt.Fprintf(&b, "#   %s\n", line)
	}
	fmt.Fprintln(&b, "#\n# Every key, with its value; docs/configuration.md says more.")
	for line := range strings.Lines(string(c.YAML())) {
		key, _, _ := strings.Cut(line, ":")
		about := keyComments[key]
		if key == "data" && sets.Schema.Image != nil {
			about = imageComment
		}
		if about != "" {
			fmt.Fprintf(&b, "\n# %s\n", about)
		}
		b.WriteString(line)
	}
	return b.Bytes()
}
