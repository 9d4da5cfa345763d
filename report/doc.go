// Package report tells people and programs how a run goes: a progress line on
// a terminal or plain lines in a pipe (Progress), metrics.jsonl (Metrics),
// journal.jsonl (Journal) and summary.json (Summary).
//
// Text for people goes to the writer that Progress is given, usually standard
// error. Files hold one JSON object on each line, numbers with nine
// significant digits, which is all a float32 has; what is not finite is null.
package report
