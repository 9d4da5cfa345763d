package train

import (
	"testing"

	"github.com/descent-ml/descent/dataset"
	"github.com/descent-ml/descent/dataset/images"
	icpu "github.com/descent-ml/descent/internal/cpu"
	"github.com/descent-ml/descent/internal/rng"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/optim"
)

// Residual nets of images in the matrix: convolutions, batch norm and dropout over
// images that are changed and mixed anew in every epoch. A tiny net of the form of
// ResNet-20, with both kinds of shortcut, runs in every test; ResNet-20 itself, on
// images of 32 by 32, with -matrix=full only:
//
//	go test ./train -run 'Matrix/resnet-20' -matrix=full -timeout 60m
var matrixImages = []matrixModel{
	{
		name: "residual",
		model: nn.Sequential(conv(4, 3, 1), nn.BatchNorm(), nn.ReLU(), nn.Residual(convolutions(4, 1)...), nn.ReLU(),
			nn.Shortcut(conv(8, 1, 2), convolutions(8, 2)...), nn.ReLU(), nn.Dropout2d(0.1), nn.GlobalAvgPool(), nn.Dropout(0.1), nn.Dense(imageClasses)),
		loss:      nn.CrossEntropy().LabelSmoothing(0.1),
		optimizer: optim.SGD(0.1).Momentum(0.9).Nesterov().WeightDecay(1e-3).WithClipNorm(0.5).WithSchedule(optim.Cosine(0)),
		examples:  func(t testing.TB, n int) dataset.Dataset { return imageExamples(t, n, 6) },
		batch:     imageBatch,
		barriers:  true,
		images:    true,
	},
	{
		name:      "resnet-20",
		model:     nn.Sequential(nn.ResNet(20, 12), nn.Dropout(0.1), nn.Dense(imageClasses)),
		loss:      nn.CrossEntropy().LabelSmoothing(0.1),
		optimizer: optim.SGD(0.1).Momentum(0.9).Nesterov().WeightDecay(1e-4).WithClipNorm(1),
		examples:  func(t testing.TB, n int) dataset.Dataset { return imageExamples(t, n, 32) },
		batch:     imageBatch,
		barriers:  true,
		images:    true,
		slow:      true,
	},
}

// imageBatch is two shards of 32, and in the last batch of an epoch of 6.
var imageBatch = matrixBatch{64, 140}

const imageClasses = 4

// conv is a convolution of k by k as residual nets have it.
func conv(out, k, stride int) nn.Layer {
	return nn.Conv2d(out, k).Stride(stride).Pad(k / 2).NoBias()
}

// convolutions are what a block of ResNet-20 has beside its shortcut.
func convolutions(channels, stride int) []nn.Layer {
	return []nn.Layer{conv(channels, 3, stride), nn.BatchNorm(), nn.ReLU(), conv(channels, 3, 1), nn.BatchNorm()}
}

// imageExamples are noisy images, side by side, of a brightness that rises along one
// of four directions, which is the class; no change of theirs turns one into another.
func imageExamples(t testing.TB, n, side int) dataset.Dataset {
	s := rng.NewStream(1, "matrix images")
	pixels, labels := make([]uint8, 0, n*side*side*3), make([]int32, n)
	for i := range n {
		labels[i] = int32(s.Uint32() % imageClasses)
		for y := range side {
			for x := range side {
				rise := [imageClasses]int{x, side - 1 - x, y, side - 1 - y}[labels[i]]
				for range 3 {
					pixels = append(pixels, uint8(60+100*rise/side+int(s.Uint32()%64)))
				}
			}
		}
	}
	set, err := images.NewSet(side, side, 3, pixels, labels, []string{"right", "left", "down", "up"})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := images.NewDataset(set, set.Schema(nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := images.NewAugmented(plain, images.Augment{
		Seed: 3, Crop: 1, Padding: images.PadReflect, Rotate: 15, RandAugment: images.RandAugment{N: 1, Magnitude: 5},
		Color: images.Color{Brightness: 0.2, Contrast: 0.2, Saturation: 0.2, Hue: 0.1}, Cutout: 2, Mixup: 0.2, Cutmix: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// imageCells are the cells of an image model: a micro-batch is a shard at most, and what
// outlives a pass is kept or has half of that memory. Plain Go, which takes half a minute
// for a slow model, has those that are furthest from the reference.
func imageCells(m matrixModel, b matrixBatch) (cells []cell) {
	for _, micro := range []int{4, 16, 32} {
		for _, threads := range []int{1, 2} {
			for _, workers := range []int{1, 2} {
				for _, memory := range []int{1, 2} {
					for _, isa := range icpu.Tiers() {
						for _, resumed := range []bool{false, true} {
							if m.slow && isa == icpu.PureGo && (threads < 2 || workers < 2 || memory < 2 || resumed) {
								continue
							}
							cells = append(cells, cell{m, b, micro, threads, isa, resumed, workers, memory})
						}
					}
				}
			}
		}
	}
	return cells
}
