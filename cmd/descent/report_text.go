package main

import (
	"fmt"
	"math"

	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/report/page"
	"github.com/descent-ml/descent/train"
)

// scoreNames are the names of scores for people, where they differ.
var scoreNames = map[string]string{"bits_per_char": "bits per character", "bits_per_byte": "bits per byte"}

func scoreName(name string) string {
	if long := scoreNames[name]; long != "" {
		return long
	}
	return name
}

// measuredText is the last measurement of a language model and what it is of.
func measuredText(s *report.Summary) (part string, values report.Values) {
	if len(s.Test) > 0 {
		return "test", s.Test
	}
	return "validation", s.Val
}

// textFacts are what is read first of a language model.
func textFacts(s *report.Summary) (out []page.Fact) {
	part, values := measuredText(s)
	for _, v := range values {
		if v.Name == "accuracy" {
			continue
		}
		note := ""
		if b, ok := s.Baseline.Get(v.Name); ok {
			note = "single tokens by their frequency: " + short(b)
		}
		out = append(out, page.Fact{Name: scoreName(v.Name) + " on the " + part + " text", Value: short(v.V), Note: note})
	}
	return out
}

// textScores compares a language model with knowing only how frequent tokens
// are, and with knowing nothing.
func textScores(s *report.Summary) page.Section {
	part, values := measuredText(s)
	t := page.Table{Caption: "Scores on the " + part + " text", Columns: []page.Column{
		{Name: "score"}, {Name: "model", Numeric: true}, {Name: "frequencies", Numeric: true}, {Name: "uniform", Numeric: true}}}
	loss, _ := values.Get("loss")
	uniform, known := s.Baseline.Get("uniform")
	for _, v := range values {
		row := []string{scoreName(v.Name), short(v.V), "–", "–"}
		if b, ok := s.Baseline.Get(v.Name); ok {
			row[2] = short(b)
		}
		switch {
		case !known:
		case v.Name == "perplexity":
			row[3] = short(math.Exp(uniform))
		case v.Name != "accuracy": // loss and bits are proportional
			row[3] = short(v.V * uniform / loss)
		}
		t.Rows = append(t.Rows, row)
	}
	return page.Section{Title: "Quality", Blocks: []page.Block{t},
		Intro: "Every token of the text but the first is predicted once, from those before it in its window. Frequencies is a model that knows how often each token occurs in the training text; uniform knows nothing."}
}

// samplesOf is what the model wrote while it was trained, nil if nothing.
func samplesOf(r *train.Run) ([]page.Section, error) {
	samples, err := report.ReadSamples(r.Dir)
	if err != nil || len(samples) == 0 {
		return nil, err
	}
	s := page.Section{Title: "Samples", Intro: "What the model wrote on the way, the last first."}
	for i := len(samples) - 1; i >= 0; i-- {
		s.Blocks = append(s.Blocks, page.Code{Caption: fmt.Sprintf("after update %s", report.Thousands(samples[i].Update)), Text: samples[i].Text})
	}
	return []page.Section{s}, nil
}
