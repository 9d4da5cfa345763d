package train

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/descent-ml/descent/engine"
	"github.com/descent-ml/descent/graph"
)

// MemoryPlan is what a process will take at most, part by part, as known before
// the first update.
type MemoryPlan struct {
	Peak    int64 // bytes: of the parts, or what has been taken already if that is more
	Limit   int64 // 0 if nothing limits it
	LimitBy string
	Parts   []MemoryPart
}

// MemoryPart is one part of a MemoryPlan.
type MemoryPart struct {
	Name  string
	Bytes int64
}

// String is a line for each part.
func (m MemoryPlan) String() string {
	var b strings.Builder
	for _, p := range m.Parts {
		fmt.Fprintf(&b, "  %-44s %12s\n", p.Name, Bytes(p.Bytes))
	}
	fmt.Fprintf(&b, "  %-44s %12s\n", "predicted peak of the process", Bytes(m.Peak))
	if m.Limit > 0 {
		fmt.Fprintf(&b, "  %-44s %12s\n", "limit: "+m.LimitBy, Bytes(m.Limit))
	}
	return b.String()
}

// brief is the plan in a few words.
func (m MemoryPlan) brief() string {
	text := "memory " + Bytes(m.Peak)
	if m.Limit > 0 && m.LimitBy != "the machine" {
		text += fmt.Sprintf(" of %s (%s)", Bytes(m.Limit), m.LimitBy)
	}
	return text
}

// govern makes the Go runtime collect garbage rather than grow beyond the plan,
// if its memory is limited at all, and returns what undoes it.
func (m MemoryPlan) govern(asked int64) (undo func()) {
	before := debug.SetMemoryLimit(-1)
	if asked == 0 && before == math.MaxInt64 {
		return func() {}
	}
	if bound := m.Peak - m.Peak/50 - readResident().files; bound > 0 { // it is a soft one
		debug.SetMemoryLimit(bound)
	}
	return func() { debug.SetMemoryLimit(before) }
}

// Bytes writes an amount of memory for people.
func Bytes(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 10<<10:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d B", n)
}

// limitOf returns the bytes that the process may take and who says so: the
// configuration, the control group that the process is in, or the machine.
func limitOf(asked int64) (limit int64, by string) {
	if asked > 0 {
		return asked, "exec.memory"
	}
	machine, err := memlimit.FromSystem()
	if err != nil || machine > math.MaxInt64 {
		machine = 0
	}
	if group, err := memlimit.FromCgroup(); err == nil && group > 0 && group < math.MaxInt64 && (machine == 0 || group < machine) {
		return int64(group), "the control group"
	}
	return int64(machine), "the machine"
}

// SystemLimit bounds the memory of the Go runtime while data are read, by
// exec.memory if that is more than 0, else by what the system allows. Fit bounds
// it closer once it has planned.
func SystemLimit(asked int64) {
	if limit, _ := limitOf(asked); limit > 0 {
		debug.SetMemoryLimit(limit - limit/16)
	}
}

// resident is what the process holds, in bytes; zeros where the system does not
// tell (it does on Linux).
type resident struct{ now, peak, files int64 }

func readResident() (r resident) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return r
	}
	for line := range strings.Lines(string(b)) {
		key, rest, _ := strings.Cut(line, ":")
		to := map[string]*int64{"VmRSS": &r.now, "VmHWM": &r.peak, "RssFile": &r.files}[key]
		if fields := strings.Fields(rest); to != nil && len(fields) > 0 {
			kb, _ := strconv.ParseInt(fields[0], 10, 64)
			*to = kb << 10
		}
	}
	return r
}

// settle returns garbage to the system and reads what is left.
func settle() resident {
	runtime.GC()
	debug.FreeOSMemory()
	return readResident()
}

// leaveRoom raises the bound on the Go runtime if it is below what the process holds
// and a little more, and returns what undoes it: a run that will be refused for its
// memory would else collect garbage at each allocation, for minutes.
func (r resident) leaveRoom() (undo func()) {
	const room = 16 << 20
	before := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(max(before, r.now-r.files+room))
	return func() { debug.SetMemoryLimit(before) }
}

// growth is what the runtime and the pages of the program's code grow by from
// planning to the end of a run: measured, see docs/memory.md. Blocks from
// hugePage on begin at a page of that size, and take half of one more on average.
const growth, hugePage = 9 << 18, 2 << 20

// grown is growth with what blocks of the given sizes take beside themselves.
func grown(blocks ...int64) int64 {
	n := int64(growth)
	for _, b := range blocks {
		if b >= hugePage {
			n += hugePage / 2
		}
	}
	return n
}

// varBytes returns the bytes of the variables, and of those that files hold in
// another order, which are copied to be written.
func varBytes(g *graph.Graph) (all, params, rearranged int64) {
	l := layouts(g)
	for _, v := range g.Vars {
		n := 4 * int64(v.Shape.Size())
		all += n
		if v.Attr.Kind != graph.State {
			params += n
		}
		if _, ok := l[v.Attr.Name]; ok {
			rearranged += n
		}
	}
	return all, params, rearranged
}

// onHost reports whether variables of an engine are in the host's memory, which
// no variables tell as well as many.
func onHost(eng engine.Engine) bool {
	vars, err := eng.NewVars(nil)
	_, ok := vars.(engine.HostVars)
	return err == nil && ok
}

// copies are what saving and keeping weights takes on top of the variables.
func (l *loop) copies() []MemoryPart {
	all, params, flipped := varBytes(l.graph)
	parts := []MemoryPart{{"weights and optimizer state", all}}
	if !onHost(l.eng) {
		parts = append(parts, MemoryPart{"their copies on the host", all})
	}
	parts = append(parts, MemoryPart{"copies to write checkpoints and the model", flipped})
	if l.cfg.EarlyStop.Patience > 0 {
		parts = append(parts, MemoryPart{"best weights", params})
	}
	if len(l.averages.state) > 0 {
		parts = append(parts, MemoryPart{"weights while averages are evaluated", params})
	}
	return parts
}
