package interactions

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkRead reads 200000 lines of text.
func BenchmarkRead(b *testing.B) {
	for _, sep := range []string{",", "::"} {
		var text strings.Builder
		for i := range 200000 {
			fmt.Fprintf(&text, "%d%s%d%s%d%s%d\n", i*7919%6040, sep, i*104729%3706, sep, 1+i%5, sep, 978300760+i)
		}
		path := write(b, "ratings.txt", text.String())
		b.Run(sep, func(b *testing.B) {
			for b.Loop() {
				if _, err := Read(path, Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/200000, "ns/row")
		})
	}
}
