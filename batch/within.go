package batch

// bounded is a policy that chooses within Bounds.
type bounded interface {
	Policy
	bounds(examples int) (b Bounds, open bool) // resolved, and whether nobody has set Max
	with(b Bounds) Policy
}

// Within returns the policy with bounds that an execution has: sizes are at least
// least, and at most most where Max is not set; 0 is no bound. Neither takes more
// than there are examples. Other policies are returned as they are.
func Within(p Policy, examples, least, most int) Policy {
	x, ok := p.(bounded)
	if !ok {
		return p
	}
	b, open := x.bounds(examples)
	if b.Min >= least && (!open || most == 0 || b.Max <= most) {
		return p
	}
	b.Min = max(b.Min, min(least, examples))
	if open && most > 0 {
		b.Max = min(b.Max, most)
	}
	b.Max = max(b.Max, b.Min)
	b.Start = min(max(b.Start, b.Min), b.Max)
	return x.with(b)
}

// Open reports whether the largest size is left to what memory and data allow.
func Open(p Policy, examples int) bool {
	x, ok := p.(bounded)
	if !ok {
		return false
	}
	_, open := x.bounds(examples)
	return open
}

func (b Bounds) resolve(examples int) (Bounds, bool) { return b.withDefaults(examples), b.Max == 0 }

func (a Stages) bounds(examples int) (Bounds, bool)       { return a.Bounds.resolve(examples) }
func (g Growth) bounds(examples int) (Bounds, bool)       { return g.Bounds.resolve(examples) }
func (t NormTest) bounds(examples int) (Bounds, bool)     { return t.Bounds.resolve(examples) }
func (t InnerProduct) bounds(examples int) (Bounds, bool) { return t.Bounds.resolve(examples) }
func (n NoiseScale) bounds(examples int) (Bounds, bool)   { return n.Bounds.resolve(examples) }
func (a Auto) bounds(examples int) (Bounds, bool)         { return a.Bounds.resolve(examples) }

func (c CABS) bounds(examples int) (Bounds, bool) {
	b, _ := c.withDefaults().Bounds.resolve(examples)
	return b, c.Bounds.Max == 0
}

func (g Goodput) bounds(examples int) (Bounds, bool) {
	b, open := g.Bounds.resolve(examples)
	if g.Bounds.Min == 0 {
		b.Min = b.Start
	}
	return b, open
}

func (a Stages) with(b Bounds) Policy       { a.Bounds = b; return a }
func (g Growth) with(b Bounds) Policy       { g.Bounds = b; return g }
func (t NormTest) with(b Bounds) Policy     { t.Bounds = b; return t }
func (t InnerProduct) with(b Bounds) Policy { t.Bounds = b; return t }
func (c CABS) with(b Bounds) Policy         { c.Bounds = b; return c }
func (n NoiseScale) with(b Bounds) Policy   { n.Bounds = b; return n }
func (g Goodput) with(b Bounds) Policy      { g.Bounds = b; return g }
func (a Auto) with(b Bounds) Policy         { a.Bounds = b; return a }
