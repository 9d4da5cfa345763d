package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/engine/cpu"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and what the processor offers",
		Args:  arguments(0, 0),
		RunE:  func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	eng, err := cpu.New(cpu.Config{})
	if err != nil {
		return usageError{err}
	}
	defer eng.Close()
	fmt.Fprintf(a.out, "descent %s %s %s/%s, instructions %s, %d threads\n",
		buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, eng.ISA(), eng.Threads())
	return nil
}

// buildVersion is the version of the module and the commit it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && version == "(devel)" {
			version += " " + s.Value[:12]
		}
	}
	return version
}
