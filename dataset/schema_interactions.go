package dataset

import "fmt"

// TaskRanking is the task of a model that learns from what users met which items
// are for whom.
const TaskRanking = "ranking"

// InteractionSchema is what a model of users and items was trained on: who is
// which number is kept beside it (interactions.Catalog), as it may be large.
type InteractionSchema struct {
	User   string  `json:"user"` // columns, as they were named
	Item   string  `json:"item"`
	Rating string  `json:"rating,omitempty"`
	Time   string  `json:"time,omitempty"`
	Users  int     `json:"users"` // that there are
	Items  int     `json:"items"`
	Mean   float64 `json:"mean"` // of the ratings to learn from; the logarithm of the odds of 1 if those are 0 and 1; else 0
	Low    float64 `json:"low"`  // the smallest of them
	High   float64 `json:"high"` // and the largest
}

func (n *InteractionSchema) validate() error {
	if n.Users < 1 || n.Items < 1 {
		return fmt.Errorf("dataset: schema: interactions of %d users with %d items (want 1 or more)", n.Users, n.Items)
	}
	return nil
}

// String describes the interactions in a line.
func (n *InteractionSchema) String() string {
	s := fmt.Sprintf("interactions: %d users (%s), %d items (%s)", n.Users, n.User, n.Items, n.Item)
	if n.Rating != "" {
		s += fmt.Sprintf(", ratings from %.6g to %.6g, mean %.6g (%s)", n.Low, n.High, n.Mean, n.Rating)
	}
	if n.Time != "" {
		s += fmt.Sprintf(", times (%s)", n.Time)
	}
	return s
}
