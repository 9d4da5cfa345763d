package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// SamplesName is the file of a run directory that holds what the model wrote
// while it was trained, a JSON object on each line.
const SamplesName = "samples.jsonl"

// Sample is a text that a language model wrote.
type Sample struct {
	Update uint64 `json:"update"` // updates done
	Text   string `json:"text"`
}

// AppendSample adds a line to dir/samples.jsonl.
func AppendSample(dir string, s Sample) (err error) {
	f, err := appendTo(filepath.Join(dir, SamplesName))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	line, err := json.Marshal(s)
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("report: sample: %w", err)
	}
	return nil
}

// ReadSamples reads dir/samples.jsonl. A run without the file has no samples.
func ReadSamples(dir string) (samples []Sample, err error) {
	path := filepath.Join(dir, SamplesName)
	err = eachLine(path, func(n int, line []byte) error {
		var s Sample
		if err := json.Unmarshal(line, &s); err != nil {
			return fmt.Errorf("report: %s, line %d: %w", path, n, err)
		}
		samples = append(samples, s)
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return samples, err
}

// Sample shows what a model wrote. What a terminal would act upon is shown as a
// dot.
func (p *Progress) Sample(s Sample) {
	if p == nil || p.mode == Quiet {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s", p.paint(dim, fmt.Sprintf("%s wrote after update %s:", p.name, Thousands(s.Update))))
	for line := range strings.SplitSeq(strings.Trim(s.Text, "\n"), "\n") {
		b.WriteString("\n  " + p.paint(dim, "│ ") + strings.Map(harmless, line))
	}
	p.above(b.String())
}

func harmless(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	if r == '\t' {
		return ' '
	}
	return '·'
}
