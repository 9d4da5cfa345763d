package config

import (
	"testing"

	"github.com/descent-ml/descent/dataset/images"
)

// TestInOrder: without shuffling, too, images are changed anew in each epoch.
func TestInOrder(t *testing.T) {
	set, err := images.NewSet(2, 2, 1, make([]uint8, 12), []int32{0, 0, 0}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := images.NewDataset(set, set.Schema(nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := images.NewAugmented(plain, images.Augment{Crop: 1})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := inOrder(plain).At(2, 1), inOrder(changed).At(2, 1); a != 1 || b != 7 {
		t.Errorf("place 1 of epoch 2 of 3 examples: %d, changed %d, want 1 and 7", a, b)
	}
}
