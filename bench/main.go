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
	"strconv"
	"strings"

	"github.com/descent-ml/descent/bench/peak"
	"github.com/descent-ml/descent/bench/peer"
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
		err = peer.Serve(os.Stdin, os.Stdout, measurer())
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
		fmt.Printf("%v\n%v\n", j, t.Program.Plan())
		t.Close()
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
	defer peer.Stop(all)
	machine := peak.Measure()
	fmt.Println(machine)
	for _, j := range jobs(s.only) {
		q := peer.Request{Model: j.model, Optimizer: j.optimizer, Batch: j.batch, Threads: s.threads, Seconds: s.seconds}
		replies, err := peer.Rounds(all, q, s.rounds, peer.Wall)
		if err != nil {
			return err
		}
		if s.verbose {
			fmt.Fprintf(os.Stderr, "%+v\n", replies)
		}
		if err := printRow(s, j, machine, all, replies); err != nil {
			return err
		}
	}
	printMemory(all)
	return nil
}

// startAll starts ours first, then the peers that are installed.
func startAll(s settings) ([]*peer.Peer, error) {
	threads := strconv.Itoa(s.threads)
	common := peer.Settings{Cores: s.cores, Verbose: s.verbose}
	ours, err := peer.Ours(common, s.threads)
	if err != nil {
		return nil, err
	}
	gomlx := func(label, binary string) peer.Command {
		return peer.Command{Label: label, Argv: []string{"bench/peers/cache/" + binary, "go", threads}, Env: []string{"GOMAXPROCS=" + threads}}
	}
	commands := []peer.Command{
		peer.Python("torch-eager", "step_torch.py", "eager", threads),
		peer.Python("torch-compile", "step_torch.py", "compile", threads),
		peer.Python("jax-jit", "step_jax.py", "jit", threads),
		peer.Python("jax-scan", "step_jax.py", "scan", threads),
		gomlx("gomlx-go", "gomlx"),
		gomlx("gomlx-simd", "gomlx-simd"),
	}
	commands = slices.DeleteFunc(commands, func(c peer.Command) bool {
		kind, _, _ := strings.Cut(c.Label, "-")
		return !slices.Contains(strings.Split(s.peers, ","), kind)
	})
	return append([]*peer.Peer{ours}, peer.StartInstalled(common, commands)...), nil
}

// startHog starts a process that keeps one core busy.
func startHog(s settings) (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := peer.Pinned(s.cores, self, "-hog")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		cmd.Process.Kill()
		cmd.Wait()
	}, nil
}

// printRow prints one job: our median, the share of the roofline, and for each
// peer its median and how many times ours it is.
func printRow(s settings, j job, machine peak.Rates, all []*peer.Peer, replies []peer.Reply) error {
	ours := replies[0]
	if ours.Error != "" {
		return fmt.Errorf("ours: %s", ours.Error)
	}
	fmt.Printf("%-16s %9.4f ms", j, ours.MS)
	if roof := machine.Milliseconds(ours.FLOPs, ours.Bytes, ours.Touched, s.threads); roof > 0 {
		fmt.Printf(" %3.0f%% of roofline", 100*roof/ours.MS)
	}
	if ours.Allocs > 0 {
		fmt.Printf(" (%.1f allocations)", ours.Allocs)
	}
	best := 0.0
	for i, p := range all[1:] {
		r := replies[i+1]
		if r.Error != "" {
			fmt.Printf("   %s: %s", p.Label, r.Error)
			continue
		}
		note := ""
		if !r.CPUOK {
			note = fmt.Sprintf(" (cpu/wall %.2f!)", r.CPU)
		}
		fmt.Printf("   %s %.4f (%.2fx)%s", p.Label, r.MS, r.MS/ours.MS, note)
		if strings.HasPrefix(p.Label, "torch") && (best == 0 || r.MS < best) {
			best = r.MS
		}
	}
	if best > 0 {
		fmt.Printf("   | best torch %.2fx", best/ours.MS)
	}
	fmt.Println()
	return nil
}

func printMemory(all []*peer.Peer) {
	for _, p := range all {
		fmt.Printf("%-16s memory: %.1f MiB after start, %.1f MiB at most: %.1f MiB more\n",
			p.Label, p.Hello.Import, p.Last.Peak, p.Last.Peak-p.Hello.Import)
	}
}
