package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// BenchmarkReadTable reads the table that the variable TABLE names.
func BenchmarkReadTable(b *testing.B) {
	path := os.Getenv("TABLE")
	info, err := os.Stat(path)
	if err != nil {
		b.Skip("set TABLE to a file")
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		t, err := ReadTable(path, TableOptions{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(t.Bytes())/float64(t.Len()), "B/row")
	}
}

// BenchmarkFormats reads the same 200,000 rows of ten columns from CSV and from
// Parquet; rows/s compares.
func BenchmarkFormats(b *testing.B) {
	type row struct {
		A, B, C, D float64
		E, F, G    int64
		H, I, J    string `parquet:",dict"`
	}
	const n = 200_000
	rows, text := make([]row, n), []byte("A,B,C,D,E,F,G,H,I,J\n")
	for i := range rows {
		x := float64(i*7919%100000) / 37
		rows[i] = row{x, x / 3, x * 1.7, 1 / (x + 1), int64(i % 90), int64(i), int64(i % 7), fmt.Sprint("city", i%50), []string{"red", "green"}[i%2], fmt.Sprint("k", i%1000)}
		r := &rows[i]
		text = fmt.Appendf(text, "%v,%v,%v,%v,%d,%d,%d,%s,%s,%s\n", r.A, r.B, r.C, r.D, r.E, r.F, r.G, r.H, r.I, r.J)
	}
	dir := b.TempDir()
	plain, packed := filepath.Join(dir, "t.csv"), filepath.Join(dir, "t.parquet")
	if err := os.WriteFile(plain, text, 0o666); err != nil {
		b.Fatal(err)
	}
	if err := parquet.WriteFile(packed, rows); err != nil {
		b.Fatal(err)
	}
	for _, path := range []string{plain, packed} {
		b.Run(filepath.Ext(path), func(b *testing.B) {
			for b.Loop() {
				if _, err := ReadTable(path, TableOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
