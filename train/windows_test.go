package train

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/descent-ml/descent/batch"
	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
	"github.com/descent-ml/descent/tensor"
	"github.com/descent-ml/descent/tokenizer"
)

// documents are texts of very different lengths, each in windows of its own.
func documents(t *testing.T) *dataset.Windows {
	tok, err := tokenizer.Train(tokenizer.KindChars, slices.Values([]string{"abcd"}), tokenizer.Config{EndOfText: true})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for i := range 40 {
		texts = append(texts, strings.Repeat("abcdba", 1+i%7)[i%5:])
	}
	tokens, err := dataset.Tokenize(tok, slices.Values(texts), true)
	if err != nil {
		t.Fatal(err)
	}
	w, err := dataset.DocumentWindows(tokens, 16)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// table is a bigram model whose scores are known.
func table() *tensor.Tensor {
	scores := tensor.New(tensor.F32, 5, 5)
	for i := range scores.F32() {
		scores.F32()[i] = float32(i*i%7) / 4
	}
	return scores
}

// meanLoss is the mean over all targets of the documents, in float64: each
// counts once, wherever it stands.
func meanLoss(t *testing.T, w *dataset.Windows) float64 {
	buf, sum, n := dataset.NewBuffers(w.Fields(), 1), 0.0, 0.0
	scores := table().F32()
	for j := range w.Len() {
		if err := w.Gather(buf, 0, []int{j}); err != nil {
			t.Fatal(err)
		}
		for i, weight := range buf[2].F32() {
			if weight == 0 {
				continue
			}
			total := 0.0
			row := scores[5*buf[0].I32()[i] : 5*buf[0].I32()[i]+5]
			for _, s := range row {
				total += math.Exp(float64(s))
			}
			sum += math.Log(total) - float64(row[buf[1].I32()[i]])
			n++
		}
	}
	return sum / n
}

// TestPaddingIsNoTarget: the loss of padded windows is that of their tokens,
// each with the same weight, in training as in an evaluation, however the batch
// is executed. A mean of the means of windows or of micro-batches is another
// number.
func TestPaddingIsNoTarget(t *testing.T) {
	w := documents(t)
	want := meanLoss(t, w)
	prints := map[string]bool{}
	for _, micro := range []int{0, 1, 7, w.Len()} {
		for _, threads := range []int{1, 2} {
			c := Config{
				Model: bigram(), Data: w, Val: w, Loss: nn.CrossEntropy(), Optimizer: optim.SGD(0.1), Batch: batch.All(), Budget: batch.Updates(1),
				LogEvery: batch.Updates(1), Out: NoOut, Init: checkpoint.Tensors{"next.weight": table()}, Exec: Exec{Micro: micro, Threads: threads},
			}
			r, err := Fit(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.History[0].Loss; math.Abs(got-want) > 1e-6 {
				t.Errorf("micro-batches of %d: the loss of the first update is %v, want %v", micro, got, want)
			}
			prints[r.Summary.Fingerprint] = true
		}
	}
	if len(prints) != 1 {
		t.Errorf("the weights depend on micro-batches or threads: %v", prints)
	}
}

// TestWindowsTrain: windows of a text train, in the order that is theirs, and
// the last window of the validation text, which is short, counts by its tokens.
func TestWindowsTrain(t *testing.T) {
	text := strings.Repeat("abcd", 200)
	tok, err := tokenizer.Chars(text)
	if err != nil {
		t.Fatal(err)
	}
	all, err := dataset.Tokenize(tok, slices.Values([]string{text}), false)
	if err != nil {
		t.Fatal(err)
	}
	data, err := dataset.TrainWindows(all, 16, dataset.CutPhases)
	if err != nil {
		t.Fatal(err)
	}
	part, err := all.Slice(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	val, err := dataset.EvalWindows(part, 16)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Model: bigram(), Data: data, Val: val, Loss: nn.CrossEntropy(), Optimizer: optim.Adam(0.1), Batch: batch.Fixed(8),
		Budget: batch.Epochs(10), Out: NoOut, Seed: 3,
	}
	phases, order := map[int]bool{}, c.withDefaults().Order
	for epoch := range 10 {
		phases[order.At(epoch, 0)/data.Len()] = true
	}
	if len(phases) < 4 {
		t.Errorf("windows of %d phases in 10 epochs", len(phases))
	}
	r, err := Fit(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	loss, _ := r.Summary.Val.Get("loss")
	bits, _ := r.Summary.Val.Get("bits_per_char")
	if !(loss < 0.05) || math.Abs(bits-loss/math.Ln2) > 1e-12 {
		t.Errorf("loss %v, %v bits for each character", loss, bits)
	}
}

// TestWindowsAccount: a run on windows of other cuts in each epoch resumes to the
// same bits, verifies, and explains the windows of an update.
func TestWindowsAccount(t *testing.T) {
	config := func() Config {
		ids := make([]int32, 500)
		for i := range ids {
			ids[i] = int32(i * i % 5)
		}
		tokens, err := dataset.TokensOf(ids, 5, nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := dataset.TrainWindows(tokens, 16, dataset.CutPhases)
		if err != nil {
			t.Fatal(err)
		}
		return Config{
			Model: bigram(), Data: data, Loss: nn.CrossEntropy(), Optimizer: optim.AdamW(0.1), Batch: batch.Fixed(7), Budget: batch.Epochs(4),
			Shards: 2, Out: filepath.Join(t.TempDir(), "run"), Checkpoint: Checkpoints{Every: batch.Updates(5), Keep: -1},
		}
	}
	whole, c := fit(t, config()), config()
	fit(t, stopAfter(c, 11))
	c.Resume, c.Exec = true, Exec{Micro: 3, Threads: 2}
	if run := fit(t, c); run.Summary.Fingerprint != whole.Summary.Fingerprint {
		t.Errorf("resumed: %.8s, want %.8s", run.Summary.Fingerprint, whole.Summary.Fingerprint)
	}
	if cert := certify(t, c, VerifyOptions{Updates: 1000}); cert.Difference != "" || cert.Unknown != 0 {
		t.Errorf("verify: %v", cert)
	}
	e, err := Explain(context.Background(), c, 14) // of the third epoch
	if err != nil {
		t.Fatal(err)
	}
	phases, shares := map[int]bool{}, 0.0
	for _, x := range e.Examples {
		phases[x.Index/c.Data.Len()] = true
		shares += x.Share
	}
	if e.Recorded != "same" || len(phases) != 1 || phases[0] || math.Abs(shares-1) > 1e-4 {
		t.Errorf("update 14: %+v", e)
	}
}
