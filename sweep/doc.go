// Package sweep measures what the batch size does to training: how many
// updates, examples and seconds a target takes, what is reached with equal
// budgets, and how well it generalizes, with intervals over seeds.
//
// # Protocol
//
// It is that of Shallue, Lee, Antognini, Sohl-Dickstein, Frostig and Dahl
// (Measuring the effects of data parallelism on neural network training, JMLR
// 20, 2019):
//
//   - The learning rate is tuned for each batch size by itself, on a seed that
//     is not measured, so that no measured seed was selected by. Rates are a
//     geometric grid around a start value, which is the neighbour's best times
//     the square root of the ratio of sizes. The grid grows while its best is at
//     an edge; a best that stays at an edge is flagged, for it may be no optimum.
//   - Comparisons are kept apart, each tuned and measured by itself: up to a
//     target, and at equal epochs, equal updates, equal time.
//   - Time is that of updates alone: not of validation, and not of planning.
//   - A target that was not reached is shown as that, and never dropped.
//
// We tune the rate alone, one seed a rate, where the paper draws a hundred
// points of rate, momentum and schedule: the order of sizes is measured, the last
// percent of each is not.
//
// # Abandonment
//
// A trial of the tuning ends early if it is beaten: it has made as many updates as
// the best rate so far took to the target. It also ends if it is hopeless, by
// comparison at equal examples: it has seen a quarter of the examples of the
// best trial, and its best validation is worse than what that trial had after a
// third of the examples that this one has seen. Measured trials are never
// abandoned.
//
// # Intervals
//
// They are 95 % intervals over seeds by Student's t, of logarithms for updates,
// examples and seconds, whose middle is thus a geometric mean.
package sweep
