//go:build linux

// Command bench times a training step of descent beside the same step of its
// peers, in one run: each in a process of its own, pinned to the same cores,
// asked in turn, several rounds. It prints medians and ratios.
//
//	go run ./bench                     # one thread, every peer that is installed
//	go run ./bench -threads 2 -only mlp784/adam
//
// Peers are optional: bench/peers/setup.sh installs them. What is missing is
// said, and left out.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// settings are the command's flags.
type settings struct {
	threads int
	cores   int // that every process is pinned to
	rounds  int
	seconds float64
	peers   string
	only    string
	verbose bool
}

func main() {
	var s settings
	serve := flag.Bool("serve", false, "answer requests as a peer does (used by the command itself)")
	plan := flag.Bool("plan", false, "print the plan of each workload and stop")
	flag.IntVar(&s.threads, "threads", 1, "threads of every process")
	flag.IntVar(&s.cores, "cores", 0, "cores that every process is pinned to, 0 for as many as threads")
	neighbor := flag.Bool("neighbor", false, "run a busy process on the same cores")
	hog := flag.Bool("hog", false, "be that busy process (used by the command itself)")
	flag.IntVar(&s.rounds, "rounds", 3, "rounds over all peers")
	flag.Float64Var(&s.seconds, "seconds", 0.5, "seconds of each measurement")
	flag.StringVar(&s.peers, "peers", "torch,jax,gomlx", "peers to run, or none")
	flag.StringVar(&s.only, "only", "", "workloads whose name contains this, such as mlp784/adam/128")
	flag.BoolVar(&s.verbose, "v", false, "print every answer")
	flag.Parse()
	if s.cores == 0 {
		s.cores = s.threads
	}
	var err error
	switch {
	case *hog:
		for {
		}
	case *serve:
		err = answerRequests(os.Stdin, os.Stdout, s.threads)
	case *plan:
		err = printPlans(s)
	default:
		err = compare(s, *neighbor)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// job is one configuration to time.
type job struct {
	model, optimizer string
	batch            int
}

func (j job) String() string { return fmt.Sprintf("%s/%s/%d", j.model, j.optimizer, j.batch) }

// jobs lists the configurations of the bars.
func jobs(only string) []job {
	var list []job
	for _, o := range []string{"sgdm", "adam"} {
		for _, n := range []int{1, 16, 32, 128, 512} {
			list = append(list, job{"mlp784", o, n})
		}
	}
	for _, n := range []int{1, 32, 256} {
		list = append(list, job{"mlp64", "sgd", n})
	}
	return slices.DeleteFunc(list, func(j job) bool { return !strings.Contains(j.String(), only) })
}

func printPlans(s settings) error {
	for _, j := range jobs(s.only) {
		t, err := newTrainer(j, s.threads)
		if err != nil {
			return err
		}
		fmt.Printf("%v\n%v\n", j, t.program.Plan())
		t.engine.Close()
	}
	return nil
}

// compare runs every job on every peer in turn and prints the table.
func compare(s settings, neighbor bool) error {
	if neighbor {
		stop, err := startHog(s)
		if err != nil {
			return err
		}
		defer stop()
	}
	all, err := startAll(s)
	if err != nil {
		return err
	}
	defer func() {
		for _, p := range all {
			p.stop()
		}
	}()
	machine := measureRates()
	fmt.Println(machine)
	for _, j := range jobs(s.only) {
		var answers [][]reply
		for range all {
			answers = append(answers, nil)
		}
		for range s.rounds {
			for i, p := range all {
				r, err := p.ask(fmt.Sprintf("%s %s %d %d %g", j.model, j.optimizer, j.batch, s.threads, s.seconds))
				if err != nil {
					return err
				}
				if s.verbose {
					fmt.Fprintf(os.Stderr, "%+v\n", r)
				}
				answers[i] = append(answers[i], r)
			}
		}
		if err := printRow(s, j, machine, all, answers); err != nil {
			return err
		}
	}
	printMemory(all)
	return nil
}

// printRow prints one job: our median, the share of the roofline, and for each
// peer its median and how many times ours it is.
func printRow(s settings, j job, machine rates, all []*peer, answers [][]reply) error {
	ours := medianReply(answers[0])
	fmt.Printf("%-16s %9.4f ms", j, ours.MS)
	if roof := machine.milliseconds(ours.FLOPs, ours.Bytes, ours.Touched, s.threads); roof > 0 {
		fmt.Printf(" %3.0f%% of roofline", 100*roof/ours.MS)
	}
	if ours.Allocs > 0 {
		fmt.Printf(" (%.1f allocations)", ours.Allocs)
	}
	best := 0.0
	for i, p := range all[1:] {
		r := medianReply(answers[i+1])
		if r.Error != "" {
			fmt.Printf("   %s: %s", p.label, r.Error)
			continue
		}
		note := ""
		if !r.CPUOK {
			note = fmt.Sprintf(" (cpu/wall %.2f!)", r.CPU)
		}
		fmt.Printf("   %s %.4f (%.2fx)%s", p.label, r.MS, r.MS/ours.MS, note)
		if strings.HasPrefix(p.label, "torch") && (best == 0 || r.MS < best) {
			best = r.MS
		}
	}
	if best > 0 {
		fmt.Printf("   | best torch %.2fx", best/ours.MS)
	}
	if ours.Error != "" {
		return fmt.Errorf("ours: %s", ours.Error)
	}
	fmt.Println()
	return nil
}

// medianReply is the answer with the median time.
func medianReply(rs []reply) reply {
	sorted := slices.Clone(rs)
	slices.SortFunc(sorted, func(a, b reply) int {
		switch {
		case a.MS < b.MS:
			return -1
		case a.MS > b.MS:
			return 1
		}
		return 0
	})
	return sorted[len(sorted)/2]
}

func printMemory(all []*peer) {
	for _, p := range all {
		fmt.Printf("%-16s memory: %.1f MiB after start, %.1f MiB at most: %.1f MiB more\n",
			p.label, p.start.Import, p.last.Peak, p.last.Peak-p.start.Import)
	}
}

func medianOf(t []time.Duration) time.Duration {
	slices.Sort(t)
	return t[len(t)/2]
}
