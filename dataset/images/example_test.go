package images_test

import (
	"fmt"
	"log"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
)

// Images that a program has made become examples of a batch.
func Example() {
	pixels := []uint8{0, 255, 255, 0, 255, 255, 255, 255} // two of 2x2 pixels, gray
	set, err := images.NewSet(2, 2, 1, pixels, []int32{0, 1}, []string{"stripes", "blank"})
	if err != nil {
		log.Fatal(err)
	}
	schema := set.Schema(nil, dataset.ResizeCrop)
	examples, err := images.NewDataset(set, schema)
	if err != nil {
		log.Fatal(err)
	}
	batch := dataset.NewBuffers(examples.Fields(), 2)
	if err := examples.Gather(batch, 0, []int{1, 0}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(schema.Image)
	fmt.Printf("%v %.3f\n", examples.Fields(), batch[0].F32())
	// Output:
	// image: (2, 2, 1), pixels with mean [0.7500] and std [0.4330], other sizes by crop
	// [x f32 (2, 2, 1) y i32 ()] [0.577 0.577 0.577 0.577 -1.732 0.577 0.577 -1.732]
}
