package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Value is a named number.
type Value struct {
	Name string
	V    float64
}

// Values are named numbers in an order that means something to people. As JSON
// they are an object.
type Values []Value

// Get returns the number of a name, or NaN and false.
func (vs Values) Get(name string) (float64, bool) {
	for _, v := range vs {
		if v.Name == name {
			return v.V, true
		}
	}
	return math.NaN(), false
}

// MarshalJSON implements json.Marshaler.
func (vs Values) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendField(b, v.Name, v.V)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON implements json.Unmarshaler: the order of the text is kept,
// null is NaN.
func (vs *Values) UnmarshalJSON(text []byte) error {
	*vs = nil
	return eachField(text, func(name string, raw json.RawMessage) error {
		v, err := parseNumber(raw)
		*vs = append(*vs, Value{name, v})
		return err
	})
}

// Record is one line of metrics.jsonl: what was measured on a split when an
// update was done.
type Record struct {
	Update   uint64  // updates done, this one included
	Epoch    uint64  // the epoch of its last example, from 1
	Examples uint64  // examples consumed
	Tokens   uint64  // tokens consumed, where an example has several; 0 is left out
	Seconds  float64 // of training so far
	Split    string  // train, val or test
	Loss     float64 // Σ w·ℓ / Σ w; of training: over the batches since the last record, each before its update
	LR       float64 // the learning rate of the update; 0 is left out
	Batch    int     // examples of the update; 0 is left out
	Rate     float64 // examples a second since the last record of training, all else that was done left out; 0 is left out
	Bytes    int64   // that the process holds, pages of files included; 0 is left out
	Values   Values  // other metrics
}

// Append appends the record as a line of JSON.
func (r *Record) Append(b []byte) []byte {
	b = append(b, `{"update":`...)
	b = strconv.AppendUint(b, r.Update, 10)
	b = append(b, `,"epoch":`...)
	b = strconv.AppendUint(b, r.Epoch, 10)
	b = append(b, `,"examples":`...)
	b = strconv.AppendUint(b, r.Examples, 10)
	if r.Tokens != 0 {
		b = append(b, `,"tokens":`...)
		b = strconv.AppendUint(b, r.Tokens, 10)
	}
	b = append(b, `,"seconds":`...)
	b = strconv.AppendFloat(b, r.Seconds, 'f', 6, 64)
	b = append(b, `,"split":`...)
	b = appendString(b, r.Split)
	b = append(b, ',')
	b = appendField(b, "loss", r.Loss)
	if r.LR != 0 {
		b = append(b, ',')
		b = appendField(b, "lr", r.LR)
	}
	if r.Batch != 0 {
		b = append(b, `,"batch":`...)
		b = strconv.AppendInt(b, int64(r.Batch), 10)
	}
	if r.Rate != 0 {
		b = append(b, ',')
		b = appendField(b, "examples_per_second", r.Rate)
	}
	if r.Bytes != 0 {
		b = append(b, `,"memory_bytes":`...)
		b = strconv.AppendInt(b, r.Bytes, 10)
	}
	for _, v := range r.Values {
		b = append(b, ',')
		b = appendField(b, v.Name, v.V)
	}
	return append(b, '}', '\n')
}

// MarshalJSON implements json.Marshaler with Append.
func (r Record) MarshalJSON() ([]byte, error) { return r.Append(nil), nil }

// UnmarshalJSON implements json.Unmarshaler. Unknown names are metrics.
func (r *Record) UnmarshalJSON(text []byte) error {
	*r = Record{}
	return eachField(text, func(name string, raw json.RawMessage) (err error) {
		switch name {
		case "update":
			return json.Unmarshal(raw, &r.Update)
		case "epoch":
			return json.Unmarshal(raw, &r.Epoch)
		case "examples":
			return json.Unmarshal(raw, &r.Examples)
		case "tokens":
			return json.Unmarshal(raw, &r.Tokens)
		case "seconds":
			return json.Unmarshal(raw, &r.Seconds)
		case "split":
			return json.Unmarshal(raw, &r.Split)
		case "batch":
			return json.Unmarshal(raw, &r.Batch)
		case "memory_bytes":
			return json.Unmarshal(raw, &r.Bytes)
		case "examples_per_second":
			r.Rate, err = parseNumber(raw)
			return err
		case "loss":
			r.Loss, err = parseNumber(raw)
			return err
		case "lr":
			r.LR, err = parseNumber(raw)
			return err
		}
		v, err := parseNumber(raw)
		r.Values = append(r.Values, Value{name, v})
		return err
	})
}

// digits are the significant ones of a number in a file.
const digits = 9

// Rounded returns the number that a file has for v, as it is read back.
func Rounded(v float64) float64 {
	var b [32]byte
	r, _ := strconv.ParseFloat(string(strconv.AppendFloat(b[:0], v, 'g', digits, 64)), 64) // a number that was written
	return r
}

func appendField(b []byte, name string, v float64) []byte {
	b = appendString(b, name)
	b = append(b, ':')
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', digits, 64)
}

// appendString quotes names, which are ours or plain words; encoding/json does
// the others.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			q, _ := json.Marshal(s) // a string never fails
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func parseNumber(raw json.RawMessage) (float64, error) {
	if string(raw) == "null" {
		return math.NaN(), nil
	}
	var v float64
	err := json.Unmarshal(raw, &v)
	return v, err
}

// eachField calls f for the members of a JSON object in their order.
func eachField(text []byte, f func(name string, raw json.RawMessage) error) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("report: %.40q is no JSON object", text)
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		if err := f(name, raw); err != nil {
			return fmt.Errorf("report: %q: %w", name, err)
		}
	}
	_, err := dec.Token()
	return err
}
