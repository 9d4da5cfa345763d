package generate

import (
	"errors"
	"fmt"
)

// Sampling says how a token is drawn from the logits of its position. The zero
// value is greedy: the largest logit, of equal ones the lowest token.
//
// The steps come in this order: the penalty changes logits, the temperature
// divides them, TopK and then TopP choose tokens, and one of those is drawn by
// its probability. Of equally probable tokens the lower ones are chosen first.
type Sampling struct {
	// Temperature divides the logits: below 1 probable tokens become more
	// probable. 0 is greedy; else it is at least 0.001.
	Temperature float64
	// TopK keeps the k most probable tokens; 0 keeps all.
	TopK int
	// TopP keeps the fewest most probable tokens whose probabilities, of those
	// that TopK has left, sum to p or more: the nucleus of Holtzman et al., "The
	// curious case of neural text degeneration" (ICLR 2020). 0 and 1 keep all.
	TopP float64
	// Penalty makes tokens of the text so far less probable: their logits are
	// divided by it, or multiplied if they are negative (Keskar et al., "CTRL",
	// 2019, section 4.1, in the form of Hugging Face, which sees the prompt too).
	// 0 and 1 are none.
	Penalty float64
	// Seed keys the random numbers. Each is a function of the seed, the number
	// of the sequence and the position of the token in it.
	Seed uint64
}

// minTemperature keeps 1/Temperature times a logit far from overflow.
const minTemperature = 1e-3

// Validate says what is wrong with all of the fields.
func (s *Sampling) Validate() error {
	var errs []error
	check := func(ok bool, name string, got any, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("generate: %s is %v (want %s)", name, got, want))
		}
	}
	check(s.Temperature == 0 || s.Temperature >= minTemperature && s.Temperature <= 1/minTemperature, "the temperature", s.Temperature, "0, or from 0.001 to 1000")
	check(s.TopK >= 0, "top-k", s.TopK, "0 for all, or more")
	check(s.TopP >= 0 && s.TopP <= 1, "top-p", s.TopP, "from 0 to 1")
	check(s.Penalty == 0 || s.Penalty >= 1 && s.Penalty <= 1000, "the penalty of repetition", s.Penalty, "from 1 to 1000, or 0 for none")
	return errors.Join(errs...)
}
