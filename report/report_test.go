package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func sample() *Record {
	return &Record{Update: 12, Epoch: 2, Examples: 768, Seconds: 0.25, Split: "train", Loss: 0.1234567891234, LR: 1e-3, Batch: 64,
		Values: Values{{"accuracy", 0.5}, {"naïve \"x\"", math.Inf(1)}}}
}

func TestRecord(t *testing.T) {
	line := string(sample().Append(nil))
	want := `{"update":12,"epoch":2,"examples":768,"seconds":0.250000,"split":"train","loss":0.123456789,"lr":0.001,"batch":64,"accuracy":0.5,"naïve \"x\"":null}` + "\n"
	if line != want {
		t.Errorf("got  %swant %s", line, want)
	}
	var r Record
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	if string(r.Append(nil)) != want {
		t.Errorf("read back as %+v", r)
	}
	if v, ok := r.Values.Get("naïve \"x\""); !ok || !math.IsNaN(v) {
		t.Errorf("null became %v", v)
	}
	if v, ok := r.Values.Get("none"); ok || !math.IsNaN(v) {
		t.Errorf("a missing metric is %v", v)
	}
	for _, bad := range []string{``, `[]`, `{"update":-1}`, `{"loss":"x"}`, `{"a":{}}`} {
		if err := json.Unmarshal([]byte(bad), &r); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestMetricsAndCut(t *testing.T) {
	dir := t.TempDir()
	m, err := OpenMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := sample()
	for u := range uint64(2000) { // more than one buffer
		r.Update, r.Split = u+1, "train"
		if err := m.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	r.Update, r.Split = 10, "test"
	if err := errors.Join(m.Write(r), m.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, MetricsName)
	whole, _ := os.ReadFile(path)
	if err := os.WriteFile(path, append(whole, `{"update":3,"to`...), 0o644); err != nil {
		t.Fatal(err)
	}
	j, err := OpenJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []uint64{0, 1500, 1501} {
		if err := j.Write(Entry{Update: u, Kind: "micro", Value: 3, Text: "why"}); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	if err := Cut(dir, 1500); err != nil {
		t.Fatal(err)
	}
	records, err := ReadMetrics(dir)
	if err != nil || len(records) != 1500 || records[1499].Update != 1500 {
		t.Fatalf("%d records, %v; want 1500", len(records), err)
	}
	after, _ := os.ReadFile(path)
	if !bytes.HasPrefix(whole, after) {
		t.Error("the lines that were kept changed")
	}
	entries, err := ReadJournal(dir)
	want := []Entry{{Kind: "micro", Value: 3, Text: "why"}, {Update: 1500, Kind: "micro", Value: 3, Text: "why"}}
	if err != nil || !reflect.DeepEqual(entries, want) {
		t.Errorf("journal %v, %v; want %v", entries, err, want)
	}
	if err := Cut(t.TempDir(), 1); err != nil {
		t.Errorf("cutting nothing: %v", err)
	}
	if err := os.WriteFile(path, []byte("junk\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Cut(dir, 1); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("junk gave %v, want an error with its line", err)
	}
}

func TestMetricsAllocations(t *testing.T) {
	m, err := OpenMetrics(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	r := sample()
	r.Values = r.Values[:1]
	if n := testing.AllocsPerRun(2000, func() {
		if err := m.Write(r); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a record", n)
	}
}

// TestDiskFull: errors of the disk come back from what writes to it.
func TestDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	m := &Metrics{f: f}
	if err := m.Write(sample()); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("metrics on a full disk: %v", err)
	}
	f, _ = os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err := (&Journal{f}).Write(Entry{Kind: "x"}); err == nil {
		t.Error("a journal on a full disk gave no error")
	}
	if _, err := OpenMetrics(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("metrics in a directory that is not there gave no error")
	}
}

func TestSummary(t *testing.T) {
	dir := t.TempDir()
	s := &Summary{Schema: 1, Version: "v0", Stopped: Budget, Updates: 3, Fingerprint: "ab", Best: &Best{"loss", 0.5, 2, true},
		Train: Values{{"loss", 0.25}}, Test: Values{{"loss", 0.5}, {"accuracy", 0.9}}}
	if err := WriteSummary(dir, s); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSummary(dir)
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("read %+v, %v; want %+v", got, err, s)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 1 {
		t.Errorf("%d files, want the summary alone", len(files))
	}
	if err := WriteSummary(filepath.Join(dir, "none"), s); err == nil {
		t.Error("a summary in a directory that is not there gave no error")
	}
}

func status() *Status {
	return &Status{Fraction: 0.42, Epoch: 9, Epochs: 20, Update: 1234, Rate: 184321, Left: 12 * time.Second, Loss: 0.12345, LR: 9.5e-4,
		Val: Values{{"loss", 0.0812}, {"accuracy", 0.978}}}
}

func TestLiveFitsTheWidth(t *testing.T) {
	for _, doing := range []string{"", "validating"} {
		for width := 16; width < 200; width++ {
			var out bytes.Buffer
			p := NewProgress(&out, Live)
			p.width = func() int { return width }
			s := status()
			s.Doing = doing
			p.Show(time.Now(), s)
			line := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\r"), "\x1b[K")
			if n := utf8.RuneCountInString(line); n >= width {
				t.Fatalf("width %d: %d cells: %s", width, n, line)
			}
			if !strings.Contains(line, "0.1235") {
				t.Fatalf("width %d: the loss is missing: %s", width, line)
			}
		}
	}
}

// TestLiveKeepsWhatMatters: what a line of a width must say. The bar goes
// before any number does.
func TestLiveKeepsWhatMatters(t *testing.T) {
	regression := Values{{"loss", 0.0812}, {"rmse", 652.6}, {"r2", 0.941}}
	for _, c := range []struct {
		width  int
		val    Values
		want   []string
		absent []string
	}{
		{160, nil, []string{"━", "42%", "epoch", "update", "loss", "lr", "ex/s", "ETA"}, nil},
		{120, status().Val, []string{"42%", "epoch  9/20", "1,234", "0.1235", "val loss 0.08120", "accuracy 97.80%", "0.00095", "184k ex/s", "ETA 0:12"}, nil},
		{120, regression, []string{"42%", "epoch 9/20", "update 1,234", "loss 0.1235", "val loss 0.08120", "rmse 652.6", "lr 0.00095", "184k ex/s", "ETA 0:12"}, []string{"━"}},
		{80, nil, []string{"42%", "epoch 9/20", "update 1,234", "loss 0.1235", "lr 0.00095", "184k ex/s", "ETA 0:12"}, []string{"━"}},
		{80, status().Val, []string{"42%", "epoch 9/20", "loss 0.1235", "val loss 0.08120", "lr 0.00095", "184k ex/s", "ETA 0:12"}, []string{"━", "update"}},
		{60, status().Val, []string{"42%", "epoch 9/20", "loss 0.1235", "val loss 0.08120", "ETA 0:12"}, []string{"━", "ex/s"}},
		{24, status().Val, []string{"42%", "loss 0.1235"}, []string{"━", "epoch"}},
	} {
		s := status()
		s.Val = c.val
		line := NewProgress(io.Discard, Live).live(s, c.width-1)
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("width %d lacks %q: %s", c.width, want, line)
			}
		}
		for _, no := range c.absent {
			if strings.Contains(line, no) {
				t.Errorf("width %d has %q: %s", c.width, no, line)
			}
		}
	}
}

// TestUnknownIsNotShown: before the first update there is no loss and no rate.
func TestUnknownIsNotShown(t *testing.T) {
	s := status()
	s.Val, s.Loss, s.LR, s.Doing = nil, math.NaN(), math.NaN(), "testing"
	var out bytes.Buffer
	NewProgress(&out, Lines).Show(time.Now(), s)
	if got := out.String(); strings.Contains(got, "loss") || strings.Contains(got, "lr") || !strings.Contains(got, "update 1,234  testing") {
		t.Errorf("got %q", got)
	}
}

func TestLiveLine(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, Live)
	p.width = func() int { return 160 }
	p.Start("digits", "MLP 64-32-10")
	p.Show(time.Now(), status())
	p.Note("micro 16")
	p.End(&Summary{Stopped: Budget, Updates: 1240, Examples: 30000, Seconds: 1.5, ExamplesPerSecond: 2e4, Test: Values{{"accuracy", 0.9812}}}, "runs/digits-1")
	want := "digits MLP 64-32-10\n" +
		"\r━━━━━━━━━━────────────── 42%  epoch  9/20  update   1,234  loss  0.1235  val loss 0.08120  accuracy 97.80%  lr  0.00095   184k ex/s  ETA 0:12\x1b[K" +
		"\r\x1b[Kdigits micro 16\n" +
		"✓ digits  1,240 updates, 30.0k examples in 1.5s (20.0k ex/s)\n" +
		"  test      accuracy 98.12%\n" +
		"  runs/digits-1\n"
	if got := strings.ReplaceAll(out.String(), "───   42%", "─── 42%"); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if strings.Contains(out.String(), "\x1b[3") {
		t.Error("colour where there is no terminal")
	}
}

// TestWaited: a share of the time that went by without examples is told if it is
// worth telling.
func TestWaited(t *testing.T) {
	for waited, want := range map[float64]string{0.3: "in 0:10 (0 ex/s)\n", 2: "in 0:10 (0 ex/s), 20% of it waiting for examples\n"} {
		var out bytes.Buffer
		NewProgress(&out, Lines).End(&Summary{Stopped: Budget, Seconds: 10, WaitedSeconds: waited}, "")
		if !strings.Contains(out.String(), want) {
			t.Errorf("waited %v s: %q, want %q", waited, out.String(), want)
		}
	}
}

func TestColour(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, Live)
	p.color = true
	p.width = func() int { return 160 }
	p.Show(time.Now(), status())
	if !strings.Contains(out.String(), "\x1b[36m━") {
		t.Errorf("no colour in %q", out.String())
	}
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, Auto) // a buffer is no terminal
	at := time.Now()
	shown := 0
	for range 600 { // a minute in steps of 100 ms
		at = at.Add(100 * time.Millisecond)
		if p.Due(at) {
			p.Show(at, status())
			shown++
		}
	}
	if shown < 7 || shown > 10 {
		t.Errorf("%d lines in a minute", shown)
	}
	if strings.ContainsAny(out.String(), "\r\x1b━") {
		t.Errorf("control characters in a pipe: %q", out.String())
	}
	before := out.Len()
	at = at.Add(time.Second)
	p.Validated(at, status())
	if n := strings.Count(out.String()[before:], "\n"); n != 1 {
		t.Errorf("%d lines for a validation, want 1", n)
	}
	p.Validated(at.Add(time.Millisecond), status())
	if n := strings.Count(out.String()[before:], "\n"); n != 1 {
		t.Errorf("%d lines for two validations within a millisecond, want 1", n)
	}
}

func TestQuiet(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, Quiet)
	p.Start("x", "y")
	p.Show(time.Now(), status())
	p.Validated(time.Now(), status())
	p.Note("n")
	p.End(&Summary{}, "d")
	if out.Len() > 0 || p.Due(time.Now()) {
		t.Errorf("quiet says %q", out.String())
	}
	p.Warn("disk %s", "full")
	if out.String() != "warning: disk full\n" {
		t.Errorf("a warning reads %q", out.String())
	}
	var none *Progress
	none.Start("x")
	none.Show(time.Now(), status())
	none.Warn("w")
	none.End(&Summary{}, "")
	if none.Due(time.Now()) {
		t.Error("no progress is due")
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Short(0), "0"}, {Short(0.12345), "0.1235"}, {Short(2.30259), "2.303"}, {Short(12.345), "12.35"}, {Short(-1234.5), "-1234"},
		{Short(99999), "99999"}, {Short(1e-3), "0.001000"}, {Short(9.5e-4), "9.50e-4"}, {Short(3e12), "3.00e12"}, {Short(math.NaN()), "NaN"},
		{Scaled(0), "0"}, {Scaled(999), "999"}, {Scaled(1200), "1.20k"}, {Scaled(18400), "18.4k"}, {Scaled(184321), "184k"}, {Scaled(2.5e6), "2.50M"},
		{Thousands(7), "7"}, {Thousands(1234), "1,234"}, {Thousands(1234567), "1,234,567"}, {Thousands(123456), "123,456"},
		{Clock(400 * time.Millisecond), "0.4s"}, {Clock(65 * time.Second), "1:05"}, {Clock(7384 * time.Second), "2:03:04"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	done, rest := meter(0.5, 5)
	if done != "━━╸" || rest != "──" {
		t.Errorf("half of 5 cells is %s%s", done, rest)
	}
}
