"""Reads the run in argv[1] as people do and prints what is found as JSON: the events by
TensorBoard's reader, and metrics.jsonl by pandas. A warning of either is an error."""

import json
import logging
import sys
import warnings

import pandas as pd
from tensorboard.backend.event_processing import event_accumulator as ea
from tensorboard.util import tensor_util

warnings.simplefilter("error")


class Fails(logging.Handler):
    def emit(self, record):
        if record.levelno >= logging.WARNING:
            raise SystemExit("a warning of TensorBoard's: " + record.getMessage())


logging.getLogger("tensorboard").addHandler(Fails())

run = ea.EventAccumulator(sys.argv[1], size_guidance={ea.TENSORS: 0})
run.Reload()
scalars, config = {}, ""
for tag in run.Tags()["tensors"]:
    plugin = run.SummaryMetadata(tag).plugin_data.plugin_name
    values = [tensor_util.make_ndarray(e.tensor_proto).item() for e in run.Tensors(tag)]
    if plugin == "text":
        config = values[0].decode()
        continue
    scalars[tag] = {"plugin": plugin, "steps": [e.step for e in run.Tensors(tag)], "values": values}
frame = pd.read_json(sys.argv[1] + "/metrics.jsonl", lines=True)
columns = {c: {"dtype": str(frame[c].dtype), "missing": str(frame[c].isna().sum())} for c in frame}
print(json.dumps({"config": config, "scalars": scalars, "columns": columns}))
