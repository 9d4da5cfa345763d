package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/descent-ml/descent/internal/assess"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

func (a *app) compare() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare RUN RUN",
		Short: "Say what differs between two runs, in configuration and in result",
		Args:  arguments(2, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := compareRuns(args[0], args[1])
			if err != nil {
				return err
			}
			if asJSON {
				b, err := plainJSON(d, "  ")
				fmt.Fprintf(a.out, "%s\n", b)
				return err
			}
			a.showComparison(d)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// comparison is what differs between two runs.
type comparison struct {
	Runs    [2]string    `json:"runs"`
	Same    bool         `json:"same_fingerprint"` // the same bits of weights and state
	Data    string       `json:"data"`             // same, different or unknown
	Config  []difference `json:"config"`
	Results []difference `json:"results"`
}

// difference is a key with its two values; null where there is none.
type difference struct {
	Key  string `json:"key"`
	A    any    `json:"a"`
	B    any    `json:"b"`
	Note string `json:"note,omitempty"`
}

func compareRuns(dirA, dirB string) (*comparison, error) {
	d := &comparison{Runs: [2]string{dirA, dirB}, Data: "unknown", Config: []difference{}, Results: []difference{}}
	var runs [2]*train.RunDir
	var configs [2]map[string]any
	for i, dir := range d.Runs {
		if !isRun(dir) {
			return nil, usagef("%s is no run directory", dir)
		}
		r, err := train.OpenRun(dir)
		if err != nil {
			return nil, err
		}
		if r.Summary == nil {
			return nil, fmt.Errorf("%s: there is no %s: the run is not over", dir, report.SummaryName)
		}
		if err := json.Unmarshal(r.Resolved, &configs[i]); err != nil {
			return nil, fmt.Errorf("%s: its configuration: %w", filepath.Join(dir, train.ModelName), err)
		}
		runs[i] = r
	}
	if a, b := runs[0].Data, runs[1].Data; a != "" && b != "" {
		d.Data = map[bool]string{true: "same", false: "different"}[a == b]
	}
	d.Same = runs[0].Summary.Fingerprint == runs[1].Summary.Fingerprint
	d.Config = changes(configs[0], configs[1])
	var err error
	d.Results, err = results(runs[0].Summary, runs[1].Summary)
	return d, err
}

// changes are the keys in which two configurations differ; of models, the layers
// by number.
func changes(a, b map[string]any) []difference {
	for _, m := range []map[string]any{a, b} {
		if layers, ok := m["model"].([]any); ok {
			numbered := map[string]any{}
			for i, l := range layers {
				b, _ := plainJSON(l, "") // it came from JSON
				numbered[strconv.Itoa(i)] = json.RawMessage(b)
			}
			m["model"] = numbered
		}
	}
	out := []difference{}
	for _, d := range train.Differences(a, b) {
		out = append(out, difference{Key: d.Key, A: d.A, B: d.B})
	}
	return out
}

// results compares the outcomes: the scores with intervals, else the metrics.
func results(a, b *report.Summary) ([]difference, error) {
	out := []difference{
		{Key: "stopped", A: a.Stopped, B: b.Stopped}, {Key: "updates", A: a.Updates, B: b.Updates}, {Key: "examples", A: a.Examples, B: b.Examples},
		{Key: "seconds", A: round(a.Seconds), B: round(b.Seconds)}, {Key: "examples_per_second", A: round(a.ExamplesPerSecond), B: round(b.ExamplesPerSecond)},
		{Key: "tokens_per_second", A: round(a.TokensPerSecond), B: round(b.TokensPerSecond)},
		{Key: "peak_bytes", A: a.PeakBytes, B: b.PeakBytes},
	}
	if a.Tokens == 0 && b.Tokens == 0 {
		out = slices.DeleteFunc(out, func(d difference) bool { return d.Key == "tokens_per_second" })
	}
	for _, part := range []struct {
		name string
		a, b report.Values
	}{{"train", a.Train, b.Train}, {"val", a.Val, b.Val}, {"test", a.Test, b.Test}} {
		for _, v := range part.a {
			if w, ok := part.b.Get(v.Name); ok {
				out = append(out, difference{Key: part.name + "." + v.Name, A: v.V, B: w})
			}
		}
	}
	qa, err := readQuality(a)
	if err != nil {
		return nil, err
	}
	qb, err := readQuality(b)
	if err != nil || qa == nil || qb == nil || qa.Part != qb.Part {
		return out, err
	}
	return append(append(out, scoreDifferences(qa, qb)...), classDifferences(qa, qb)...), nil
}

func scoreDifferences(a, b *assess.Quality) (out []difference) {
	for _, name := range headline {
		x, okA := a.Model.Get(name)
		y, okB := b.Model.Get(name)
		if !okA || !okB || math.IsNaN(x.Value) || math.IsNaN(y.Value) {
			continue
		}
		note := ""
		if x.Hi < y.Lo || y.Hi < x.Lo {
			note = "the intervals do not meet"
		}
		out = append(out, difference{a.Part + " " + name, fmt.Sprintf("%s (%s)", short(x.Value), interval(x)), fmt.Sprintf("%s (%s)", short(y.Value), interval(y)), note})
	}
	return out
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

func (a *app) showComparison(d *comparison) {
	t := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\t%s\t%s\n", d.Runs[0], d.Runs[1])
	fmt.Fprintf(t, "configuration\t\t\n")
	if len(d.Config) == 0 {
		fmt.Fprintf(t, "  the same\t\t\n")
	}
	for _, x := range d.Config {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", x.Key, shown(x.A), shown(x.B))
	}
	fmt.Fprintf(t, "result\t\t\n")
	for _, x := range d.Results {
		fmt.Fprintf(t, "  %s\t%s\t%s", x.Key, shown(x.A), shown(x.B))
		if x.Note != "" {
			fmt.Fprintf(t, "\t%s", x.Note)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	fmt.Fprintf(a.out, "training data: %s; weights and state: %s\n", d.Data, map[bool]string{true: "the same bits", false: "different"}[d.Same])
}

// shown is a value for people.
func shown(v any) string {
	switch v := v.(type) {
	case json.RawMessage:
		if v == nil {
			return "–"
		}
		var text string
		if json.Unmarshal(v, &text) == nil {
			if text == "" || strings.ContainsFunc(text, unicode.IsControl) {
				return strconv.Quote(text)
			}
			return text
		}
		return string(v)
	case float64:
		return report.Short(v)
	}
	return fmt.Sprint(v)
}
