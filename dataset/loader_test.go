package dataset

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/descent-ml/descent/tensor"
)

func newLoader(t testing.TB, ds Dataset, c LoaderConfig) *Loader {
	t.Helper()
	l, err := NewLoader(context.Background(), ds, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// checkBatch fails unless b is what the stream of order has at position pos.
func checkBatch(t *testing.T, b *Batch, n int, order Order, pos uint64, rows int) {
	t.Helper()
	if b.First != pos || b.Rows != rows || b.Epoch != int(pos)/n || len(b.Indices) != rows {
		t.Fatalf("batch at %d with %d rows in epoch %d, want %d, %d, %d", b.First, b.Rows, b.Epoch, pos, rows, int(pos)/n)
	}
	for row := range rows {
		want := order.At(b.Epoch, int(pos)%n+row)
		if b.Indices[row] != want {
			t.Fatalf("row %d of the batch at %d is example %d, want %d", row, pos, b.Indices[row], want)
		}
		checkRow(t, b.Fields, row, want)
	}
}

func TestLoaderStream(t *testing.T) {
	const n = 23
	ds, order := numbered(t, n), Shuffled(n, 5)
	for _, size := range []int{1, 4, 23, 100} {
		for _, start := range []uint64{0, 7, 46, 1000} {
			l := newLoader(t, ds, LoaderConfig{Batch: size, Order: order, Start: start})
			pos := start
			for range 700 {
				b, err := l.Next()
				if err != nil {
					t.Fatal(err)
				}
				rows := min(size, n-int(pos)%n)
				checkBatch(t, b, n, order, pos, rows)
				if pos += uint64(rows); l.Pos() != pos {
					t.Fatalf("position %d, want %d", l.Pos(), pos)
				}
			}
			l.Close()
		}
	}
}

func TestLoaderStop(t *testing.T) {
	l := newLoader(t, numbered(t, 10), LoaderConfig{Batch: 4, Start: 2, Stop: 15})
	var rows []int
	for {
		b, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, b.Rows)
	}
	if !slices.Equal(rows, []int{4, 4, 4, 1}) {
		t.Errorf("batches of %v, want 4 4 4 1", rows)
	}
	if _, err := l.Next(); err != io.EOF {
		t.Errorf("behind the end: %v, want EOF", err)
	}
	l.Seek(14)
	if b, err := l.Next(); err != nil || b.First != 14 || b.Rows != 1 {
		t.Errorf("after seek: %+v, %v", b, err)
	}
}

func TestLoaderSetSize(t *testing.T) {
	const n = 50
	ds := numbered(t, n)
	l := newLoader(t, ds, LoaderConfig{Batch: 3})
	pos := uint64(0)
	for step, size := range []int{3, 3, 7, 1, 50, 60, 2, 2, 16, 16, 16, 3, 50, 1, 1} {
		if err := l.SetSize(size); err != nil {
			t.Fatal(err)
		}
		b, err := l.Next()
		if err != nil {
			t.Fatal(step, err)
		}
		rows := min(size, n-int(pos)%n)
		if err := l.SetSize(size + 1); err != nil { // while the batch is held
			t.Fatal(err)
		}
		checkBatch(t, b, n, Sequential, pos, rows)
		pos += uint64(rows)
	}
	wantError(t, l.SetSize(0), "batch of 0")
}

// TestLoaderChunks: a batch in parts is the same examples, and the parts begin
// anew with each batch, after changes of the size and in the middle of them.
func TestLoaderChunks(t *testing.T) {
	const n, chunk = 50, 4
	l := newLoader(t, numbered(t, n), LoaderConfig{Batch: 3, Chunk: chunk, Most: 60})
	pos := uint64(0)
	for step, size := range []int{3, 3, 10, 10, 4, 60, 8, 13, 13, 13, 1, 60} {
		if err := l.SetSize(size); err != nil {
			t.Fatal(err)
		}
		rows := min(size, n-int(pos)%n)
		for _, again := range []bool{true, false} { // as an update with two passes does
			for at := 0; at < rows; at += chunk {
				b, err := l.Next()
				if err != nil {
					t.Fatal(step, err)
				}
				checkBatch(t, b, n, Sequential, pos+uint64(at), min(chunk, rows-at))
			}
			if again {
				l.Seek(pos)
			}
		}
		pos += uint64(rows)
	}
}

// failing is a dataset of which one example cannot be gathered.
type failing struct {
	Dataset
	at    int
	panic bool
}

var errTest = errors.New("bad example")

func (f failing) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	if slices.Contains(indices, f.at) {
		if f.panic {
			panic("bad example")
		}
		return errTest
	}
	return f.Dataset.Gather(dst, row, indices)
}

func TestLoaderErrorsInOrder(t *testing.T) {
	for _, panics := range []bool{false, true} {
		l := newLoader(t, failing{numbered(t, 20), 13, panics}, LoaderConfig{Batch: 5})
		for i := range 2 {
			if b, err := l.Next(); err != nil || b.First != uint64(5*i) {
				t.Fatal(b, err)
			}
		}
		for range 2 {
			_, err := l.Next()
			wantError(t, err, "position 10 (epoch 0)", "bad example")
			if !panics && !errors.Is(err, errTest) {
				t.Error("the cause is lost")
			}
		}
		l.Seek(15)
		if b, err := l.Next(); err != nil || b.First != 15 {
			t.Error("after the bad batch:", b, err)
		}
	}
}

func TestLoaderOrderOutOfRange(t *testing.T) {
	l := newLoader(t, numbered(t, 20), LoaderConfig{Batch: 5, Order: func(dst []int, epoch, i int) { Sequential(dst, epoch, i+1) }})
	var err error
	for i := 0; i < 4 && err == nil; i++ {
		_, err = l.Next()
	}
	wantError(t, err, "position 15", "example 20", "0 to 19")
}

func TestLoaderRefuses(t *testing.T) {
	empty, _ := Range(numbered(t, 1), 0, 0)
	_, err := NewLoader(context.Background(), empty, LoaderConfig{Batch: 1})
	wantError(t, err, "no examples")
	_, err = NewLoader(context.Background(), numbered(t, 1), LoaderConfig{})
	wantError(t, err, "batch of 0")
}

// blocking is a dataset whose Gather waits.
type blocking struct {
	Dataset
	gate chan struct{}
}

func (b blocking) Gather(dst []*tensor.Tensor, row int, indices []int) error {
	<-b.gate
	return b.Dataset.Gather(dst, row, indices)
}

func TestLoaderCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	gate := make(chan struct{})
	l, err := NewLoader(ctx, blocking{numbered(t, 5), gate}, LoaderConfig{Batch: 1})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := l.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	close(gate)
	l.Close()
	if _, err := l.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("after close: %v", err)
	}
}

// TestLoaderWaited: what is not there yet is waited for, and what is there is not.
func TestLoaderWaited(t *testing.T) {
	var l *Loader
	for late := time.Millisecond; l == nil || l.Waited() <= 0; late *= 2 { // a busy machine may be later than the data
		if late > 10*time.Second {
			t.Fatal("waited for no first batch, however late")
		}
		gate := make(chan struct{})
		l = newLoader(t, blocking{numbered(t, 5), gate}, LoaderConfig{Batch: 1, Stop: 5})
		time.AfterFunc(late, func() { close(gate) })
		if _, err := l.Next(); err != nil {
			t.Fatal(err)
		}
	}
	waited := l.Waited()
	if _, err := l.Next(); err != nil || l.Waited() != waited {
		t.Errorf("waited %v for one of the same group, %v", l.Waited()-waited, err)
	}
}

func TestLoaderCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	ds := numbered(t, 100)
	for i := range 50 {
		l, err := NewLoader(context.Background(), ds, LoaderConfig{Batch: 1 + i%7})
		if err != nil {
			t.Fatal(err)
		}
		for range i {
			if _, err := l.Next(); err != nil {
				t.Fatal(err)
			}
		}
		l.Close()
		l.Close()
		if _, err := l.Next(); !errors.Is(err, errLoaderClosed) {
			t.Fatalf("after close: %v", err)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestLoaderAllocatesNothing(t *testing.T) {
	ds := numbered(t, 1000)
	for _, size := range []int{1, 32, 333, 1000} { // 1000: each batch is an epoch
		l := newLoader(t, ds, LoaderConfig{Batch: size, Order: Shuffled(1000, 1)})
		next := func() {
			if _, err := l.Next(); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 * groupBatches {
			next()
		}
		if n := testing.AllocsPerRun(2000, next); n > 0.01 {
			t.Errorf("batch %d: %v allocations per batch", size, n)
		}
	}
}

func BenchmarkLoader(b *testing.B) {
	for _, c := range []struct {
		name        string
		width, size int
	}{{"64x1", 64, 1}, {"64x32", 64, 32}, {"784x128", 784, 128}} {
		b.Run(c.name, func(b *testing.B) {
			const n = 2000
			m, err := New(Column{Name: FieldX, Data: tensor.New(tensor.U8, n, c.width)})
			if err != nil {
				b.Fatal(err)
			}
			l := newLoader(b, m, LoaderConfig{Batch: c.size, Order: Shuffled(n, 1)})
			for b.Loop() {
				if _, err := l.Next(); err != nil {
					b.Fatal(err)
				}
			}
			l.Close()
		})
	}
}
