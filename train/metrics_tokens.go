package train

import (
	"math"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/report"
	"github.com/descent-ml/descent/tensor"
)

// Text is data whose targets are the tokens of a text: a loss is then also told
// in bits for each unit of the text, which does not depend on the tokenizer.
type Text interface {
	// Units returns what the targets with a weight are together, such as
	// "char" and 111540 or "byte" and 32768.
	Units() (name string, n int)
}

// nextToken measures a language model: the share of tokens that have the
// highest score, by their weight, and what the loss means.
type nextToken struct {
	hit, total float64
	counts     []float64 // weight of each token
	width      int       // of the vocabulary, as the predictions have it
	unit       string    // of the text; "" if it is not known
	units      int
}

// add takes a weight for each token, or one for each example.
func (m *nextToken) add(pred, target, weight *tensor.Tensor, rows int) {
	per := target.Size() / target.Shape()[0]
	m.width = max(m.width, pred.Size()/target.Size())
	for i, want := range target.I32()[:rows*per] {
		w := 1.0
		if weight != nil && weight.Size() == target.Size() {
			w = weightOf(weight, i)
		} else {
			w = weightOf(weight, i/per)
		}
		if w == 0 {
			continue
		}
		if argmax(pred.F32()[i*m.width:(i+1)*m.width]) == want {
			m.hit += w
		}
		m.total += w
		m.count(want, w)
	}
}

func (m *nextToken) count(token int32, w float64) {
	for int(token) >= len(m.counts) {
		m.counts = append(m.counts, 0)
	}
	m.counts[token] += w
}

// of notes the size of the text that the targets are.
func (m *nextToken) of(ds dataset.Dataset) {
	if t, ok := ds.(Text); ok {
		m.unit, m.units = t.Units()
	}
}

// ofLoss returns what a loss in nats a token is otherwise: bits_per_char (or
// per another unit), loss·tokens/(ln 2·units), and the perplexity e^loss.
func (m *nextToken) ofLoss(loss float64) (values report.Values) {
	if m.units > 0 {
		values = append(values, report.Value{Name: "bits_per_" + m.unit, V: loss * m.total / (math.Ln2 * float64(m.units))})
	}
	return append(values, report.Value{Name: "perplexity", V: math.Exp(loss)})
}

func (m *nextToken) values() report.Values {
	return report.Values{{Name: "accuracy", V: m.hit / m.total}}
}

// baseline is the loss of predicting each token by its share of the training
// tokens, one more counted of each (the unigram entropy), and uniform, the loss
// ln V of knowing nothing.
func (m *nextToken) baseline(prior meter) report.Values {
	p, v := prior.(*nextToken), float64(max(m.width, len(m.counts)))
	loss := 0.0
	for token, w := range m.counts {
		seen := 1.0
		if token < len(p.counts) {
			seen += p.counts[token]
		}
		loss -= w * math.Log(seen/(p.total+v))
	}
	loss /= m.total
	return append(append(report.Values{{Name: "loss", V: loss}}, m.ofLoss(loss)...), report.Value{Name: "uniform", V: math.Log(v)})
}
