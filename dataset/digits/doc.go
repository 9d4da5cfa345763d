// Package digits holds a small set of real images in the program itself: the
// UCI handwritten digits, 1,797 images of 8x8 pixels by 13 writers.
//
// Source: Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak,
// UCI Machine Learning Repository, doi:10.24432/C50P49, CC BY 4.0; see NOTICE.
package digits
