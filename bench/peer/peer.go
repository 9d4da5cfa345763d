//go:build linux

// Package peer runs trainers that are compared: each is a process that times
// training steps on request, in the line protocol that bench/peers/README.md
// describes.
package peer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Settings hold for every process of a comparison.
type Settings struct {
	Cores   int  // that it is pinned to, the first ones
	Verbose bool // its standard error is shown
}

// Command says how a peer is started.
type Command struct {
	Label string
	Argv  []string
	Env   []string
}

// Peer is a running process.
type Peer struct {
	Label string
	Hello Reply // what it said of itself
	Last  Reply // its last answer without an error

	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// Python is a script of bench/peers in the environment that setup.sh makes.
func Python(label, script string, args ...string) Command {
	python := filepath.Join("bench", "peers", ".venv", "bin", "python")
	return Command{Label: label, Argv: append([]string{python, filepath.Join("bench", "peers", script)}, args...)}
}

// Ours starts this program itself, which is to serve when it is given -serve.
func Ours(s Settings, threads int, args ...string) (*Peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return Start(s, Command{
		Label: "descent",
		Argv:  append([]string{self, "-serve"}, args...),
		Env:   []string{"GOMAXPROCS=" + strconv.Itoa(threads)},
	})
}

// StartInstalled starts the peers that there are; it says which are missing.
func StartInstalled(s Settings, commands []Command) []*Peer {
	var all []*Peer
	for _, c := range commands {
		if _, err := os.Stat(c.Argv[0]); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s is left out: no %s (see bench/peers/README.md)\n", c.Label, c.Argv[0])
			continue
		}
		p, err := Start(s, c)
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s is left out: %v\n", c.Label, err)
			continue
		}
		all = append(all, p)
	}
	return all
}

// Start starts a process and reads its greeting.
func Start(s Settings, c Command) (*Peer, error) {
	p := &Peer{Label: c.Label, cmd: Pinned(s.Cores, c.Argv...)}
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), restrains), c.Env...)
	if s.Verbose {
		p.cmd.Stderr = os.Stderr
	}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.Hello, err = p.read()
	return p, err
}

// Pinned returns a command that runs on the first cores.
func Pinned(cores int, argv ...string) *exec.Cmd {
	if taskset, err := exec.LookPath("taskset"); err == nil {
		argv = append([]string{taskset, "-c", fmt.Sprintf("0-%d", cores-1)}, argv...)
	}
	return exec.Command(argv[0], argv[1:]...)
}

// restrains reports whether a variable of the environment holds a peer's
// libraries to fewer instructions or other block sizes than they would choose.
func restrains(v string) bool {
	return strings.HasPrefix(v, "OPENBLAS_") || strings.HasPrefix(v, "MKL_") || strings.HasPrefix(v, "ONEDNN_") || strings.HasPrefix(v, "ATEN_")
}

// Ask sends a request and waits for the answer, which may hold an error.
func (p *Peer) Ask(request string) (Reply, error) {
	if _, err := fmt.Fprintln(p.in, request); err != nil {
		return Reply{}, fmt.Errorf("%s: %w", p.Label, err)
	}
	r, err := p.read()
	if err == nil && r.Error == "" {
		p.Last = r
	}
	return r, err
}

func (p *Peer) read() (r Reply, err error) {
	if !p.out.Scan() {
		return r, fmt.Errorf("%s ended: %v", p.Label, p.cmd.Wait())
	}
	if err := json.Unmarshal(p.out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("%s: answer %q: %w", p.Label, p.out.Text(), err)
	}
	return r, nil
}

// Demand is Ask where an answer with an error is one.
func (p *Peer) Demand(q Request) (Reply, error) {
	r, err := p.Ask(q.String())
	if err == nil && r.Error != "" {
		err = fmt.Errorf("%s: %s", p.Label, r.Error)
	}
	return r, err
}

// Over is the memory of an answer over that of the process at its start, in MiB.
func (p *Peer) Over(r Reply) float64 { return r.Peak - p.Hello.Import }

// Stop ends the process.
func (p *Peer) Stop() {
	p.in.Close()
	p.cmd.Wait()
}

// Stop ends them all.
func Stop(all []*Peer) {
	for _, p := range all {
		p.Stop()
	}
}
