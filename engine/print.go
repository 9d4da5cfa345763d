package engine

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// String prints the plan as a table: a line for each kernel, then the totals.
func (p Plan) String() string {
	var s strings.Builder
	t := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "stage\tkernel\tresult\tFLOP\tbytes\tfixed\tplace\toperations")
	for _, k := range p.Kernels {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", k.Stage, k.Name, k.Shape, k.FLOPs, k.Bytes, k.Fixed, k.Where, k.Detail)
	}
	t.Flush()
	fmt.Fprintf(&s, "micro-batch of %d: arena %d bytes, variables %d bytes; %d FLOP an example, %d an update\n",
		p.Rows, p.Bytes, p.VarBytes, p.FLOPs, p.Update)
	return s.String()
}
