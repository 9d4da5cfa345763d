package train

import "fmt"

// FaultPolicy is what becomes of an update that cannot be committed.
type FaultPolicy uint8

const (
	StopRun FaultPolicy = iota // the run fails, after a checkpoint of what is good
	Skip                       // its examples are recorded and passed over
	Retry                      // it is done again, as it was
	BackOff                    // it is done again with a smaller learning rate, which stays
)

var faultPolicies = [...]string{"stop", "skip", "retry", "back_off"}

func (p FaultPolicy) String() string {
	if int(p) < len(faultPolicies) {
		return faultPolicies[p]
	}
	return fmt.Sprintf("FaultPolicy(%d)", p)
}

// FaultPolicies lists the names of the policies.
func FaultPolicies() []string { return faultPolicies[:] }

// Faults says what to do about an update that cannot be committed: a loss or a
// gradient that is not finite, a loss that jumps, an error or a panic of the
// data or of a callback within an update. Whatever the policy, such an update
// changes nothing: not the weights, the optimizer, running statistics, random
// numbers, metrics or the position in the data.
type Faults struct {
	Policy FaultPolicy

	// Spike makes a fault of an update whose loss is more than Spike times the
	// mean loss of the updates before it, an exponential mean over about 50
	// updates that judges once it has seen 20; 0 is off.
	Spike float64

	Limit  int     // faults in a row that end the run all the same; default 10
	Factor float64 // of the learning rate, for BackOff; default 0.5
}

func (f Faults) withDefaults() Faults {
	if f.Limit == 0 {
		f.Limit = 10
	}
	if f.Factor == 0 {
		f.Factor = 0.5
	}
	return f
}

func (f Faults) validate() error {
	if int(f.Policy) >= len(faultPolicies) || !(f.Spike == 0 || f.Spike > 1) || f.Limit < 0 || !(f.Factor >= 0 && f.Factor < 1) {
		return fmt.Errorf("train: faults: policy %v, spike %v, limit %d, factor %v (want a known policy, a spike above 1 or 0, a limit of 0 or more, a factor of 0 or more and less than 1)",
			f.Policy, f.Spike, f.Limit, f.Factor)
	}
	return nil
}
