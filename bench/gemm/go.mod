module github.com/descent-ml/descent/bench/gemm

go 1.26.0

require (
	github.com/descent-ml/descent v0.0.0
	golang.org/x/sys v0.49.0
)

replace github.com/descent-ml/descent => ../..
