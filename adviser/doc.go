// Package adviser measures which batch size and which learning rate suit a problem,
// by short trainings that leave nothing behind.
//
//	advice, err := adviser.Advise(ctx, adviser.Options{Config: c, For: 50 * time.Second})
//	fmt.Println(advice)
//
// It measures, in this order, how large a batch fits in memory; how long an update
// takes against its batch; which learning rates the loss bears (a range test); and
// which of some sizes and rates gets furthest in equal time (a race), with the noise
// scale of the gradient along the way. Each step uses what the steps before it found, and
// is left out where the time does not suffice: the advice says so.
//
// # Time and exactness
//
// What a training does after so many updates is exact, whatever else the machine does.
// How long an update takes is not: it is the median of several, measured in turns, the
// least of all turns. The race compares states of trainings at equal products of the
// two, so that what disturbs the machine during the race disturbs no comparison.
package adviser
