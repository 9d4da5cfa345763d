package config

import (
	"strings"
	"testing"

	"github.com/descent-ml/descent/train"
)

func TestUntil(t *testing.T) {
	const data = "data: {train: x.csv}\n"
	for text, want := range map[string]train.Target{
		"":                            {},
		"until: none":                 {},
		"until: val.accuracy>=0.88":   {Metric: "accuracy", Value: 0.88},
		`until: "val.loss <= 0.3"`:    {Metric: "loss", Value: 0.3},
		"until: val.accuracy >= 0.88": {Metric: "accuracy", Value: 0.88},
	} {
		c := mustParse(t, data+text)
		if c.Until != want {
			t.Errorf("%q is %+v, want %+v", text, c.Until, want)
		}
		if again := mustParse(t, string(c.YAML())); again.Until != want {
			t.Errorf("%q does not read back from\n%s", text, c.YAML())
		}
	}
	for text, want := range map[string]string{
		"until: 3": "want a metric", "until: [a]": "want a metric", "until: val.loss>=3": "want val.loss<=3",
		"until: val.accuracy>=88": "2:8: got val.accuracy>=88 (want val.accuracy>=1 at most",
		"until: val.acc>=0.9":     "2:8: unknown value acc", "until: train.loss<=1": "2:8: unknown value train.loss",
	} {
		if _, err := Parse("test", []byte(data+text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
}
