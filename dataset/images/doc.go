// Package images reads images of one size into a [Set] of u8 pixels and makes
// examples of it.
//
//	files     Load -> Parts: folders of classes, IDX, CIFAR, NPY and NPZ
//	Go        NewSet
//	examples  Set.Schema (statistics of the training pixels) -> NewDataset -> Subset
//	training  NewAugmented: examples that are changed anew in each epoch
//	one       Decode (a file), Fit (an image.Image): pixels in the shape of a schema
//
// Pixels are u8 until they are copied into a batch, in memory or in a cache on disk
// that is mapped. An image is (height, width, channels): channels last, RGB or gray.
// How files are read, resized and cached is in docs/images.md.
package images
