package nn

// LeNet is a convolutional net for small images, (H, W, C) to scores (classes):
// LeNet-5 as it is used today, with maxima for its trained averages and ReLU for
// tanh (LeCun, Bottou, Bengio, Haffner, Proc. IEEE 1998, figure 2). 28 by 28 pixels
// are padded to 32 by 32, as there. It is the Sequential
//
//	0 Conv2d(6, 5x5, pad 2)   1 ReLU   2 MaxPool2d(2)
//	3 Conv2d(16, 5x5)         4 ReLU   5 MaxPool2d(2)   6 Flatten
//	7 Dense(120)              8 ReLU   9 Dense(84)      10 ReLU   11 Dense(classes)
func LeNet(classes int) Layer {
	return named{"LeNet", Sequential(
		Conv2d(6, 5).Pad(2), ReLU(), MaxPool2d(2),
		Conv2d(16, 5), ReLU(), MaxPool2d(2), Flatten(),
		Dense(120), ReLU(), Dense(84), ReLU(), Dense(classes),
	)}
}
