package checkpoint_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/descent-ml/descent/checkpoint"
	"github.com/descent-ml/descent/tensor"
)

// A run locks its directory, continues from the newest good checkpoint, and
// saves as it goes. Files are in PyTorch's layout.
func Example() {
	run, _ := os.MkdirTemp("", "run")
	defer os.RemoveAll(run)
	lock, err := checkpoint.LockDir(run)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lock.Unlock()
	dir := checkpoint.Dir{Path: filepath.Join(run, "checkpoints"), Run: "digits-1"}
	dir.Clean()

	weights := checkpoint.Tensors{"0.weight": tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 2, 3)} // (in, out)
	layouts := map[string]checkpoint.Layout{"0.weight": {}}
	file, _ := checkpoint.ToFile(weights, layouts)
	for update := uint64(1); update <= 5; update++ {
		s := &checkpoint.State{Meta: checkpoint.Meta{Run: "digits-1", Update: update}, Tensors: file}
		if _, err := dir.Save(s); err != nil {
			fmt.Println(err)
			return
		}
	}

	s, path, skipped, err := dir.Latest()
	fmt.Println(filepath.Base(path), s.Update, skipped, err)
	fmt.Println(s.Tensors["0.weight"], s.Fingerprint[:16])
	back, _ := checkpoint.FromFile(s.Tensors, layouts)
	fmt.Println(back["0.weight"], back["0.weight"].F32())
	// Output:
	// update-0000000005.safetensors 5 [] <nil>
	// f32 (3, 2) a11fbf8f7d7fe2b3
	// f32 (2, 3) [1 2 3 4 5 6]
}
