package descent_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/descent-ml/descent"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// orders is a table with a column of every kind, 200 rows.
func orders() string {
	var b strings.Builder
	b.WriteString("when,paid,city,note,price,age,big,total,late\n")
	for i := range 200 {
		age := fmt.Sprint(20 + i*7%50)
		if i%11 == 0 {
			age = ""
		}
		fmt.Fprintf(&b, "2024-%02d-%02d,%s,%s,please leave box %d there,%g,%s,%s,%d,%d\n", 1+i%12, 1+i%28, []string{"yes", "no"}[i%2],
			[]string{"Oslo", "Rome", "Lima"}[i%3], i%9, 1.5*float64(i%40), age, []string{"S", "L", "M"}[i%40/14], 3*(i%40)+i%2, i%2)
	}
	return b.String()
}

// trainOn trains a little on the orders and returns the run directory.
func trainOn(t testing.TB, yaml string) (dir string, c *config.Config, sets *config.Sets) {
	t.Helper()
	folder := t.TempDir()
	data := filepath.Join(folder, "orders.csv")
	if err := os.WriteFile(data, []byte(orders()), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("test", []byte(yaml), "data.train="+data, "budget=3ep", "data.split.test=20%", "exec.threads=1")
	if err != nil {
		t.Fatal(err)
	}
	if sets, err = c.Load(nil); err != nil {
		t.Fatal(err)
	}
	cfg, err := c.BuildTrain(sets)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Out = filepath.Join(folder, "run")
	if _, err := train.Fit(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	return cfg.Out, c, sets
}

var predictorConfigs = map[string]string{
	"classes":    "data: {target: big, infer: full, categories: embedding, bins: 8, scaling: robust, skip: [total, late]}\nmodel: auto",
	"one-hot":    "data: {target: big, skip: [when, note]}",
	"binary":     "data: {target: paid, infer: full, skip: [late]}\nloss: bce",
	"regression": "data: {target: total, infer: full, target_transform: log}",
	"values":     "data: {target: [total, price], infer: full}",
	"text":       "data: {target: big, text: note}\nmodel: [{encoder: {layers: 1, heads: 2, dim: 16}}, {dense: auto}]",
	"labels":     "data: {target: [paid, late], infer: full}",
}

// TestPredictor: rows of every form get the bits that an evaluation of the
// whole table gives them, from many goroutines at once.
func TestPredictor(t *testing.T) {
	for name, yaml := range predictorConfigs {
		t.Run(name, func(t *testing.T) {
			dir, c, sets := trainOn(t, yaml)
			p, err := descent.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			want := scores(t, dir, c, sets)
			table, err := dataset.ParseTable(strings.NewReader(orders()), "orders", dataset.TableOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var wait sync.WaitGroup
			for worker := range 4 {
				wait.Add(1)
				go func() {
					defer wait.Done()
					for row := worker; row < table.Len(); row += 4 {
						for _, r := range forms(p, table, row) {
							got, err := p.Predict(r)
							if err != nil {
								t.Errorf("row %d as %T: %v", row, r, err)
							} else if !same(&got, sets.Schema, want[row]) {
								t.Errorf("row %d as %T: %+v, scores %v", row, r, got, want[row])
							}
						}
					}
				}()
			}
			wait.Wait()
		})
	}
}

// scores returns what an evaluation of the whole table gives for each row.
func scores(t *testing.T, dir string, c *config.Config, sets *config.Sets) [][]float32 {
	t.Helper()
	m, err := checkpoint.ReadModel(filepath.Join(dir, train.ModelName))
	if err != nil {
		t.Fatal(err)
	}
	ds, err := c.Encode(c.Data.Train, "test", sets.Schema)
	if err != nil {
		t.Fatal(err)
	}
	model, err := c.BuildModel(sets.Schema)
	if err != nil {
		t.Fatal(err)
	}
	eng, err := train.NewEngine(train.Exec{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	e, err := train.NewEvaluator(eng, model, c.BuildLoss(), ds.Fields(), m.Tensors)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	err = e.Predict(context.Background(), ds, func(_ int, pred *tensor.Tensor, rows int) error {
		width := pred.Size() / pred.Shape()[0]
		for i := range rows {
			out = append(out, slices.Clone(pred.F32()[i*width:(i+1)*width]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// same reports whether a prediction is that of the scores, bit by bit where the
// value is a function of one score.
func same(p *descent.Prediction, s *dataset.Schema, scores []float32) bool {
	targets := s.Targets()
	switch s.Target.Task {
	case dataset.TaskRegression:
		for i, v := range p.Values {
			if v != targets[i].Value(scores[i]) {
				return false
			}
		}
		return p.Value == p.Values[0] && len(p.Values) == len(targets)
	case dataset.TaskMultiLabel:
		for i, y := range scores {
			if p.Labels[i] != (y > 0) || p.Probabilities[i] != 1/(1+math.Exp(-float64(y))) {
				return false
			}
		}
		return len(p.Labels) == len(targets)
	}
	if len(scores) == 1 {
		return p.Probabilities[1] == 1/(1+math.Exp(-float64(scores[0]))) && p.Class == s.Target.Class(p.Index)
	}
	best, sum := 0, 0.0
	for i := range scores {
		if scores[i] > scores[best] {
			best = i
		}
		sum += p.Probabilities[i]
	}
	return p.Index == best && p.Class == s.Target.Class(best) && math.Abs(sum-1) < 1e-12 &&
		math.Abs(math.Log(p.Probabilities[0]/p.Probabilities[1])-float64(scores[0]-scores[1])) < 1e-6
}

type order struct {
	When  time.Time `descent:"when"`
	Paid  string    `descent:"paid"`
	City  *string   `descent:"city"`
	Note  string    `descent:"note"`
	Price float64   `descent:"price"`
	Age   any       `descent:"age"`
	Big   string    `descent:"big"`
	Total int       `descent:"total"`
	Late  uint8     `descent:"late"`
	extra int
}

// forms returns a row in the forms that Predict takes.
func forms(p *descent.Predictor, t *dataset.Table, row int) []any {
	texts, anys := map[string]string{}, map[string]any{}
	var o order
	o.extra = 1
	for col, name := range t.Names() {
		cell := t.Cell(row, col)
		texts[name], anys[name] = cell, cell
		var number float64
		if _, err := fmt.Sscanf(cell, "%g", &number); err == nil && name != "when" && fmt.Sprint(number) == cell {
			anys[name] = number
		} else if cell == "" {
			anys[name] = nil
		}
		switch name {
		case "when":
			o.When, _ = time.Parse(time.DateOnly, cell)
		case "paid":
			o.Paid = cell
		case "city":
			o.City = &cell
		case "note":
			o.Note = cell
		case "price":
			o.Price = number
		case "age":
			o.Age = anys[name]
		case "big":
			o.Big = cell
		case "total":
			o.Total = int(number)
		case "late":
			o.Late = uint8(number)
		}
	}
	list, plain := []any{}, []string{}
	for _, name := range p.Columns() {
		list, plain = append(list, anys[name]), append(plain, texts[name])
	}
	return []any{texts, anys, list, plain, o, &o}
}

// TestPredictorOfImages: pixels get the bits of an evaluation.
func TestPredictorOfImages(t *testing.T) {
	c, err := config.Parse("test", []byte("data: {train: 'embedded:digits'}\nbudget: 1ep"))
	if err != nil {
		t.Fatal(err)
	}
	sets, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := c.BuildTrain(sets)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Out = filepath.Join(t.TempDir(), "run")
	if _, err := train.Fit(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	p, err := descent.Load(cfg.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	want := scores(t, cfg.Out, c, sets)
	buf := dataset.NewBuffers(sets.Train.Fields(), 1)
	for row := 0; row < sets.Train.Len(); row += 50 {
		if err := sets.Train.Gather(buf, 0, []int{row}); err != nil {
			t.Fatal(err)
		}
		plain, floats := make([]uint8, 64), make([]float64, 64)
		for i, v := range buf[0].F32() {
			plain[i], floats[i] = uint8(v/sets.Schema.Image.Scale), float64(v/sets.Schema.Image.Scale)
		}
		picture := sets.Schema.Image.Picture(buf[0].F32())
		var file bytes.Buffer
		if err := png.Encode(&file, picture); err != nil {
			t.Fatal(err)
		}
		for _, image := range []any{plain, floats, picture, descent.ImageFile(file.Bytes())} {
			if got, err := p.Predict(image); err != nil || !same(&got, sets.Schema, want[row]) {
				t.Errorf("image %d as %T: %+v, %v", row, image, got, err)
			}
		}
	}
	for want, row := range map[string]any{"an image of 3 pixels (want 64": []uint8{1, 2, 3}, "an image of type map[string]string": map[string]string{}, "the file is empty": descent.ImageFile{}, "not an image": descent.ImageFile("hello")} {
		if _, err := p.Predict(row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	large := image.NewYCbCr(image.Rect(-3, 5, 97, 60), image.YCbCrSubsampleRatio420)
	var out descent.Prediction
	if err := p.PredictInto(&out, large); err != nil {
		t.Errorf("an image of another size: %v", err)
	}
	if n := testing.AllocsPerRun(100, func() { p.PredictInto(&out, large) }); n != 0 && !raceEnabled {
		t.Errorf("%v allocations", n)
	}
}

func TestPredictorRefuses(t *testing.T) {
	dir, _, _ := trainOn(t, predictorConfigs["one-hot"])
	p, err := descent.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	good := map[string]any{"paid": "yes", "city": "Rome", "price": 1, "age": nil, "total": 3, "late": 0}
	if _, err := p.Predict(good); err != nil {
		t.Fatal(err)
	}
	edit := func(key string, v any) map[string]any {
		m := map[string]any{"colour": 1}
		for k, x := range good {
			m[k] = x
		}
		if m[key] = v; v == "gone" {
			delete(m, key)
		}
		return m
	}
	for want, row := range map[string]any{
		`no column "age", which the model wants; not a column of the model: "colour"`:      edit("age", "gone"),
		`column "age": cell "old" is not a finite number`:                                  edit("age", "old"),
		`column "age": a value of type []int`:                                              edit("age", []int{1}),
		"a row of type int":                                                                3,
		"a row of type <nil>":                                                              nil,
		"a row of 2 values (want 6, in the order of Columns)":                              []string{"a", "b"},
		`no column "paid", "city", "price"`:                                                struct{ X int }{1},
		`no column "paid", "city", "price", "age", "total", "late", which the model wants`: map[string]float64{},
	} {
		if _, err := p.Predict(row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %s", row, err, want)
		}
	}
	if _, err := p.Predict(good); err != nil {
		t.Error("after errors: ", err)
	}
	for _, path := range []string{filepath.Join(dir, "none"), t.TempDir()} {
		if _, err := descent.Load(path); err == nil {
			t.Errorf("%s was loaded", path)
		}
	}
	whole, err := os.ReadFile(filepath.Join(dir, train.ModelName))
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "m.descent")
	whole[len(whole)/2] ^= 1
	if err := os.WriteFile(damaged, whole, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := descent.Load(damaged); err == nil || !strings.Contains(err.Error(), "m.descent") {
		t.Errorf("a damaged model: %v", err)
	}
	if q, err := descent.LoadFS(os.DirFS(dir), train.ModelName); err != nil {
		t.Error(err)
	} else {
		q.Close()
	}
}

func TestPredictorAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	dir, _, _ := trainOn(t, predictorConfigs["classes"])
	p, err := descent.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	table, err := dataset.ParseTable(strings.NewReader(orders()), "orders", dataset.TableOptions{Skip: []string{"note", "when"}})
	if err != nil {
		t.Fatal(err)
	}
	var out descent.Prediction
	for _, row := range forms(p, table, 5)[:4] { // of dates and texts, each word is parsed
		switch m := row.(type) {
		case map[string]any:
			m["when"], m["note"] = "", ""
		case map[string]string:
			m["when"], m["note"] = "", ""
		case []any:
			m[slices.Index(p.Columns(), "when")], m[slices.Index(p.Columns(), "note")] = nil, nil
		case []string:
			m[slices.Index(p.Columns(), "when")], m[slices.Index(p.Columns(), "note")] = "", ""
		}
		if err := p.PredictInto(&out, row); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { p.PredictInto(&out, row) }); n != 0 {
			t.Errorf("%v allocations for a %T", n, row)
		}
	}
}

func BenchmarkPredict(b *testing.B) {
	dir := os.Getenv("DESCENT_RUN")
	if dir == "" {
		b.Skip("set DESCENT_RUN to a run directory of a table of the census")
	}
	p, err := descent.Load(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	row := map[string]any{"c0": 39.0, "c1": "State-gov", "c2": 77516.0, "c3": "Bachelors", "c4": 13.0, "c5": "Never-married", "c6": "Adm-clerical",
		"c7": "Not-in-family", "c8": "White", "c9": "Male", "c10": 2174.0, "c11": 0.0, "c12": 40.0, "c13": "United-States"}
	b.Run("one", func(b *testing.B) {
		var out descent.Prediction
		b.ReportAllocs()
		for b.Loop() {
			if err := p.PredictInto(&out, row); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("64 goroutines", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			var out descent.Prediction
			for pb.Next() {
				if err := p.PredictInto(&out, row); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
