package kernel

// Fixed kernels, as indices of vecTable. The generator numbers them in the same
// order (_asm/vec/main.go); a test compares the names.
const (
	kRowSum = int(numOps) + iota
	kRowMax
	kRowDot
	kSoftmax
	kLogSoftmax
	kSoftmaxGrad
	kLogSoftmaxGrad
	kLoss
	kLossSmooth
	kLossGrad
	kLossBoth
	kLossBothSmooth
	kLayerNorm // then with gamma, beta, both
	_
	_
	_
	kRMSNorm // then with gamma
	_
	kLayerNormGrad
	_
	kRMSNormGrad
	_
	kSumRows
	kSumMoments
	kSumProducts
	kSumSquares
	kSumSquares2
	kTotalStart
	kTotalEnd
	kFromU8
	kFromI32
	kMask
	kLossEnd // x2 = log(x0) - x1
	kScaleRows
	kAttendRows
	kAttendBack
	kAttendSums
	kAttendEnd
	kAttendTile // of 1 to 4 vectors
	_
	_
	_
	kAttendBackTile // likewise
	_
	_
	_
	kGatherRows
	kSetRows
	kAddRows
	kFetchRows
	kSoftmaxColumns // the columns and tile kernels have AVX-512 only: 0 in other tables
	kLossColumns    // then as from kLoss on
	_
	_
	_
	_
	kFused // the fused programs follow
)
