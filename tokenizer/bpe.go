package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// bpe is byte-level byte-pair encoding (Sennrich, Haddow, Birch, ACL 2016;
// Radford et al. 2019, section 2.2): text is cut into pieces, a piece is its
// bytes, and neighbours are merged, the pair that was learnt first before all
// others, of equal pairs the leftmost.
type bpe struct {
	tokens  []string // the bytes of each token; of a special token its text
	base    [256]int32
	merges  map[pair]merge
	order   []pair // by rank
	special []special
	end     int32 // or -1
	split   splitter
	pattern string
	prefix  bool             // a space is put before text that begins without
	whole   map[string]int32 // a piece that is a token is not merged (ignore_merges); or nil
	pool    sync.Pool        // *encoder
}

// pair is two neighbours, and merge what they become and how early.
type pair struct{ left, right int32 }

type merge struct{ rank, id int32 }

// special is a token that is looked for in a text before it is cut.
type special struct {
	text string
	id   int32
}

// complete makes the rest of a tokenizer that has tokens, base, order and
// special. The token of a merge is the bytes of its two tokens.
func (b *bpe) complete() error {
	ids := b.ids()
	b.merges = make(map[pair]merge, len(b.order))
	for rank, p := range b.order {
		id, ok := ids[b.tokens[p.left]+b.tokens[p.right]]
		if !ok {
			return fmt.Errorf("tokenizer: merge %d gives %q, which is no token", rank, b.tokens[p.left]+b.tokens[p.right])
		}
		if _, twice := b.merges[p]; !twice {
			b.merges[p] = merge{int32(rank), id}
		}
	}
	b.end = -1
	for _, s := range b.special {
		if s.text == EndOfTextToken {
			b.end = s.id
		}
	}
	// The longest first: of two that begin alike the longer one is meant.
	slices.SortFunc(b.special, func(x, y special) int { return len(y.text) - len(x.text) })
	b.pool.New = func() any { return &encoder{bpe: b} }
	return nil
}

// ids returns the tokens that are not special by their bytes.
func (b *bpe) ids() map[string]int32 {
	ids := make(map[string]int32, len(b.tokens))
	for id, t := range b.tokens {
		if t != "" { // an id that no token has
			ids[t] = int32(id)
		}
	}
	for _, s := range b.special {
		if ids[s.text] == s.id {
			delete(ids, s.text)
		}
	}
	return ids
}

func (b *bpe) Kind() string               { return KindBPE }
func (b *bpe) Size() int                  { return len(b.tokens) }
func (b *bpe) Encode(text string) []int32 { return known(b.Append(nil, text)) }
func (b *bpe) Decode(ids []int32) string  { return decode(b, ids) }
func (b *bpe) EndOfText() int32           { return b.end }

func (b *bpe) AppendToken(dst []byte, id int32) []byte {
	if uint32(id) >= uint32(len(b.tokens)) {
		return dst
	}
	return append(dst, b.tokens[id]...)
}

// Append encodes the text between special tokens, which stand for themselves.
func (b *bpe) Append(dst []int32, text string) ([]int32, error) {
	e := b.pool.Get().(*encoder)
	defer b.pool.Put(e)
	for text != "" {
		at, s := b.nextSpecial(text)
		dst = e.plain(dst, text[:at])
		if s == nil {
			break
		}
		dst = append(dst, s.id)
		text = text[at+len(s.text):]
	}
	return dst, nil
}

// nextSpecial returns the first special token of a text and where it stands, or
// the end of the text.
func (b *bpe) nextSpecial(text string) (int, *special) {
	at, found := len(text), (*special)(nil)
	for i := range b.special {
		s := &b.special[i]
		if n := strings.Index(text[:min(len(text), at+len(s.text))], s.text); n >= 0 && n < at {
			at, found = n, s
		}
	}
	return at, found
}

// Limits of what an encoder remembers.
const (
	longestKept = 48      // bytes of a piece
	mostKept    = 1 << 16 // pieces
)

// encoder encodes the pieces of texts, and remembers them. Not safe for
// concurrent use.
type encoder struct {
	bpe    *bpe
	known  map[string]span
	ids    []int32 // of the pieces that are known
	nodes  []node
	agenda queue[candidate]
}

type span struct{ from, to int32 }

// plain appends the tokens of a text without special tokens.
func (e *encoder) plain(dst []int32, text string) []int32 {
	if e.bpe.prefix && text != "" && text[0] != ' ' {
		text = " " + text
	}
	for text != "" {
		n := e.bpe.split(text)
		dst = e.piece(dst, text[:n])
		text = text[n:]
	}
	return dst
}

// piece appends the tokens of a piece.
func (e *encoder) piece(dst []int32, piece string) []int32 {
	if len(piece) == 1 {
		return append(dst, e.bpe.base[piece[0]])
	}
	if s, ok := e.known[piece]; ok {
		return append(dst, e.ids[s.from:s.to]...)
	}
	from := len(dst)
	if id, ok := e.bpe.whole[piece]; ok {
		dst = append(dst, id)
	} else {
		dst = e.merge(dst, piece)
	}
	if len(piece) > longestKept {
		return dst
	}
	if e.known == nil || len(e.known) >= mostKept {
		e.known, e.ids = make(map[string]span), e.ids[:0]
	}
	at := int32(len(e.ids))
	e.ids = append(e.ids, dst[from:]...)
	e.known[strings.Clone(piece)] = span{at, int32(len(e.ids))}
	return dst
}

// node is a token of a piece that is being merged, in a doubly linked list; of
// one that was merged into its neighbour the id is -1.
type node struct{ id, before, after int32 }

// candidate is a merge of the token at a place with the next one.
type candidate struct {
	rank, at int32
	pair     pair // as it was when the candidate was found
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// merge appends the tokens of a piece in O(n log n).
func (e *encoder) merge(dst []int32, piece string) []int32 {
	e.nodes, e.agenda.items = e.nodes[:0], e.agenda.items[:0]
	for i := range len(piece) {
		e.nodes = append(e.nodes, node{e.bpe.base[piece[i]], int32(i - 1), int32(i + 1)})
	}
	for i := range e.nodes {
		e.consider(int32(i))
	}
	for len(e.agenda.items) > 0 {
		c := e.agenda.pop()
		if n := e.nodes[c.at]; n.id == c.pair.left && int(n.after) < len(e.nodes) && e.nodes[n.after].id == c.pair.right {
			e.join(c.at, n.after, e.bpe.merges[c.pair].id)
		}
	}
	for i := 0; i < len(e.nodes); i = int(e.nodes[i].after) {
		dst = append(dst, e.nodes[i].id)
	}
	return dst
}

// consider makes a candidate of the token at a place and the next one.
func (e *encoder) consider(at int32) {
	if at < 0 || int(e.nodes[at].after) >= len(e.nodes) {
		return
	}
	p := pair{e.nodes[at].id, e.nodes[e.nodes[at].after].id}
	if m, ok := e.bpe.merges[p]; ok {
		e.agenda.push(candidate{m.rank, at, p})
	}
}

// join makes one token of two neighbours.
func (e *encoder) join(at, next, id int32) {
	after := e.nodes[next].after
	e.nodes[at].id, e.nodes[at].after, e.nodes[next].id = id, after, -1
	if int(after) < len(e.nodes) {
		e.nodes[after].before = at
	}
	e.consider(e.nodes[at].before)
	e.consider(at)
}
