//go:build !purego

package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Each program of the table: parsed, interpreted, fused and by definition.
func TestFused(t *testing.T) {
	for i, key := range fusedKeys {
		p, err := ParseProgram(key)
		if err != nil {
			t.Fatal(err)
		}
		if p.Key() != key || slices.Index(fusedKeys[:], key) != i {
			t.Fatalf("%q is not canonical (%q) or twice in the table", key, p.Key())
		}
		fused, tiled := Compile(p), Compile(p)
		tiled.fused = match{}
		eachTier(t, func(t *testing.T) {
			if fused.Fused() != (vecTable != nil) || tiled.Fused() && !tiled.single() {
				t.Fatalf("Fused() = %v, %v", fused.Fused(), tiled.Fused())
			}
			r, s := rand.New(rand.NewPCG(21, uint64(i))), Scratch{}
			for _, e := range []*Elementwise{fused, tiled} {
				for n := range 301 {
					checkProgram(t, r, e, n, plain, &s)
				}
				for _, n := range []int{7, 16, 33, 2500} {
					checkProgram(t, r, e, n, values, &s)
				}
			}
			checkProgram(t, r, fused, chunkSize+100, plain, &s)
		})
	}
}

// Programs that are those of the table by other numbers run by its kernels, and
// programs that only look like them do not.
func TestFusedMatch(t *testing.T) {
	for key, want := range map[string]bool{
		"t0=mul(x2,s0);x0=fma(s2,x0,t0);x1=fma(s1,x0,x1)": true,  // momentum, renumbered
		"t0=mul(x0,s0);x1=fma(s0,x1,t0);x2=fma(s0,x1,x2)": true,  // with one scalar for all
		"t1=mul(x0,s0);x1=fma(s1,t1,x1)":                  true,  // another temporary
		"t0=add(x1,x0);x1=relu(t0)":                       true,  // in place
		"t0=add(x0,x0);x1=relu(t0)":                       true,  // one input twice
		"x1=relu(x0);x0=mul(x1,x2)":                       true,  // the last read of x0 is before
		"x1=relu(x0);x2=add(x1,x0)":                       false, // other order of operands
		"x0=relu(x0);x2=add(x0,x0)":                       false, // reads the new x0 twice
		"t0=mul(x0,s0);x2=fma(s1,t0,x1)":                  false, // the kernel is in place
		"t0=add(x0,x1);t1=relu(t0)":                       false, // no output
	} {
		p, err := ParseProgram(key)
		if err != nil {
			t.Fatal(err)
		}
		e := Compile(p)
		if got := e.fused.kernel > 0; got != want {
			t.Errorf("%s: fused %v, want %v", key, got, want)
		}
		eachTier(t, func(t *testing.T) {
			r, s := rand.New(rand.NewPCG(23, 23)), Scratch{}
			for _, n := range []int{1, 16, 37, 2000} {
				checkProgram(t, r, e, n, plain, &s)
			}
		})
	}
}

// A fused program with a vector for each row and a value for each row.
func TestFusedAccess(t *testing.T) {
	p, err := ParseProgram("t0=add(x0,x1);x2=gelu(t0)")
	if err != nil {
		t.Fatal(err)
	}
	e := Compile(p)
	eachTier(t, func(t *testing.T) {
		r, s := rand.New(rand.NewPCG(22, 22)), Scratch{}
		for _, shape := range [][2]int{{1, 5}, {128, 10}, {4, 300}, {2, 3000}, {300, 300}} {
			rows, cols := shape[0], shape[1]
			x, bias, each := plain(r, rows*cols), plain(r, cols), plain(r, rows)
			got, want := make([]float32, rows*cols), make([]float32, rows*cols)
			for _, b := range []Stream{{bias, Row, 0}, {each, Col, 0}} {
				for i := range want {
					at := i % cols
					if b.Access == Col {
						at = i / cols
					}
					v := []float32{x[i], b.Data[at], 0}
					p.Eval(v, nil)
					want[i] = v[2]
				}
				e.Run(rows, cols, []Stream{{x, Full, cols}, b, {got, Full, cols}}, nil, &s)
				checkSame(t, p.Key(), got, want)
			}
		}
	})
}

// The numbers of the kernels are those that the generator gave them.
func TestKernelNumbers(t *testing.T) {
	if n := int(numOps) + len(fixedNames); n != kFused || kFused+len(fusedKeys) != vecKernels {
		t.Errorf("%d kernels before the fused ones, %d in all; generated %d, %d", kFused, kFused+len(fusedKeys), n, vecKernels)
	}
	for k, name := range map[int]string{kRowSum: "vecRowSum", kSoftmax: "vecSoftmax", kLogSoftmaxGrad: "vecLogSoftmaxGrad", kLoss: "vecLoss",
		kLossBothSmooth: "vecLossBothSmooth", kLayerNorm + 3: "vecLayerNormGammaBeta", kRMSNorm: "vecRMSNorm", kLayerNormGrad + 1: "vecLayerNormGradGamma",
		kRMSNormGrad: "vecRMSNormGrad", kSumRows: "vecSumRows", kSumSquares2: "vecSumSquares2", kTotalEnd: "vecTotalEnd", kMask: "vecMask", kLossColumns + kLossBothSmooth - kLoss: "vecLossBothColumnsSmooth"} {
		if got := fixedNames[k-int(numOps)]; got != name {
			t.Errorf("kernel %d is %s, want %s", k, got, name)
		}
	}
}

func TestVecGenerated(t *testing.T) { checkGenerated(t, "vec") }
