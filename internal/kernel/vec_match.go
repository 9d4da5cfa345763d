package kernel

// match is how a program uses the kernel of a table program: which stream and
// which scalar of the program each one of the table's is.
type match struct {
	kernel  int
	streams []uint8
	scalars []uint8
}

// matchProgram returns how p is the same computation as table: instruction by
// instruction, under other numbers. Two scalars of table may be one of p, and so
// may an input and an output of table, if table does not read that input after
// the assignment.
func matchProgram(p, table *Program) (m match, ok bool) {
	if len(p.Code) != len(table.Code) {
		return m, false
	}
	names := map[Ref]Ref{} // of table, in p
	same := func(t, r Ref) bool {
		if _, ok := names[t]; !ok && t.Kind == r.Kind {
			names[t] = r
		}
		return names[t] == r && t.Kind == r.Kind
	}
	for i := range p.Code {
		in, tab := &p.Code[i], &table.Code[i]
		if in.Op != tab.Op {
			return m, false
		}
		for j, t := range tab.operands() {
			if !same(t, in.operands()[j]) {
				return m, false
			}
		}
		if !same(tab.Dst, in.Dst) {
			return m, false
		}
	}
	for _, l := range table.readsLate() {
		if names[StreamRef(int(l[0]))] == names[StreamRef(int(l[1]))] {
			return m, false
		}
	}
	for i := range table.Streams {
		m.streams = append(m.streams, names[StreamRef(i)].Index)
	}
	for i := range table.Scalars {
		m.scalars = append(m.scalars, names[ScalarRef(i)].Index)
	}
	return m, true
}

// readsLate lists {output, input}: the input is read after the output is
// assigned, so they must not be one.
func (p *Program) readsLate() (late [][2]uint8) {
	var done [MaxStreams]bool
	for i := range p.Code {
		in := &p.Code[i]
		for _, r := range in.operands() {
			for o := range done {
				if r.Kind == KindStream && done[o] && o != int(r.Index) {
					late = append(late, [2]uint8{uint8(o), r.Index})
				}
			}
		}
		if in.Dst.Kind == KindStream {
			done[in.Dst.Index] = true
		}
	}
	return late
}
