// Package dataset turns files and Go values into numbered examples, and
// numbered examples into batches.
//
// A [Dataset] is a number of examples, each with the same named fields, that
// can be copied by index into the rows of a batch. Everything else is a way to
// make one or to read one:
//
//	files     LoadIDX (images), LoadNPY, ReadTable (CSV, TSV, ...); each plain or .gz
//	text      Tokenize or OpenTokens -> TrainWindows, EvalWindows, DocumentWindows
//	Go        New (tensors), FromSlices, FromSeq, TableOf (structs)
//	tables    Table -> Split -> Fit on the training rows -> Schema.Encode
//	parts     Subset, Range, Split, SplitStratified
//	batches   Loader, which gathers ahead of the training loop
//
// The fields that training looks for are called x (features), cat (indices of
// embedded categories), y (the target) and weight (of an example, default 1). Of
// text, x is tokens, i32, y may be the next ones, weight may be of each token,
// and length counts those that are no padding.
//
// Order is a function: the place of an example in an epoch is a keyed
// permutation of (seed, epoch), so a stream can start anywhere and a position
// in it is one integer.
package dataset
