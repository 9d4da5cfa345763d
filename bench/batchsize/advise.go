package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/descent-ml/descent/adviser"
	"github.com/descent-ml/descent/train"
)

// advice is what the adviser recommends for a task.
type advice struct {
	task    string
	size    int
	rate    float64
	seconds float64 // that it took
}

// askAll lets the adviser look at each task, plain but for the target, as `descent
// advise` does, and keeps what it recommends. It times updates, so it wants a quiet machine.
func askAll(b *book, chosen []*task, o options) error {
	return each(chosen, func(t *task) error {
		a, err := t.ask(o)
		if err == nil {
			b.advice[t.name] = a
			fmt.Printf("%-12s batch %d, rate %.3g, after %.0f s\n", a.task, a.size, a.rate, a.seconds)
			err = b.writeAdvice()
		}
		return err
	})
}

// ask is the adviser's answer on the task.
func (t *task) ask(o options) (advice, error) {
	lr, err := t.rateKey(o)
	if err != nil {
		return advice{}, err
	}
	until := fmt.Sprintf("until=val.%s%s%g", t.metric, t.sign(), t.target)
	plain, err := t.build(o, 1, until)
	if err != nil {
		return advice{}, err
	}
	begin := time.Now()
	answer, err := adviser.Advise(context.Background(), adviser.Options{
		Config: plain,
		Make: func(size int, rate float64, seed uint64) (train.Config, error) {
			return t.build(o, int(seed), until, fmt.Sprintf("batch=%d", size), fmt.Sprintf("%s=%g", lr, rate))
		},
		Report: func(text string) { fmt.Fprintln(os.Stderr, t.name+":", text) },
	})
	if err != nil {
		return advice{}, err
	}
	for _, reason := range answer.Choice.Reasons {
		fmt.Fprintln(os.Stderr, t.name+":", reason)
	}
	return advice{t.name, answer.Choice.Batch, answer.Choice.LR, time.Since(begin).Seconds()}, nil
}

func (t *task) sign() string {
	if t.higher {
		return ">="
	}
	return "<="
}

// runAdvised runs the recommendation with one seed: as it stands, and its size with a
// rate that is tuned as those of the sweep.
func runAdvised(b *book, t *task, o options, seed int, rates map[int]float64) error {
	a, known := b.advice[t.name]
	if !known {
		return nil
	}
	for _, k := range []key{{t.name, advise, a.size, a.rate, seed}, {t.name, advised, a.size, rates[a.size], seed}} {
		if _, err := b.trial(t, o, k, t.limit(b, a.size)); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) writeAdvice() error {
	rows := [][]string{{"task", "size", "rate", "seconds"}}
	for _, t := range tasks {
		if a, known := b.advice[t.name]; known {
			rows = append(rows, []string{a.task, strconv.Itoa(a.size), fmt.Sprintf("%.4g", a.rate), fmt.Sprintf("%.1f", a.seconds)})
		}
	}
	return writeTable(filepath.Join(b.folder, "advice.csv"), rows)
}

func (b *book) readAdvice(row []string) error {
	if len(row) != 4 {
		return fmt.Errorf("%d columns (want 4)", len(row))
	}
	size, err := strconv.Atoi(row[1])
	rate, e1 := strconv.ParseFloat(row[2], 64)
	seconds, e2 := strconv.ParseFloat(row[3], 64)
	b.advice[row[0]] = advice{row[0], size, rate, seconds}
	return errors.Join(err, e1, e2)
}
