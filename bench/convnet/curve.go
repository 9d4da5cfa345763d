//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"text/tabwriter"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/bench/peer"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/train"
)

// perPoint are the updates whose mean loss is a point of a curve, a tenth of an
// epoch of CIFAR-10.
const perPoint = 39

// point is a line of JSON of a trainer: a part of the curve of the training loss,
// or the scores on the test images after an epoch.
type point struct {
	Seed     int     `json:"seed"`
	Update   int     `json:"update"`
	Train    float64 `json:"train_loss,omitempty"`
	Epoch    int     `json:"epoch,omitempty"`
	Loss     float64 `json:"loss,omitempty"`
	Accuracy float64 `json:"accuracy,omitempty"`
	CPU      float64 `json:"cpu_seconds,omitempty"` // of training so far
}

// compareCurves trains ResNet-20 for an epoch on the images in a folder, CIFAR's
// files as bench/cifar writes them, by the recipe of He et al. 2016, with several
// seeds: ours and PyTorch's one after the other. It prints the mean and the
// deviation of each point.
func compareCurves(s peer.Comparison, dir string, seeds int) error {
	parts, err := images.Load(context.Background(), dir, images.Options{Format: images.FormatCIFAR})
	if err != nil {
		return err
	}
	defer parts.Close()
	if parts.Test == nil {
		return fmt.Errorf("%s: no test images", dir)
	}
	var ours []point
	for seed := 1; seed <= seeds; seed++ {
		if err := curve(parts, seed, s.Threads, func(p point) {
			ours = append(ours, p)
			if s.Verbose {
				json.NewEncoder(os.Stderr).Encode(p)
			}
		}); err != nil {
			return err
		}
	}
	theirs, err := torchCurves(s, dir, seeds)
	printCurves(ours, theirs)
	return err
}

// curve trains ours with a seed.
func curve(parts *images.Parts, seed, threads int, emit func(point)) error {
	schema := parts.Train.Schema(nil, dataset.ResizeCrop)
	training, err := images.NewDataset(parts.Train, schema)
	if err != nil {
		return err
	}
	test, err := images.NewDataset(parts.Test, schema)
	if err != nil {
		return err
	}
	augmented, err := images.NewAugmented(training, images.Augment{Seed: uint64(seed), Crop: 4, Flip: images.FlipHorizontal})
	if err != nil {
		return err
	}
	var sum, validating float64
	start := peer.CPUTime()
	_, err = train.Fit(context.Background(), train.Config{
		Seed: uint64(seed), Model: nn.ResNet(20, len(parts.Train.Classes)), Data: augmented, Val: test, Loss: nn.CrossEntropy(),
		Optimizer: optim.SGD(0.1).WeightDecay(1e-4).Momentum(0.9),
		Batch:     batch.Fixed(128), Budget: train.Epochs(1), Out: train.NoOut, Exec: train.Exec{Threads: threads},
		OnEvent: func(e *train.Event) error {
			p := point{Seed: seed, Update: int(e.Position.Update)}
			switch e.Kind {
			case train.Updated:
				sum += e.Loss
				if p.Update%perPoint == 0 {
					p.Train, sum = sum/perPoint, 0
					emit(p)
				}
				validating = (peer.CPUTime() - start).Seconds()
			case train.Validated:
				p.Epoch, p.CPU = 1, validating
				p.Loss, p.Accuracy = valueOf(e.Values, "loss"), valueOf(e.Values, "accuracy")
				emit(p)
			}
			return nil
		},
	})
	return err
}

func valueOf(values report.Values, name string) float64 {
	for _, v := range values {
		if v.Name == name {
			return v.V
		}
	}
	return math.NaN()
}

// torchCurves runs PyTorch's script; nothing if it is not wanted or not installed.
func torchCurves(s peer.Comparison, dir string, seeds int) (all []point, err error) {
	commands := s.Chosen([]peer.Command{peer.Python("torch-curve", "quality_convnet_torch.py", "cifar",
		"--data", dir, "--seeds", strconv.Itoa(seeds), "--threads", strconv.Itoa(s.Threads))})
	if len(commands) == 0 {
		return nil, nil
	}
	if _, err := os.Stat(commands[0].Argv[0]); err != nil {
		fmt.Fprintln(os.Stderr, "bench: PyTorch is left out: no", commands[0].Argv[0])
		return nil, nil
	}
	out, err := peer.Pinned(s.Threads, commands[0].Argv...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%w\n%s", err, failed.Stderr)
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var p point
		if json.Unmarshal(lines.Bytes(), &p) == nil {
			all = append(all, p)
		}
	}
	return all, err
}

// printCurves prints ours beside PyTorch's, over the seeds.
func printCurves(ours, theirs []point) {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "update\t\tdescent\tPyTorch\t")
	seen := map[int]bool{}
	for _, p := range ours {
		if p.Train > 0 && !seen[p.Update] {
			seen[p.Update] = true
			loss := func(q point) (float64, bool) { return q.Train, q.Update == p.Update && q.Train > 0 }
			fmt.Fprintf(t, "%d\tloss\t%s\t%s\t\n", p.Update, overSeeds(ours, loss), overSeeds(theirs, loss))
		}
	}
	for _, score := range []struct {
		name string
		of   func(point) float64
	}{
		{"test loss", func(p point) float64 { return p.Loss }},
		{"test accuracy", func(p point) float64 { return p.Accuracy }},
		{"seconds of the processor", func(p point) float64 { return p.CPU }},
	} {
		end := func(q point) (float64, bool) { return score.of(q), q.Epoch == 1 }
		fmt.Fprintf(t, "1 epoch\t%s\t%s\t%s\t\n", score.name, overSeeds(ours, end), overSeeds(theirs, end))
	}
	t.Flush()
}

// overSeeds is the mean and the deviation of what of says of the points.
func overSeeds(points []point, of func(point) (float64, bool)) string {
	var n, sum, squares float64
	for _, p := range points {
		if v, ok := of(p); ok {
			n, sum, squares = n+1, sum+v, squares+v*v
		}
	}
	if n == 0 {
		return "-"
	}
	mean := sum / n
	return fmt.Sprintf("%.4f ± %.4f", mean, math.Sqrt(max(0, squares-n*mean*mean)/max(1, n-1)))
}
