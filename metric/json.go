package metric

import (
	"encoding/json"
	"math"
)

// number is a float64 whose JSON is null where it is not finite; null is NaN.
type number float64

// MarshalJSON implements json.Marshaler.
func (x number) MarshalJSON() ([]byte, error) {
	if f := float64(x); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(f)
	}
	return []byte("null"), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (x *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*x = number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(x))
}

type scoreJSON struct {
	Name  string `json:"name"`
	Value number `json:"value"`
	Lo    number `json:"lo"`
	Hi    number `json:"hi"`
}

// MarshalJSON implements json.Marshaler.
func (s Score) MarshalJSON() ([]byte, error) {
	return json.Marshal(scoreJSON{s.Name, number(s.Value), number(s.Lo), number(s.Hi)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Score) UnmarshalJSON(b []byte) error {
	var j scoreJSON
	err := json.Unmarshal(b, &j)
	*s = Score{j.Name, float64(j.Value), float64(j.Lo), float64(j.Hi)}
	return err
}

type classJSON struct {
	Name      string `json:"name"`
	Support   number `json:"support"`
	Precision number `json:"precision"`
	Recall    number `json:"recall"`
	F1        number `json:"f1"`
	ROCAUC    number `json:"roc_auc"`
}

// MarshalJSON implements json.Marshaler.
func (c ClassRow) MarshalJSON() ([]byte, error) {
	return json.Marshal(classJSON{c.Name, number(c.Support), number(c.Precision), number(c.Recall), number(c.F1), number(c.ROCAUC)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *ClassRow) UnmarshalJSON(b []byte) error {
	var j classJSON
	err := json.Unmarshal(b, &j)
	*c = ClassRow{j.Name, float64(j.Support), float64(j.Precision), float64(j.Recall), float64(j.F1), float64(j.ROCAUC)}
	return err
}

type binJSON struct {
	Lo         number `json:"lo"`
	Hi         number `json:"hi"`
	Confidence number `json:"confidence"`
	Accuracy   number `json:"accuracy"`
	Count      number `json:"count"`
}

// MarshalJSON implements json.Marshaler.
func (x Bin) MarshalJSON() ([]byte, error) {
	return json.Marshal(binJSON{number(x.Lo), number(x.Hi), number(x.Confidence), number(x.Accuracy), number(x.Count)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (x *Bin) UnmarshalJSON(b []byte) error {
	var j binJSON
	err := json.Unmarshal(b, &j)
	*x = Bin{float64(j.Lo), float64(j.Hi), float64(j.Confidence), float64(j.Accuracy), float64(j.Count)}
	return err
}
