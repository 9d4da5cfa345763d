//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/interactions"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// examples are what is trained on, and what is learned is measured with.
type examples struct {
	table       *interactions.Table
	train, test dataset.Dataset
}

// testShare of the interactions are for testing.
const testShare = 0.002

func newExamples(t *interactions.Table, s settings) (*examples, error) {
	parts := interactions.Random(t, 1, 0, testShare)
	train, test, known := t.Rows(parts.Train), t.Rows(parts.Test), interactions.NewKnown(t)
	negatives := func(count int) (*interactions.Negatives, error) {
		return interactions.NewNegatives(train, interactions.NegativeOptions{Count: count, Sampler: s.sampler, Known: known, Seed: 1})
	}
	many, err := negatives(s.negatives)
	if err != nil {
		return nil, err
	}
	one, err := negatives(1)
	if err != nil {
		return nil, err
	}
	x := &examples{table: train, train: interactions.NewPointwise(train, many), test: interactions.NewListwise(test, one, false)}
	if s.list {
		x.train = interactions.NewListwise(train, many, false)
	}
	return x, nil
}

// measureSide times the order and the gathering of examples.
func (x *examples) measureSide(s settings) error {
	order, buf, indices := dataset.OrderOf(x.train, 1), dataset.NewBuffers(x.train.Fields(), s.batch), make([]int, s.batch)
	n := min(x.train.Len(), int(s.epochs*float64(x.train.Len()))) / s.batch * s.batch
	for round := range 3 {
		start, used := time.Now(), peer.CPUTime()
		var places time.Duration
		for i := 0; i < n; i += s.batch {
			before := time.Now()
			order(indices, round, i)
			places += time.Since(before)
			if err := x.train.Gather(buf, 0, indices); err != nil {
				return err
			}
		}
		wall, cpu := time.Since(start), peer.CPUTime()-used
		each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(n) }
		fmt.Printf("an example takes %.1f ns, %.1f of the processor, %.1f of the time for its place; anonymous memory %.1f MiB\n",
			each(wall), each(cpu), each(places), anonymous())
	}
	return nil
}

// fit trains, and measures what was learned by the share of test interactions that
// score above a negative: AUC.
func (x *examples) fit(s settings) error {
	users, items := x.table.Users.Len(), x.table.Items.Len()
	c := train.Config{
		Model: nn.MF(users, items, s.dim), Loss: nn.BCEWithLogits(), Data: x.train, Optimizer: optimizerOf(s),
		Batch: batch.Fixed(s.batch), Budget: train.Epochs(s.epochs), Out: train.NoOut, Exec: train.Exec{Threads: s.threads},
	}
	if s.list {
		c.Model, c.Loss = nn.BPRMF(users, items, s.dim), nn.BPR()
	}
	if s.out != "" {
		c.Out = s.out
	}
	if s.shuffled {
		c.Order = x.shuffled(c.Seed)
	}
	if s.verbose {
		c.Progress = report.NewProgress(os.Stderr, report.Auto)
	}
	before, most := anonymous(), watch()
	start, used := time.Now(), peer.CPUTime()
	r, err := train.Fit(context.Background(), c)
	if err != nil {
		return err
	}
	wall, cpu := r.Summary.Seconds, (peer.CPUTime() - used).Seconds()
	fmt.Printf("%d examples in %.1f s: %.2f million/s, %.0f ns of the processor each; with the setup %.1f s\n",
		r.Summary.Examples, wall, float64(r.Summary.Examples)/wall*1e-6, cpu*1e9/float64(r.Summary.Examples), time.Since(start).Seconds())
	model := 0.0
	for _, p := range r.Params {
		model += float64(4*p.Size()) / (1 << 20)
	}
	fmt.Printf("anonymous memory %.1f MiB before, %.1f at most; weights %.1f MiB, loss %.4f\n", before, most(), model, r.History[len(r.History)-1].Loss)
	auc, err := x.auc(r.Params)
	fmt.Printf("%.2f %% of the interactions held out score above a negative\n", 100*auc)
	return err
}

// auc is the share of test interactions whose score is above that of a negative.
func (x *examples) auc(params checkpoint.Tensors) (float64, error) {
	buf, above := dataset.NewBuffers(x.test.Fields(), 1), 0
	vectors := func(name string) []float32 { return params[name+".weight"].F32() }
	users, items, biases := vectors("user"), vectors("item"), vectors("item_bias")
	dim := len(items) / len(biases)
	score := func(user, item int32) (s float32) {
		s = biases[item]
		for k, v := range users[int(user)*dim : int(user+1)*dim] {
			s += v * items[int(item)*dim+k]
		}
		return s
	}
	for i := range x.test.Len() {
		if err := x.test.Gather(buf, 0, []int{i}); err != nil {
			return 0, err
		}
		user, pair := buf[0].I32()[0], buf[1].I32()
		if score(user, pair[0]) > score(user, pair[1]) {
			above++
		}
	}
	return float64(above) / float64(x.test.Len()), nil
}

// shuffled is the order that data in memory have.
func (x *examples) shuffled(seed uint64) dataset.Order {
	n, places := x.train.Len(), dataset.Shuffled(x.train.Len(), seed)
	return func(dst []int, epoch, i int) {
		places(dst, epoch, i)
		for k := range dst {
			dst[k] += epoch * n // other negatives in each epoch
		}
	}
}

func optimizerOf(s settings) optim.Optimizer {
	switch s.optimizer {
	case "sgd":
		return optim.SGD(s.lr)
	case "adagrad":
		return optim.AdaGrad(s.lr)
	case "rowwise":
		return optim.AdaGrad(s.lr).Rowwise()
	case "adam":
		return optim.Adam(s.lr)
	}
	return optim.SparseAdam(s.lr)
}

// anonymous returns how many MiB of the process are in no file.
func anonymous() float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "RssAnon:"); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kb / 1024
		}
	}
	return 0
}

// watch looks at the anonymous memory every few milliseconds. The function that it returns
// ends that and returns the most there was.
func watch() func() float64 {
	most, done := 0.0, make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			most = max(most, anonymous())
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() float64 { close(done); looking.Wait(); return most }
}
