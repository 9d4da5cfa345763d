package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/descent-ml/descent/internal/examples"
	"github.com/descent-ml/descent/internal/thesis"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
)

// threeGradients is the example that has no configuration: see package thesis.
const threeGradients = "three-gradients"

// exampleNames are the names of all that can be trained by a name.
func exampleNames() []string { return append([]string{threeGradients}, examples.Names()...) }

// runThreeGradients measures, writes the folder and tells what was found.
func (a *app) runThreeGradients(f *trainFlags) error {
	if f.changes() {
		return usagef("%s takes no settings: only --out, --quiet and --json", threeGradients)
	}
	out := f.out
	if out == "" {
		out = freeFolder(threeGradients)
	}
	if _, err := os.Stat(out); err == nil {
		return usagef("--out %s exists (choose another)", out)
	}
	o := thesis.Options{}
	if !f.quiet {
		o.Report = func(what string) { fmt.Fprintln(a.err, "measuring:", what) }
	}
	r, err := thesis.Measure(a.signals.ctx, o)
	if err != nil {
		return a.interrupted(err)
	}
	if err := writeThesis(out, r); err != nil {
		return err
	}
	if f.json {
		b, err := plainJSON(r.Summary(), "  ")
		if err == nil {
			fmt.Fprintf(a.out, "%s\n", b)
		}
		return err
	}
	fmt.Fprintf(a.out, "\nDown to a loss of %g on %d digits, medians of %d orders of the examples:\n\n%s\n", r.Target, r.Training, r.Seeds, r.Table())
	for _, s := range r.Findings() {
		fmt.Fprintln(a.out, wrapped("- "+s, 100, "  "))
	}
	fmt.Fprintf(a.out, "\nThe picture: %s\n", filepath.Join(out, reportName))
	return nil
}

// changes reports whether a flag asks for anything but where results go.
func (f *trainFlags) changes() bool {
	texts := []string{f.data, f.resume, f.replay, f.from, f.until}
	return strings.Join(append(append(texts, f.set...), f.columns.settings()...), "") != "" || f.folds != 0
}

// writeThesis writes the page, the picture and the numbers into a new folder.
func writeThesis(out string, r *thesis.Result) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := thesisPage(r).Render(&b); err != nil {
		return err
	}
	numbers, err := plainJSON(r, "")
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{reportName: b.Bytes(), threeGradients + ".svg": []byte(r.SVG()), threeGradients + ".json": numbers} {
		if err := report.WriteFile(filepath.Join(out, name), data); err != nil {
			return err
		}
	}
	return nil
}

// thesisPage is the report: the picture, what it says, and how it was made.
func thesisPage(r *thesis.Result) *page.Page {
	table := page.Table{Rows: r.Rows()}
	for _, name := range r.Columns() {
		table.Columns = append(table.Columns, page.Column{Name: name, Numeric: true})
	}
	return &page.Page{
		Title:    threeGradients,
		Subtitle: "What the size of a batch does, measured on one problem",
		Sections: []page.Section{
			{Title: "The picture", Blocks: []page.Block{page.Drawing{SVG: r.SVG()}}},
			{Title: "What it says", Blocks: []page.Block{page.Text{Paragraphs: r.Findings()}, table}},
			{Title: "How it was measured", Blocks: []page.Block{page.Text{Paragraphs: r.Method()}}},
		},
		Footer: "descent train " + threeGradients,
	}
}

// wrapped breaks a text into lines of at most so many characters, where words
// allow; those after the first begin with indent.
func wrapped(text string, most int, indent string) string {
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case at+1+n > most:
			b.WriteString("\n" + indent)
			at = len(indent)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
