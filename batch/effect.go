package batch

// Trial is a change of size whose effect is being measured.
type Trial struct {
	From      int     `json:"from"`
	To        int     `json:"to"`
	Predicted float64 `json:"predicted,omitempty"` // gain; 0 if it was not known
	Seconds   float64 `json:"seconds"`             // of an update of From examples
}

// Change is a size that changes before an update.
type Change struct {
	From, To  int
	Why       string
	Predicted float64 // goodput after it, relative to before; 0 if it cannot be told
	Undo      bool    // because the change before it did not pay
}

// Effect is what a change has brought.
type Effect struct {
	From, To  int
	Predicted float64 // as in Change
	Realized  float64 // goodput after it, relative to before, from measured times
}

// pays is the realized gain below which a change on the clock is undone: what
// the times of ten updates leave of a machine's unrest lies within.
const pays = 0.95

// Decide asks a policy for the size of the next update and follows what its
// changes bring. It is a pure function; asked again with the same state and
// progress it says the same. change and effect are zero where there is none.
//
// The gain of a change is the goodput, B/seconds · 1/(φ + B) with the φ of Auto, after and before it:
// predicted with the fitted cost, realized with the measured times of both
// sizes, once there were ten updates. If the policy NeedsClock, its size stays
// until then; and if the change lost more than 5 %, it is undone. If it had been
// predicted to gain, the size is then held until half as many examples more as
// had been consumed, so that a policy cannot try the same all the time.
func Decide(p Policy, s State, at Progress) (next State, change Change, effect Effect) {
	if s.Trial != (Trial{}) {
		effect = s.Trial.judge(s, at)
		switch {
		case effect == (Effect{}) && NeedsClock(p):
			return s, change, effect
		case effect != (Effect{}):
			s.Trial = Trial{}
		}
		if effect.Realized < pays && effect != (Effect{}) && NeedsClock(p) {
			s = s.to(effect.From, at)
			if effect.Predicted > 1 {
				s.Hold = at.Examples + at.Examples/2
			}
			return s, Change{From: effect.To, To: effect.From, Why: "the change before did not pay", Undo: true}, effect
		}
	}
	if at.Examples < s.Hold {
		return s, change, effect
	}
	next, why := p.Next(s, at)
	if s.Size == 0 || next.Size == s.Size {
		return next, change, effect
	}
	change = Change{From: s.Size, To: next.Size, Why: why, Predicted: predict(p, s.Size, next.Size, at)}
	next.Trial = Trial{}
	if seconds, ok := at.Cost.Measured(s.Size); ok {
		next.Trial = Trial{From: s.Size, To: next.Size, Predicted: change.Predicted, Seconds: seconds}
	}
	return next, change, effect
}

// predict returns the gain of a change by the cost that was given to the policy
// or else fitted, 0 if that or the noise is not known.
func predict(p Policy, from, to int, at Progress) float64 {
	cost := at.Cost
	if g, ok := p.(interface{ given() Cost }); ok && g.given().Known() {
		cost = g.given()
	}
	if !cost.Known() || at.Noise.Samples() == 0 {
		return 0
	}
	phi, _ := at.Noise.Scale()
	return gainOf(from, to, cost.Seconds(from), cost.Seconds(to), at.critical(phi))
}

// judge returns the effect of the trial, zero before it is known.
func (t Trial) judge(s State, at Progress) Effect {
	seconds, ok := at.Cost.Measured(t.To)
	if !ok || at.Update < s.Since+settled || at.Noise.Samples() == 0 {
		return Effect{}
	}
	phi, _ := at.Noise.Scale()
	return Effect{From: t.From, To: t.To, Predicted: t.Predicted, Realized: gainOf(t.From, t.To, t.Seconds, seconds, at.critical(phi))}
}
