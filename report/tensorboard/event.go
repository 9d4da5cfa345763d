package tensorboard

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of the fields that are written, and the values of their enumerations.
const (
	eventWallTime    = 1 // double, seconds since 1970
	eventStep        = 2 // int64
	eventFileVersion = 3 // string, of the first event alone
	eventSummary     = 5 // Summary
	eventSessionLog  = 7 // SessionLog

	sessionStatus = 1 // START: what is known of this step and later ones is not valid
	statusStart   = 1

	summaryValue = 1 // repeated Summary.Value

	valueTag      = 1 // string
	valueTensor   = 8 // TensorProto
	valueMetadata = 9 // SummaryMetadata

	metadataPlugin    = 1 // SummaryMetadata.PluginData
	metadataDataClass = 4
	classScalar       = 1
	classTensor       = 2
	pluginName        = 1 // string

	tensorDType  = 1
	tensorShape  = 2 // TensorShapeProto: empty for a scalar
	tensorFloats = 5 // repeated float, packed
	tensorTexts  = 8 // repeated bytes
	dtypeFloat   = 1
	dtypeString  = 7
)

// fileVersion is what an event file begins with.
const fileVersion = "brain.Event:2"

// encoder makes records of events, with the fields in the order of their
// numbers and defaults left out, as the library does. An event is begun, takes
// values, and is ended. The buffers are kept, so that in steady state nothing is
// allocated.
type encoder struct {
	event, summary, value, part []byte
}

// begin begins an event at a time in seconds since 1970.
func (e *encoder) begin(wall float64, step uint64) {
	e.event = protowire.AppendFixed64(protowire.AppendTag(e.event[:0], eventWallTime, protowire.Fixed64Type), math.Float64bits(wall))
	if step != 0 {
		e.event = appendNumber(e.event, eventStep, step)
	}
	e.summary = e.summary[:0]
}

// version makes the event the first of a file.
func (e *encoder) version() { e.event = appendText(e.event, eventFileVersion, fileVersion) }

// start makes the event one that takes back what other files of the run have
// of its step and later ones: a program that watches a run which is resumed
// forgets what it has read.
func (e *encoder) start() {
	e.part = appendNumber(e.part[:0], sessionStatus, statusStart)
	e.event = appendBytes(e.event, eventSessionLog, e.part)
}

// scalar adds a number under a tag.
func (e *encoder) scalar(tag string, v float32) {
	e.part = appendNumber(e.part[:0], tensorDType, dtypeFloat)
	e.part = appendBytes(e.part, tensorShape, nil)
	e.part = appendLength(e.part, tensorFloats, 4)
	e.part = protowire.AppendFixed32(e.part, math.Float32bits(v))
	e.add(tag, "scalars", classScalar)
}

// text adds Markdown under a tag.
func (e *encoder) text(tag, s string) {
	e.part = appendNumber(e.part[:0], tensorDType, dtypeString)
	e.part = appendBytes(e.part, tensorShape, nil)
	e.part = appendText(e.part, tensorTexts, s)
	e.add(tag, "text", classTensor)
}

// add adds part, a tensor, as a value that a plugin shows.
func (e *encoder) add(tag, plugin string, class uint64) {
	e.value = appendText(e.value[:0], valueTag, tag)
	e.value = appendBytes(e.value, valueTensor, e.part)
	data := protowire.SizeTag(pluginName) + protowire.SizeBytes(len(plugin))
	size := protowire.SizeTag(metadataPlugin) + protowire.SizeBytes(data) + protowire.SizeTag(metadataDataClass) + protowire.SizeVarint(class)
	e.value = appendLength(e.value, valueMetadata, size)
	e.value = appendLength(e.value, metadataPlugin, data)
	e.value = appendText(e.value, pluginName, plugin)
	e.value = appendNumber(e.value, metadataDataClass, class)
	e.summary = appendBytes(e.summary, summaryValue, e.value)
}

// end appends the event to b as a record.
func (e *encoder) end(b []byte) []byte {
	if len(e.summary) > 0 {
		e.event = appendBytes(e.event, eventSummary, e.summary)
	}
	return appendFrame(b, e.event)
}

func appendNumber(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func appendText(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// appendLength begins a message of size bytes.
func appendLength(b []byte, field protowire.Number, size int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(size))
}
