package thesis

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Table is the runs for people, a row for each.
func (r *Result) Table() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, strings.Join(r.Columns(), "\t")+"\t")
	for _, row := range r.Rows() {
		fmt.Fprintln(t, strings.Join(row, "\t")+"\t")
	}
	t.Flush()
	return b.String()
}

// Columns are the names of what Rows holds.
func (r *Result) Columns() []string {
	return []string{"batch", "rate", "updates", "epochs", "time", "variance", "detour", "test errors"}
}

// Rows are the medians of the runs as text.
func (r *Result) Rows() (rows [][]string) {
	for _, run := range r.Runs {
		rows = append(rows, []string{r.name(run.Size), fraction(run.Rate), whole(run.Updates.Median), short(run.Epochs.Median), duration(run.Seconds.Median),
			short(run.Variance.Median), short(run.Detour.Median), percent(1 - run.TestAccuracy.Median)})
	}
	return rows
}

// Findings say in sentences what the runs show of the thesis, and where they do
// not show it.
func (r *Result) Findings() []string {
	found := []string{r.between(), r.quickest(), r.smoother()}
	if s := r.ranges(); s != "" {
		found = append(found, s)
	}
	return found
}

// between compares updates and epochs of the three.
func (r *Result) between() string {
	one, mini, all := r.three()
	verdict := "The mini-batch is the middle"
	if !(one.Updates.Median > mini.Updates.Median && mini.Updates.Median > all.Updates.Median && mini.Epochs.Median < all.Epochs.Median) {
		verdict = "The mini-batch is not in the middle here"
	}
	return fmt.Sprintf("%s: with %d examples a batch it takes %s updates and %s epochs to a loss of %g; with %d it takes %s and %s, with all %d it takes %s and %s.",
		verdict, mini.Size, whole(mini.Updates.Median), short(mini.Epochs.Median), r.Target,
		one.Size, whole(one.Updates.Median), short(one.Epochs.Median), all.Size, whole(all.Updates.Median), short(all.Epochs.Median))
}

// quickest names the run that takes the least time.
func (r *Result) quickest() string {
	one, _, all := r.three()
	best := &r.Runs[r.fastest()]
	var others []string
	for _, run := range []*Run{one, all} {
		if run != best {
			others = append(others, fmt.Sprintf("with %s it takes %s times as long", r.name(run.Size), short(run.Seconds.Median/best.Seconds.Median)))
		}
	}
	return fmt.Sprintf("It is fastest with %s examples a batch, in %s; %s.", r.name(best.Size), duration(best.Seconds.Median), strings.Join(others, ", "))
}

// smoother compares the noise and the ways.
func (r *Result) smoother() string {
	one, mini, all := r.three()
	verdict := "The path of mini-batches is smoother than that of one example"
	if !(mini.Detour.Median < one.Detour.Median && mini.Variance.Median < one.Variance.Median) {
		verdict = "The path of mini-batches is not smoother here than that of one example"
	}
	return fmt.Sprintf("%s: at the target the variance of the gradient is %s with %d and %s with %d, and the way there was %s times as long as the distance with %d, %s times with %d and %s times with all.",
		verdict, short(mini.Variance.Median), mini.Size, short(one.Variance.Median), one.Size,
		short(mini.Detour.Median), mini.Size, short(one.Detour.Median), one.Size, short(all.Detour.Median))
}

// ranges compares sizes of 16 to 32, which are said to generalize, with those of
// 128 to 512, which are said to be efficient; "" without both.
func (r *Result) ranges() string {
	small, large := r.within(16, 32), r.within(128, 512)
	if len(small) == 0 || len(large) == 0 {
		return ""
	}
	seconds := func(run *Run) float64 { return run.Seconds.Median }
	epochs := func(run *Run) float64 { return run.Epochs.Median }
	errors := func(run *Run) float64 { return 1 - run.TestAccuracy.Median }
	return fmt.Sprintf("16 to 32 against 128 to 512: %s against %s, %s against %s epochs, %s against %s of errors on %d test images, %s.",
		extent(small, seconds, duration), extent(large, seconds, duration), extent(small, epochs, short), extent(large, epochs, short),
		extent(small, errors, percent), extent(large, errors, percent), r.Test, r.telling(average(small, errors), average(large, errors)))
}

// telling says whether a difference of two shares of errors is more than chance
// makes of as many test images: 1.96 standard deviations of it.
func (r *Result) telling(small, large float64) string {
	mean := (small + large) / 2
	chance := 1.96 * math.Sqrt(2*mean*(1-mean)/float64(r.Test))
	switch {
	case small < large-chance:
		return "so the smaller generalize better here"
	case large < small-chance:
		return "so the larger generalize better here"
	}
	return "a difference that so few images cannot tell from chance"
}

// three are the runs whose paths are drawn.
func (r *Result) three() (one, mini, all *Run) {
	s := r.shown()
	return &r.Runs[s[0]], &r.Runs[s[1]], &r.Runs[s[2]]
}

// within are the runs with batches of so many examples, but all.
func (r *Result) within(least, most int) (runs []*Run) {
	for i := range r.Runs {
		if run := &r.Runs[i]; run.Size >= least && run.Size <= most && run.Size < r.Training {
			runs = append(runs, run)
		}
	}
	return runs
}

// extent writes the least and the greatest of a quantity.
func extent(runs []*Run, of func(*Run) float64, write func(float64) string) string {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, run := range runs {
		lo, hi = min(lo, of(run)), max(hi, of(run))
	}
	if write(lo) == write(hi) {
		return write(lo)
	}
	return write(lo) + " to " + write(hi)
}

func average(runs []*Run, of func(*Run) float64) (mean float64) {
	for _, run := range runs {
		mean += of(run) / float64(len(runs))
	}
	return mean
}

// fastest is the run that takes the least time to the target.
func (r *Result) fastest() int {
	best := 0
	for i, run := range r.Runs {
		if run.Seconds.Median < r.Runs[best].Seconds.Median {
			best = i
		}
	}
	return best
}

// digits writes a number with two of them, whole ones in full.
func short(v float64) string {
	if v >= 10 {
		return whole(v)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func whole(v float64) string { return strconv.FormatFloat(math.Round(v), 'f', -1, 64) }

// percent writes a share.
func percent(v float64) string { return strconv.FormatFloat(100*v, 'g', 2, 64) + " %" }

// duration writes seconds with two digits.
func duration(s float64) string {
	switch {
	case s < 0.95e-3:
		return short(1e6*s) + " µs"
	case s < 0.95:
		return short(1e3*s) + " ms"
	}
	return short(s) + " s"
}

// fraction writes a power of 2.
func fraction(v float64) string {
	if v < 1 {
		return "1/" + whole(1/v)
	}
	return whole(v)
}

// Method says in paragraphs how everything was measured.
func (r *Result) Method() []string {
	return []string{
		fmt.Sprintf("A net of 64 inputs, %d units with tanh and %d scores learns the handwritten digits that are in the program, %d of them; %d others test it. Pixels are less their means. Every run starts from the same weights and is plain gradient descent, w - η·g, on one thread.", hidden, classes, r.Training, r.Test),
		fmt.Sprintf("Every batch size has the learning rate that takes the fewest examples to a training loss of %g, of the powers of 2 with which the loss never gets above that of the start. Numbers are medians of %d orders of the examples, and the bars of the charts go from the least to the most; curves and paths are those of the first order, and go on for half as long behind the target.", r.Target, r.Seeds),
		"The loss is that of all training data, looked at between updates 16 times an epoch. The time is that of the updates alone, walked again without looking: of each stretch the fastest of five. All but the time is the same whenever this is run.",
		"The variance of the gradient is tr Σ/B·(N-B)/(N-1), with the exact gradients of all N examples: that of B different ones drawn at random. The detour is the length of all steps up to the target over the distance from the start. The plane goes through the mean of the ends of the three paths along the two principal components of their weights; the loss drawn is that in the plane, and paths lie above or below it.",
	}
}

// Summary is the result without curves, paths and the plane.
func (r *Result) Summary() *Result {
	s := *r
	s.Plane, s.Runs = nil, slices.Clone(r.Runs)
	for i := range s.Runs {
		s.Runs[i].Curve, s.Runs[i].Path = nil, nil
	}
	return &s
}
