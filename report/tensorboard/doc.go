// Package tensorboard writes the metrics of a run as an event file, which
// TensorBoard shows:
//
//	tensorboard --logdir runs
//
// The file follows from metrics.jsonl: each of its lines is one event with the
// same numbers, rounded to float32. So a resumed run writes the file anew from
// the lines that were kept, and no step is there twice.
//
// Tags are the same for all runs: train/loss, val/loss, val/accuracy and what
// else is measured of a part of the data; lr, batch, throughput (examples a
// second), memory (bytes of the process) and noise_scale, which are of the run.
// The step is the number of updates. The wall time is that of training, so that
// the time between two sessions does not count.
//
// An event file is a list of records of TFRecord's format: a length, its
// masked CRC-32C, the bytes of an Event, their masked CRC-32C. An Event is
// encoded by hand, in the wire format of protocol buffers, after event.proto and
// summary.proto of TensorBoard 2.
package tensorboard
