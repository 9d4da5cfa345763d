package generate

import "fmt"

// sequence is a text that is being written.
type sequence struct {
	number int
	tokens []int32 // the prompt and what follows
	prompt int     // how many tokens it has
	start  int     // the first token in the cache
	cached int     // how many tokens are in the cache
	stream stream
	ended  bool
}

// window returns the first token that the model sees of a text of n tokens,
// with a context of length. A text that is too long is continued from its last
// half: with half a context free, the cache is good for that many tokens. Which
// tokens the model sees is a function of n, so that it does not matter how the
// text has come about.
func window(n, length int) int {
	if n <= length {
		return 0
	}
	step := max(1, length/2)
	return (n - length + step - 1) / step * step
}

// pending returns how many tokens the model has not seen yet. Where the window
// has moved, the cache begins anew.
func (s *sequence) pending(length int) int {
	if s.ended {
		return 0
	}
	if start := window(len(s.tokens), length); start != s.start {
		s.start, s.cached = start, 0
	}
	return len(s.tokens) - s.start - s.cached
}

// adopt adds a token that was drawn and returns what it adds to the text.
func (s *sequence) adopt(id, end int32, o *Options) Piece {
	p := Piece{Sequence: s.number, Token: id}
	if id == end && !o.KeepGoing {
		p.Ending = EndOfText
	} else {
		s.tokens = append(s.tokens, id)
		var stopped bool
		p.Text, stopped = s.stream.next(id)
		switch {
		case stopped:
			p.Ending = AtStop
		case len(s.tokens)-s.prompt >= o.Tokens:
			p.Ending = AtTokens
		}
	}
	if p.Ending == AtTokens || p.Ending == EndOfText {
		rest, stopped := s.stream.flush()
		if p.Text += rest; stopped {
			p.Ending = AtStop
		}
	}
	s.ended = p.Ending != GoesOn
	return p
}

// failure says which sequence an error is about.
func (s *sequence) failure(err error) error {
	if s.number == 0 {
		return err
	}
	return fmt.Errorf("sequence %d: %w", s.number, err)
}
