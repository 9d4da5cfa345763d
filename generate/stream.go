package generate

import (
	"strings"

	"github.com/descent-ml/descent/tokenizer"
)

// stream turns the tokens of a sequence into text, as early as it is certain.
type stream struct {
	decoder *tokenizer.Decoder // holds back characters that are not complete
	stops   []string
	held    string // text that may be the beginning of a stop string
}

func newStream(t tokenizer.Tokenizer, stops []string) stream {
	return stream{decoder: tokenizer.NewDecoder(t), stops: stops}
}

// next returns the text that is certain with one more token, and whether a stop
// string has been found: then the text ends before it.
func (s *stream) next(id int32) (text string, stopped bool) {
	s.held += s.decoder.Next(id)
	return s.release()
}

// flush returns what is held, at the end of the text. A stop string may still be
// found, behind a character that was not complete.
func (s *stream) flush() (text string, stopped bool) {
	s.held += s.decoder.Flush()
	if text, stopped = s.release(); stopped {
		return text, true
	}
	return text + s.held, false
}

// release returns the text before the first stop string, or, without one, what
// cannot be part of one.
func (s *stream) release() (text string, stopped bool) {
	end, hold := len(s.held), 0
	for _, stop := range s.stops {
		if i := strings.Index(s.held, stop); i >= 0 && (i < end || !stopped) {
			end, stopped = i, true
		}
		hold = max(hold, overlap(s.held, stop))
	}
	if !stopped {
		end -= hold
	}
	text, s.held = s.held[:end], s.held[end:]
	return text, stopped
}

// overlap is how many of the last bytes of text are the first of stop, but not
// all of it.
func overlap(text, stop string) int {
	for n := min(len(text), len(stop)-1); n > 0; n-- {
		if strings.HasPrefix(stop, text[len(text)-n:]) {
			return n
		}
	}
	return 0
}
