package tensorboard_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/train"
)

// points are examples of two classes that are easy to tell apart.
func points(t *testing.T) dataset.Dataset {
	t.Helper()
	const n = 32
	x, y := make([]float32, n), make([]int32, n)
	for i := range n {
		x[i], y[i] = float32(i)/n-0.5, int32(2*i/n)
	}
	ds, err := dataset.New(dataset.Column{Name: "x", Data: tensor.Of(x, n, 1)}, dataset.Column{Name: "y", Data: tensor.Of(y)})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// resumed trains, is stopped between two checkpoints, loses the newest, and is
// resumed: its directory.
func resumed(t *testing.T) string {
	t.Helper()
	c := train.Config{Model: nn.Dense(2), Data: points(t), Loss: nn.CrossEntropy(), Optimizer: optim.SGD(0.5), Batch: batch.Fixed(8), Budget: train.Epochs(4),
		LogEvery: batch.Updates(1), Checkpoint: train.Checkpoints{Every: batch.Updates(3)}, Out: filepath.Join(t.TempDir(), "run"), YAML: []byte("seed: 0\n")}
	c.Val = c.Data
	c.OnEvent = func(e *train.Event) error {
		if e.Kind == train.Updated && e.Position.Update == 8 {
			return train.Stop
		}
		return nil
	}
	fit := func() {
		if _, err := train.Fit(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	fit()
	saved, _ := filepath.Glob(filepath.Join(c.Out, train.CheckpointsDir, "*8*"))
	if len(saved) != 1 {
		t.Fatalf("checkpoints of update 8: %v", saved)
	}
	os.Remove(saved[0])
	c.OnEvent, c.Resume = nil, true
	fit()
	return c.Out
}

// series are the steps and numbers of a tag.
type series struct {
	Plugin string    `json:"plugin"`
	Steps  []uint64  `json:"steps"`
	Values []float64 `json:"values"`
}

// found are the series of a run by tag.
type found map[string]*series

func (f found) add(tag, plugin string, step uint64, v float64) {
	if f[tag] == nil {
		f[tag] = &series{Plugin: plugin}
	}
	f[tag].Steps, f[tag].Values = append(f[tag].Steps, step), append(f[tag].Values, v)
}

// wanted are the series that the lines of metrics.jsonl are.
func wanted(records []report.Record) found {
	f := found{}
	scalar := func(tag string, r report.Record, v float64, there bool) {
		if there {
			f.add(tag, "scalars", r.Update, float64(float32(v)))
		}
	}
	for _, r := range records {
		scalar(r.Split+"/loss", r, r.Loss, true)
		scalar("lr", r, r.LR, r.LR != 0)
		scalar("batch", r, float64(r.Batch), r.Batch != 0)
		scalar("throughput", r, r.Rate, r.Rate != 0)
		scalar("memory", r, float64(r.Bytes), r.Bytes != 0)
		for _, v := range r.Values {
			scalar(r.Split+"/"+v.Name, r, v.V, true)
		}
	}
	return f
}

// message calls f with the fields of a message: number, and bytes or number.
func message(b []byte, f func(field protowire.Number, bytes []byte, v uint64)) {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		b = b[n:]
		var bytes []byte
		var v uint64
		switch kind {
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(b)
		}
		b = b[n:]
		f(field, bytes, v)
	}
}

// read reads the scalars of the only event file of a run.
func read(t *testing.T, dir string) found {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*tfevents*"))
	if len(files) != 1 {
		t.Fatalf("event files %v, want one", files)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	f := found{}
	for len(b) > 0 {
		n := binary.LittleEndian.Uint64(b)
		var step uint64
		message(b[12:12+n], func(field protowire.Number, b []byte, v uint64) {
			switch field {
			case 2:
				step = v
			case 5:
				message(b, func(_ protowire.Number, b []byte, _ uint64) { f.value(step, b) })
			}
		})
		b = b[16+n:]
	}
	return f
}

// value takes a Summary.Value.
func (f found) value(step uint64, b []byte) {
	var tag string
	message(b, func(field protowire.Number, b []byte, _ uint64) {
		switch field {
		case 1:
			tag = string(b)
		case 8:
			message(b, func(field protowire.Number, b []byte, _ uint64) {
				if field == 5 {
					f.add(tag, "scalars", step, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
				}
			})
		}
	})
}

// TestResumedRun: the event file of a run that was resumed has the numbers of
// its metrics.jsonl, each step once.
func TestResumedRun(t *testing.T) {
	dir := resumed(t)
	records, err := report.ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := wanted(records)
	if n := len(want["train/loss"].Steps); n != 16 {
		t.Errorf("%d steps, want 16", n)
	}
	if got := read(t, dir); !reflect.DeepEqual(got, want) {
		t.Errorf("the event file has\n%v, want\n%v", text(got), text(want))
	}
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// TestReaders: what TensorBoard's own reader finds in the event file, and pandas
// in metrics.jsonl, is what was measured, without a warning.
func TestReaders(t *testing.T) {
	const variable = "DESCENT_TENSORBOARD_PYTHON"
	python := os.Getenv(variable)
	if python == "" {
		t.Skipf("set %s to a Python that has TensorBoard and pandas", variable)
	}
	dir := resumed(t)
	out, err := exec.Command(python, "testdata/read.py", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got struct {
		Config  string                       `json:"config"`
		Scalars found                        `json:"scalars"`
		Columns map[string]map[string]string `json:"columns"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	records, err := report.ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := wanted(records); !reflect.DeepEqual(got.Scalars, want) {
		t.Errorf("TensorBoard reads\n%v, want\n%v", text(got.Scalars), text(want))
	}
	if want := "```yaml\nseed: 0\n```\n"; got.Config != want {
		t.Errorf("TensorBoard reads the configuration as %q, want %q", got.Config, want)
	}
	for name, want := range columns(records) {
		if !reflect.DeepEqual(got.Columns[name], want) {
			t.Errorf("pandas has the column %q as %v, want %v", name, got.Columns[name], want)
		}
	}
}

// columns are the types that pandas gives some columns, and in how many rows
// there is nothing: whole numbers stay so where each row has one.
func columns(records []report.Record) map[string]map[string]string {
	validations := 0
	for _, r := range records {
		if r.Split == "val" {
			validations++
		}
	}
	all, train, val := "0", fmt.Sprint(validations), fmt.Sprint(len(records)-validations)
	column := func(dtype, missing string) map[string]string {
		return map[string]string{"dtype": dtype, "missing": missing}
	}
	return map[string]map[string]string{
		"update": column("int64", all), "epoch": column("int64", all), "examples": column("int64", all), "seconds": column("float64", all), "split": column("str", all),
		"loss": column("float64", all), "lr": column("float64", train), "batch": column("float64", train), "grad_norm": column("float64", train), "accuracy": column("float64", val),
	}
}
