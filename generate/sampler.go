package generate

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/descent-ml/descent/internal/kernel"
	"github.com/descent-ml/descent/internal/rng"
)

// A key is what a token is chosen by: its weight, then the complement of its
// id, in one integer, so that keys differ, the most probable token has the
// largest, and of equal weights the lowest token has.
//
// A weight is e^((z-max)/T) in units of 2⁻⁴⁰, rounded down: an integer, so that
// sums of weights are exact and need no order, on any machine. Tokens less
// probable than 2⁻⁴⁰ times the most probable have no weight and are not drawn.
const (
	weightBits = 40
	idBits     = 22
	idMask     = 1<<idBits - 1

	// MaxVocabulary is the largest vocabulary that can be drawn from. The sum of
	// its weights is below 2⁶³.
	MaxVocabulary = 1 << idBits
)

func weightOf(key uint64) uint64 { return key >> idBits }
func tokenOf(key uint64) int32   { return int32(idMask - key&idMask) }

// Sampler draws tokens. It allocates nothing after it is made, and is not safe
// for concurrent use.
type Sampler struct {
	sampling Sampling
	key      [2]uint32  // of the random numbers
	largest  [1]float32 // logit of the call
	logits   []float32  // with the penalty; then their exponentials
	keys     []uint64
	spare    []uint64
	seen     []uint32 // by token: the number of the call that has last seen it
	call     uint32
	streams  [2]kernel.Stream
	scalars  [2]float32
	scratch  kernel.Scratch
}

// exponential is e^((z-max)/T) with portable bits: z, max and 1/T are x0, s0 and s1.
var exponential = func() *kernel.Elementwise {
	p, err := kernel.ParseProgram("t0=sub(x0,s0);t1=mul(t0,s1);x1=exp(t1)")
	if err != nil {
		panic(err)
	}
	return kernel.Compile(p)
}()

// NewSampler returns a sampler for logits of the given size.
func NewSampler(s Sampling, vocabulary int) (*Sampler, error) {
	if vocabulary < 1 || vocabulary > MaxVocabulary {
		return nil, fmt.Errorf("generate: a vocabulary of %d tokens (want 1 to %d)", vocabulary, MaxVocabulary)
	}
	d := &Sampler{
		logits: make([]float32, vocabulary), keys: make([]uint64, vocabulary), spare: make([]uint64, vocabulary),
		seen: make([]uint32, vocabulary),
	}
	return d, d.Reset(s)
}

// Reset makes the sampler draw in another way.
func (d *Sampler) Reset(s Sampling) error {
	if err := s.Validate(); err != nil {
		return err
	}
	d.sampling, d.key = s, rng.Key(s.Seed, "generate")
	return nil
}

// Sample draws the token at a position of a sequence from its logits, one for
// each token of the vocabulary. history are the tokens of the text so far, for
// the penalty. It fails if a logit is NaN or the largest is infinite.
func (d *Sampler) Sample(logits []float32, history []int32, sequence, position uint64) (int32, error) {
	if len(logits) != len(d.logits) {
		return 0, fmt.Errorf("generate: %d logits for a vocabulary of %d", len(logits), len(d.logits))
	}
	z := d.penalized(logits, history)
	kernel.RowMax(d.largest[:], z, 1, len(z), len(z))
	largest := d.largest[0]
	if largest-largest != 0 {
		return 0, fmt.Errorf("generate: the largest logit at position %d is %v: the model's weights are not usable", position, largest)
	}
	if d.sampling.Temperature == 0 {
		return int32(slices.Index(z, largest)), nil
	}
	keys := d.weigh(z, largest)
	if k := d.sampling.TopK; k > 0 && k < len(keys) {
		keys = d.keep(keys, byCount, uint64(k))
	}
	if p := d.sampling.TopP; p > 0 && p < 1 {
		keys = d.keep(keys, byWeight, uint64(math.Ceil(p*float64(total(keys)))))
	}
	return draw(keys, d.random(sequence, position)), nil
}

// penalized returns the logits with the penalty on tokens of the history.
func (d *Sampler) penalized(logits []float32, history []int32) []float32 {
	if d.sampling.Penalty <= 1 {
		return logits
	}
	copy(d.logits, logits)
	if d.call++; d.call == 0 {
		clear(d.seen)
		d.call = 1
	}
	penalty := float32(d.sampling.Penalty)
	for _, id := range history {
		if d.seen[id] == d.call {
			continue
		}
		d.seen[id] = d.call
		if z := &d.logits[id]; *z > 0 {
			*z /= penalty
		} else {
			*z *= penalty
		}
	}
	return d.logits
}

// weigh returns the keys of all tokens, in ascending order of tokens.
func (d *Sampler) weigh(z []float32, largest float32) []uint64 {
	d.streams[0] = kernel.Stream{Data: z, Stride: len(z)}
	d.streams[1] = kernel.Stream{Data: d.logits, Stride: len(z)}
	d.scalars = [2]float32{largest, float32(1 / d.sampling.Temperature)}
	exponential.Run(1, len(z), d.streams[:], d.scalars[:], &d.scratch)
	keys := d.keys[:len(z)]
	for i, e := range d.logits {
		keys[i] = uint64(int64(e*(1<<weightBits)))<<idBits | uint64(idMask-i)
	}
	return keys
}

// total is the sum of weights.
func total(keys []uint64) uint64 {
	var sum uint64
	for _, k := range keys {
		sum += weightOf(k)
	}
	return sum
}

// draw returns the token at u·2⁻⁶⁴ of the way through the weights.
func draw(keys []uint64, u uint64) int32 {
	left, _ := bits.Mul64(u, total(keys))
	for _, k := range keys {
		w := weightOf(k)
		if left < w {
			return tokenOf(k)
		}
		left -= w
	}
	panic("generate: no token has a weight") // the largest logit has 2⁴⁰
}

// random returns 64 bits that are a function of their place.
func (d *Sampler) random(sequence, position uint64) uint64 {
	b := rng.Philox([4]uint32{uint32(position), uint32(position >> 32), uint32(sequence), uint32(sequence >> 32)}, d.key)
	return uint64(b[0])<<32 | uint64(b[1])
}
