package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/internal/config"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong usage or configuration
	exitSignal = 128
)

// usageError is a mistake in how the program was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// stopped is the outcome of a run that a signal ended.
type stopped struct{ signal int }

func (s stopped) Error() string { return fmt.Sprintf("stopped by signal %d", s.signal) }

// app is one call of the program.
type app struct {
	out, err io.Writer
	signals  *signals
}

// run is the whole program. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "descent: internal error: %v\nThis is a bug; please report it with the command that shows it.\n", p)
			code = exitFailed
		}
	}()
	a := &app{out: stdout, err: stderr, signals: watchSignals(stderr)}
	defer a.signals.stop()
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return a.code(root.ExecuteContext(a.signals.ctx))
}

// code reports an error and returns the exit code for it.
func (a *app) code(err error) int {
	var s stopped
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &s):
		return exitSignal + s.signal
	}
	fmt.Fprintln(a.err, "descent:", strings.TrimPrefix(err.Error(), "descent: "))
	if errors.As(err, &usage) || config.IsFault(err) {
		return exitUsage
	}
	return exitFailed
}

func (a *app) root() *cobra.Command {
	version := false
	root := &cobra.Command{
		Use:   "descent",
		Short: "Train neural networks by mini-batch gradient descent",
		Long: `descent trains neural networks by mini-batch gradient descent.

  descent train digits                               an example, data and all
  descent train --data adult.csv --target income     a table
  descent train CONFIG.yaml                          anything else`,
		Args:          unknownCommand,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, _ []string) error {
			if version {
				return a.printVersion()
			}
			return c.Help()
		},
	}
	root.Flags().BoolVar(&version, "version", false, "print the version, as the command of that name")
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%w (see %s --help)", err, c.CommandPath())
	})
	root.AddCommand(a.train(), a.eval(), a.predict(), a.generate(), a.recommend(), a.inspect(), a.init(), a.compare(), a.sweep(), a.verify(), a.explain(), a.advise(), a.version())
	return root
}

// unknownCommand names the command that was meant.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unknown command %q", args[0])
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		message += fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return usagef("%s", message)
}

// arguments checks how many there are, and says how the command is used.
func arguments(low, high int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < low || len(args) > high {
			return usagef("%d arguments (want: %s)", len(args), c.UseLine())
		}
		return nil
	}
}
