"""Writes golden.tfevents with TensorBoard 2.21's own messages and record writer:

python3 report/tensorboard/testdata/golden.py
"""

import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def value(tag, plugin, data_class, **tensor):
    metadata = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin), data_class=data_class)
    made = tensor_pb2.TensorProto(**tensor)
    made.tensor_shape.SetInParent()
    return summary_pb2.Summary.Value(tag=tag, metadata=metadata, tensor=made)


def scalar(tag, v):
    return value(tag, "scalars", summary_pb2.DATA_CLASS_SCALAR, dtype=1, float_val=[v])


events = [
    event_pb2.Event(wall_time=1000.5, file_version="brain.Event:2"),
    event_pb2.Event(wall_time=1000.5, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)),
    event_pb2.Event(wall_time=1000.5, summary=summary_pb2.Summary(value=[
        value("config", "text", summary_pb2.DATA_CLASS_TENSOR, dtype=7, string_val=[b"```yaml\nseed: 1\n```\n"])])),
    event_pb2.Event(wall_time=1002.75, step=300, summary=summary_pb2.Summary(value=[
        scalar("train/loss", 0.123456789), scalar("lr", 1e-3), scalar("batch", 64), scalar("throughput", 1e6),
        scalar("memory", 123456789), scalar("train/grad_norm", 2.5), scalar("noise_scale", 33), scalar("noise_scale/0.weight", 7)])),
    event_pb2.Event(wall_time=1003, step=301, summary=summary_pb2.Summary(value=[
        scalar("val/loss", 0.25), scalar("val/accuracy", 0.875)])),
]
with open(pathlib.Path(__file__).parent / "golden.tfevents", "wb") as f:
    out = RecordWriter(f)
    for e in events:
        out.write(e.SerializeToString(deterministic=True))
    out.flush()
