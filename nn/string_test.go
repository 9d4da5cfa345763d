package nn_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/descent-ml/descent/graph"
	"github.com/descent-ml/descent/nn"
	"github.com/descent-ml/descent/tensor"
)

// TestStrings: what Summary calls the layers, and records call the losses.
func TestStrings(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		want  string
	}{
		{nn.LeakyReLU(0.2), "LeakyReLU(0.2)"},
		{nn.ELU(1), "ELU(1)"},
		{nn.LayerNorm(), "LayerNorm"},
		{nn.RMSNorm().Plain(), "RMSNorm (plain)"},
		{nn.BatchNorm(), "BatchNorm"},
		{nn.BatchNorm().Group(32), "BatchNorm (group 32)"},
		{nn.Embedding(10, 4), "Embedding(10, 4)"},
		{nn.Categories([]int{3, 5}, 4), "Categories(2 × 4)"},
		{nn.LSTM(8), "LSTM(8)"},
		{nn.GRU(8).Reverse(), "GRU(8, backwards)"},
		{nn.GRU(8).Bidirectional(), "GRU(8, both ways)"},
		{nn.Positions().Sinusoidal(), "Positions(sinusoidal)"},
		{nn.Bag(9, 2).Grams(1, 1), "Bag(9 tokens)"},
		{nn.Sum(nn.ReLU()), "Sum"},
		{nn.Reshape(2, 3), "Reshape(2, 3)"},
		{nn.Conv2d(32, 3).Stride(2).Pad(1), "Conv2d(32, 3x3, stride 2, pad 1)"},
		{nn.Conv2d(0, 5).Same().Depthwise(), "Conv2d(5x5, same, depthwise)"},
		{nn.Conv2d(8, 3).Kernel(1, 7).Pads(0, 0, 3, 3).Dilation(2).Groups(2).Standardized(), "Conv2d(8, 1x7, dilation 2, pad [0 0 3 3], groups 2, standardized)"},
		{nn.Conv1d(8, 3).Pad(1), "Conv1d(8, 3, pad [0 0 1 1])"},
		{nn.MaxPool2d(3).Stride(2).Pad(1), "MaxPool2d(3x3, stride 2, pad 1)"},
		{nn.AvgPool2d(2).Inside(), "AvgPool2d(2x2, inside)"},
		{nn.AdaptiveAvgPool2d(2, 3), "AdaptiveAvgPool2d(2, 3)"},
		{nn.Dropout2d(0.5), "Dropout2d(0.5)"},
		{nn.LeNet(10), "LeNet"},
		{nn.ResNet(20, 10), "ResNet-20"},
		{nn.ResNet18(10), "ResNet-18"},
		{nn.MobileNetSmall(10), "MobileNetV3-Small"},
		{nn.ConvTranspose2d(8, 4).Stride(2).Pad(1).OutputPad(1), "ConvTranspose2d(8, 4x4, stride 2, pad 1, output pad 1)"},
		{nn.GroupNorm(4), "GroupNorm(4)"},
		{nn.SqueezeExcite(4), "SqueezeExcite(4)"},
		{nn.SqueezeExcite(4).Squeeze(8), "SqueezeExcite(to 8)"},
		{nn.Frozen(nn.Sequential(nn.ReLU())), "Frozen Sequential"},
		{nn.Func(nil), "Func"},
		{nn.MF(3, 4, 2), "MF(3 users, 4 items, 2)"},
		{nn.BPRMF(3, 4, 2), "BPRMF(3 users, 4 items, 2)"},
		{nn.GMF(3, 4, 2), "GMF(3 users, 4 items, 2)"},
		{nn.NeuMF(3, 4, 2), "NeuMF(3 users, 4 items, 2)"},
		{nn.TwoTower(3, 4, 2), "TwoTower(3 users, 4 items, 2)"},
		{nn.FM(nn.Features{Users: 3}, 2), "FM(2)"},
		{nn.DeepFM(nn.Features{Users: 3}, 2, 4), "DeepFM(2)"},
		{nn.DLRM(nn.Features{Users: 3}, 2, nil, nil), "DLRM(2)"},
	} {
		if got := fmt.Sprint(c.layer); got != c.want {
			t.Errorf("%T is %q, want %q", c.layer, got, c.want)
		}
	}
	for want, l := range map[string]nn.Loss{"cross_entropy": nn.CrossEntropy(), "bce": nn.BCEWithLogits(), "mse": nn.MSE(), "mae": nn.MAE(), "huber": nn.Huber(1),
		"bpr": nn.BPR(), "sampled_softmax": nn.SampledSoftmax(), "in_batch": nn.InBatch(2)} {
		if got := l.Name(); got != want {
			t.Errorf("%T is %q, want %q", l, got, want)
		}
	}
}

// unnamed is a layer of a user, without a String method.
type unnamed struct{}

func (unnamed) Build(c *nn.Context, x *graph.Node) *graph.Node { return c.Tanh(x) }

func TestSummaryOfUnnamedLayer(t *testing.T) {
	rows, err := nn.Summary(nn.Sequential(unnamed{}), x(2))
	if err != nil || len(rows) != 1 || rows[0].Kind != "nn_test.unnamed" {
		t.Errorf("%+v, %v, want one row of kind nn_test.unnamed", rows, err)
	}
}

// TestEmbeddingInit: the initializer gets the sizes of the table.
func TestEmbeddingInit(t *testing.T) {
	g, err := nn.Forward(nn.Embedding(8, 4).Init(nn.XavierNormal()), nn.Input{Name: "x", DType: tensor.I32})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := g.Vars[0].Attr.Init, nn.XavierNormal()(8, 4); !reflect.DeepEqual(got, want) {
		t.Errorf("the table starts as %+v, want %+v", got, want)
	}
}
