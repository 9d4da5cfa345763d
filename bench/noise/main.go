//go:build unix

// Command noise measures what the meter of gradient noise costs: the time of updates
// of MLPs on MNIST and Fashion-MNIST with the meter on, beside that of the same updates
// without it.
//
//	go run ./bench/noise -data ../shared/data
//
// Both runs go on in one process and take turns, a few updates each, so that what
// disturbs one disturbs the other. The time is that of the processor, so that other
// work of the machine does not count. A line has the time of an update without the
// meter, the median over the turns; what a measured update takes beside it, in per
// cent; how many updates there are to a measurement by default, and the cost that
// follows from the two; and that cost as it was measured: the median of the turns'
// ratios and its interval of 95 %.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/internal/config"
	"github.com/descent-ml/descent/train"
)

type options struct {
	data    string
	threads int
	turns   int
	sizes   string
	sets    string
}

// models are those of every row: the widths of the hidden layers.
var models = []struct{ name, layers string }{
	{"784-128-10", "[{dense: 128}, relu, {dense: auto}]"},
	{"784-256-128-10", "[{dense: 256}, relu, {dense: 128}, relu, {dense: auto}]"},
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "../shared/data", "folder with mnist and fashion-mnist")
	flag.IntVar(&o.threads, "threads", 1, "of each run")
	flag.IntVar(&o.turns, "turns", 40, "of each run")
	flag.StringVar(&o.sizes, "batch", "32,64,128,256,512", "sizes of batches")
	flag.StringVar(&o.sets, "sets", "mnist,fashion-mnist", "data")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/noise:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	fmt.Println("data           model           batch   update us   measured +%   every   cost %   cost % as measured")
	for _, set := range strings.Split(o.sets, ",") {
		for _, m := range models {
			for _, size := range strings.Split(o.sizes, ",") {
				n, err := strconv.Atoi(size)
				if err != nil {
					return err
				}
				if err := row(o, set, m.name, m.layers, n); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// row measures one model and size.
func row(o options, set, name, layers string, size int) error {
	c, err := build(o, set, layers, size)
	if err != nil {
		return err
	}
	every, err := measure(c, train.Noise{Mode: train.NoiseOn, Every: train.Updates(1)}, o.turns, size)
	if err != nil {
		return err
	}
	auto, err := measure(c, train.Noise{Mode: train.NoiseOn}, o.turns, size)
	if err != nil {
		return err
	}
	fmt.Printf("%-14s %-15s %5d %11.1f %13.1f %7.1f %8.2f   %.2f (%.2f to %.2f)\n", set, name, size, every.plain*1e6, 100*every.share,
		auto.every, 100*every.share/auto.every, 100*auto.share, 100*auto.low, 100*auto.high)
	return nil
}

// build is the run without a meter.
func build(o options, set, layers string, size int) (train.Config, error) {
	text := fmt.Sprintf("data: {train: %s}\nmodel: %s\noptimizer: {sgd: {lr: 0.05, momentum: 0.9}}\nbatch: %d\nbudget: 1000 epochs\nexec: {threads: %d}\n",
		filepath.Join(o.data, set), layers, size, o.threads)
	c, err := config.Parse(set, []byte(text))
	if err != nil {
		return train.Config{}, err
	}
	sets, err := c.Load(nil)
	if err != nil {
		return train.Config{}, err
	}
	t, err := c.BuildTrain(sets)
	t.Val, t.Test, t.Out, t.Progress = nil, nil, train.NoOut, nil
	t.Noise = train.Noise{Mode: train.NoiseOff}
	t.LogEvery = batch.Epochs(1000)
	return t, err
}

// cost is the time of an update in seconds, what a meter adds to it as a share, and
// how many updates there are to a measurement.
type cost struct{ plain, share, low, high, every float64 }

// turn is how many examples a run goes through in one turn, about.
const turn = 1 << 15

// measure runs a configuration without and with a meter, in turns.
func measure(c train.Config, n train.Noise, turns, size int) (cost, error) {
	with := c
	with.Noise = n
	updates := max(turn/size, 128)
	plain, metered := newRunner(c, updates), newRunner(with, updates)
	defer plain.stop()
	defer metered.stop()
	var base, ratios []float64
	for i := range turns + 1 {
		first, second := plain, metered
		if i%2 == 1 {
			first, second = metered, plain
		}
		for _, r := range []*runner{first, second} {
			if err := r.turn(); err != nil {
				return cost{}, err
			}
		}
		if i > 0 { // the first warms up, and has measurements that are denser
			base = append(base, plain.took.Seconds()/float64(updates))
			ratios = append(ratios, metered.took.Seconds()/plain.took.Seconds()-1)
		}
	}
	low, high := interval(ratios)
	return cost{median(base), median(ratios), low, high, float64(updates) / float64(metered.samples)}, nil
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// interval returns limits that hold the median of what x is a sample of with a
// confidence of 95 %: order statistics, by the normal approximation of the sign test.
func interval(x []float64) (low, high float64) {
	slices.Sort(x)
	n := float64(len(x))
	at := int(max(0, (n-1.96*math.Sqrt(n))/2))
	return x[at], x[len(x)-1-at]
}

// processor is the time of the processor that this process has taken.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no way to fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// runner is a run that waits for its turn after every so many updates.
type runner struct {
	begin chan bool
	done  chan error
	took  time.Duration

	samples int // measurements in the last turn
}

func newRunner(c train.Config, updates int) *runner {
	r := &runner{begin: make(chan bool), done: make(chan error)}
	var from time.Duration
	left := 0
	c.OnEvent = func(e *train.Event) error {
		if e.Kind != train.Updated {
			return nil
		}
		if left--; left > 0 {
			return nil
		}
		if left == 0 {
			r.took, r.samples = processor()-from, e.Noise().Samples()-r.samples
			r.done <- nil
		}
		if !<-r.begin {
			return train.Stop
		}
		r.samples = e.Noise().Samples()
		left, from = updates, processor()
		return nil
	}
	go func() {
		_, err := train.Fit(context.Background(), c)
		r.done <- err
	}()
	return r
}

// turn lets the run go on.
func (r *runner) turn() error {
	select {
	case r.begin <- true:
		return <-r.done
	case err := <-r.done:
		return err
	}
}

// stop ends the run.
func (r *runner) stop() {
	select {
	case r.begin <- false:
		<-r.done
	case <-r.done:
	}
}
