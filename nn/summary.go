package nn

import "github.com/descent-ml/descent/graph"

// builtLayer is a layer that Apply has built.
type builtLayer struct {
	path, kind string
	out        *graph.Node
}
