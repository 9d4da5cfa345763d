package train

import (
	"errors"
	"fmt"
)

// ErrConfig is in (errors.Is) every error of Fit that only a change of the
// Config can mend: neither the data nor the machine is at fault.
var ErrConfig = errors.New("train: wrong configuration")

// refusal is an error that is ErrConfig and says only its own words.
type refusal struct{ error }

func refuse(format string, args ...any) error { return refusal{fmt.Errorf(format, args...)} }

func (r refusal) Unwrap() error { return r.error }

func (refusal) Is(target error) bool { return target == ErrConfig }
