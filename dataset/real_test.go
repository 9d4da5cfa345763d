package dataset

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// realData returns a folder of the shared data, or skips the test.
func realData(t *testing.T, name string) string {
	dir := filepath.Join("..", "..", "shared", "data", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no %s: real data is read at ../shared/data from the root of the project", dir)
	}
	return dir
}

func classCounts(t *testing.T, ds Dataset, classes int) []int {
	t.Helper()
	counts, y := make([]int, classes), FieldIndex(ds.Fields(), FieldY)
	l := newLoader(t, ds, LoaderConfig{Batch: 500, Stop: uint64(ds.Len())})
	defer l.Close()
	for {
		b, err := l.Next()
		if err == io.EOF {
			return counts
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Fields[y].I32()[:b.Rows] {
			counts[c]++
		}
	}
}

func TestRealMNIST(t *testing.T) {
	same := func(n int) []int { return slices.Repeat([]int{n}, 10) }
	for name, want := range map[string][2][]int{
		"mnist": {{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
			{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}},
		"fashion-mnist": {same(6000), same(1000)},
	} {
		t.Run(name, func(t *testing.T) {
			train, test, s, err := LoadIDXDir(realData(t, name), ImageOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if train.Len() != 60000 || test.Len() != 10000 || s.Width() != 784 || len(s.Target.Classes) != 10 {
				t.Errorf("%d and %d images, width %d, classes %v", train.Len(), test.Len(), s.Width(), s.Target.Classes)
			}
			for i, ds := range []Dataset{train, test} {
				if got := classCounts(t, ds, 10); !slices.Equal(got, want[i]) {
					t.Errorf("counts %v, want %v", got, want[i])
				}
			}
		})
	}
}

func TestRealAdult(t *testing.T) {
	dir := realData(t, "adult")
	names := []string{"age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
		"race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"}
	table, err := ReadTable(filepath.Join(dir, "adult.data.gz"), TableOptions{Names: names, Target: "income"})
	if err != nil {
		t.Fatal(err)
	}
	test, err := ReadTable(filepath.Join(dir, "adult.test.gz"), TableOptions{Names: names, SkipLines: 1})
	if err != nil {
		t.Fatal(err)
	}
	if table.Len() != 32561 || test.Len() != 16281 {
		t.Errorf("%d and %d rows, want 32561 and 16281", table.Len(), test.Len())
	}
	s := fit(t, table, allRows(table), FitOptions{})
	numeric := 0
	for _, c := range s.Columns {
		if c.Kind == KindNumeric {
			numeric++
		}
	}
	if len(s.Columns) != 14 || numeric != 6 || !slices.Equal(s.Target.Classes, []string{"<=50K", ">50K"}) {
		t.Errorf("%d columns, %d numeric, classes %v", len(s.Columns), numeric, s.Target.Classes)
	}
	ds, err := s.Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	// adult.names: 24.78 % without unknowns, 7841 of all rows are above 50K.
	if got := classCounts(t, ds, 2); !slices.Equal(got, []int{24720, 7841}) {
		t.Errorf("classes %v", got)
	}
	_, err = s.Encode(test) // its classes end in a full stop
	wantError(t, err, "adult.test.gz:2", `class "<=50K."`)
}

func TestRealHousing(t *testing.T) {
	dir := realData(t, "california-housing")
	table, err := ReadTable(filepath.Join(dir, "cal_housing.data.gz"), TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := Split(table.Len(), 1, Part{"test", 0.2})
	if err != nil {
		t.Fatal(err)
	}
	s := fit(t, table, parts[TrainPart], FitOptions{})
	if table.Len() != 20640 || s.Width() != 8 || s.Target.Task != TaskRegression || s.Target.Name != "c8" {
		t.Errorf("%d rows, width %d, target %+v", table.Len(), s.Width(), s.Target)
	}
	got := encoded(t, s, table)
	if v := s.Target.Value(got["y"].F32()[0]); math.Abs(v-452600) > 0.1 {
		t.Errorf("first target %v, want 452600", v)
	}
	// Standardized on the training rows, each column has mean 0 and std 1 there.
	for col := range 8 {
		sum, sq := 0.0, 0.0
		for _, row := range parts[TrainPart] {
			v := float64(got["x"].F32()[8*row+col])
			sum, sq = sum+v, sq+v*v
		}
		n := float64(len(parts[TrainPart]))
		if mean, std := sum/n, math.Sqrt(sq/n); math.Abs(mean) > 1e-5 || math.Abs(std-1) > 1e-5 {
			t.Errorf("column %d: mean %v, std %v", col, mean, std)
		}
	}
}

func TestRealWine(t *testing.T) {
	dir := realData(t, "wine-quality")
	table, err := ReadTable(filepath.Join(dir, "winequality-red.csv"), TableOptions{Target: "quality"})
	if err != nil {
		t.Fatal(err)
	}
	s := fit(t, table, allRows(table), FitOptions{})
	if table.Len() != 1599 || s.Width() != 11 || !slices.Equal(s.Target.Classes, []string{"3", "4", "5", "6", "7", "8"}) {
		t.Errorf("%d rows, width %d, classes %v", table.Len(), s.Width(), s.Target.Classes)
	}
}
