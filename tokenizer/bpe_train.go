package tokenizer

import (
	"fmt"
	"iter"
	"math"
)

// defaultBPE is how many tokens a BPE has if nothing is said.
const defaultBPE = 4096

// trainBPE learns merges: again and again the most frequent pair of neighbours,
// of equally frequent ones that with the smaller tokens, becomes a token. Pairs
// are counted once and then corrected where a merge changes them. The merges are
// those of Hugging Face's BpeTrainer with the whole alphabet of bytes.
func trainBPE(texts iter.Seq[string], c Config) (Tokenizer, error) {
	size := c.Size
	if size == 0 {
		size = defaultBPE
	}
	if size < 257 || size > math.MaxInt32 {
		return nil, fmt.Errorf("tokenizer: bpe of %d tokens (want at least 257: 256 bytes and the end of a text)", size)
	}
	b := &bpe{split: splitGPT2, pattern: gpt2Pattern}
	for id, c := range baseOrder {
		b.base[c] = int32(id)
		b.tokens = append(b.tokens, string([]byte{c}))
	}
	learner := newLearner(b, pieces(b, texts))
	for len(b.tokens) < size-1 && learner.step() {
	}
	b.special = []special{{EndOfTextToken, int32(len(b.tokens))}}
	b.tokens = append(b.tokens, EndOfTextToken)
	return b, b.complete()
}

// pieces counts the pieces of texts. The text of the special token is between
// texts, not part of them.
func pieces(b *bpe, texts iter.Seq[string]) map[string]int64 {
	end := &bpe{special: []special{{text: EndOfTextToken}}}
	counts := map[string]int64{}
	for text := range texts {
		for text != "" {
			at, s := end.nextSpecial(text)
			for part := text[:at]; part != ""; {
				n := b.split(part)
				counts[part[:n]]++
				part = part[n:]
			}
			if text = text[at:]; s != nil {
				text = text[len(s.text):]
			}
		}
	}
	return counts
}

// learner is the state of training: the distinct pieces as tokens, and the pairs
// in them.
type learner struct {
	bpe    *bpe
	ids    map[string]int32
	words  []word
	counts map[pair]int64
	where  map[pair][]int32 // words that have or had the pair
	agenda queue[frequent]
}

type word struct {
	ids   []int32
	count int64
}

// frequent is a pair with its count when it was entered.
type frequent struct {
	count int64
	pair  pair
}

func (f frequent) before(g frequent) bool {
	if f.count != g.count {
		return f.count > g.count
	}
	return f.pair.left < g.pair.left || f.pair.left == g.pair.left && f.pair.right < g.pair.right
}

func newLearner(b *bpe, pieces map[string]int64) *learner {
	l := &learner{bpe: b, ids: map[string]int32{}, counts: map[pair]int64{}, where: map[pair][]int32{}}
	for id, t := range b.tokens {
		l.ids[t] = int32(id)
	}
	for piece, n := range pieces {
		if len(piece) > 1 {
			l.addWord(piece, n)
		}
	}
	for p, n := range l.counts {
		l.agenda.push(frequent{n, p})
	}
	return l
}

func (l *learner) addWord(piece string, n int64) {
	ids, at := make([]int32, len(piece)), int32(len(l.words))
	for i := range ids {
		ids[i] = l.bpe.base[piece[i]]
		if i > 0 {
			l.change(pair{ids[i-1], ids[i]}, n, at)
		}
	}
	l.words = append(l.words, word{ids, n})
}

// change corrects the count of a pair in a word.
func (l *learner) change(p pair, by int64, word int32) {
	l.counts[p] += by
	if by > 0 {
		if w := l.where[p]; len(w) == 0 || w[len(w)-1] != word {
			l.where[p] = append(w, word)
		}
	}
}

// step learns one merge. It returns false if there is no pair left.
func (l *learner) step() bool {
	for len(l.agenda.items) > 0 {
		top := l.agenda.pop()
		if n := l.counts[top.pair]; n != top.count {
			if n > 0 {
				l.agenda.push(frequent{n, top.pair})
			}
			continue
		}
		l.learn(top.pair)
		return true
	}
	return false
}

// learn merges a pair everywhere.
func (l *learner) learn(p pair) {
	token := l.bpe.tokens[p.left] + l.bpe.tokens[p.right]
	id, known := l.ids[token]
	if !known {
		id = int32(len(l.bpe.tokens))
		l.ids[token] = id
		l.bpe.tokens = append(l.bpe.tokens, token)
	}
	l.bpe.order = append(l.bpe.order, p)
	words := l.where[p]
	delete(l.where, p)
	changed := map[pair]bool{}
	for _, at := range words {
		l.mergeIn(at, p, id, changed)
	}
	delete(l.counts, p)
	delete(changed, p)
	for q := range changed {
		if n := l.counts[q]; n > 0 {
			l.agenda.push(frequent{n, q})
		}
	}
}

// mergeIn merges a pair in a word, from the left, and notes the pairs that
// become more.
func (l *learner) mergeIn(at int32, p pair, id int32, changed map[pair]bool) {
	w := &l.words[at]
	more := func(q pair) {
		l.change(q, w.count, at)
		changed[q] = true
	}
	out := w.ids[:0]
	for i := 0; i < len(w.ids); i++ {
		if i+1 == len(w.ids) || w.ids[i] != p.left || w.ids[i+1] != p.right {
			out = append(out, w.ids[i])
			continue
		}
		if n := len(out); n > 0 {
			l.change(pair{out[n-1], p.left}, -w.count, at)
			more(pair{out[n-1], id})
		}
		if i+2 < len(w.ids) {
			l.change(pair{p.right, w.ids[i+2]}, -w.count, at)
			more(pair{id, w.ids[i+2]})
		}
		out = append(out, id)
		i++
	}
	w.ids = out
}
