// Package train runs training: the loop, evaluation, metrics, early stopping,
// checkpoints and the run directory.
//
//	run, err := train.Fit(ctx, train.Config{
//		Model:     nn.Sequential(nn.Dense(256), nn.ReLU(), nn.Dense(10)),
//		Data:      ds,
//		Loss:      nn.CrossEntropy(),
//		Optimizer: optim.AdamW(1e-3),
//		Batch:     batch.Fixed(64),
//		Budget:    train.Epochs(5),
//	})
//
// # An update is a transaction
//
// An update takes a batch of examples from the stream of epochs, runs it in
// micro-batches, and commits only when its loss and gradients are known to be
// finite. What fails before that leaves the state of the update before.
// Nothing of how a batch is executed (Config.Exec) changes a bit of the result.
//
// # What a run leaves
//
//	config.yaml     the configuration, as the caller gave it
//	journal.jsonl   decisions that the configuration does not determine
//	metrics.jsonl   what was measured
//	checkpoints/    states to resume from, to the same bits
//	summary.json    the outcome
//	model.descent   the one file to deploy
package train
