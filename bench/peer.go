//go:build linux

package main

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

// reply is one answer of a peer; bench/peers/README.md describes the protocol.
type reply struct {
	Peer    string  `json:"peer"`
	How     string  `json:"how,omitempty"`
	MS      float64 `json:"ms"`
	Steps   int     `json:"steps"`
	CPU     float64 `json:"cpu_over_wall"`
	CPUOK   bool    `json:"cpu_ok"`
	Import  float64 `json:"rss_import_mb"`
	Peak    float64 `json:"rss_peak_mb"`
	Allocs  float64 `json:"allocs"`            // ours only, of one step, as all that follow
	FLOPs   float64 `json:"flops,omitempty"`   // operations
	Bytes   float64 `json:"bytes,omitempty"`   // read and written
	Touched float64 `json:"touched,omitempty"` // memory that they lie in
	Error   string  `json:"error,omitempty"`
}

// peer is a process that times training steps on request.
type peer struct {
	label string
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	start reply // what it said of itself
	last  reply
}

// startAll starts ours first, then the peers that are installed.
func startAll(s settings) ([]*peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	threads := strconv.Itoa(s.threads)
	ours, err := startPeer("descent", s, []string{"GOMAXPROCS=" + threads}, self, "-serve", "-threads", threads)
	if err != nil {
		return nil, err
	}
	all := []*peer{ours}
	python := filepath.Join("bench", "peers", ".venv", "bin", "python")
	for _, p := range []struct {
		kind, label string
		command     []string
		env         []string
	}{
		{"torch", "torch-eager", []string{python, "bench/peers/step_torch.py", "eager", threads}, nil},
		{"torch", "torch-compile", []string{python, "bench/peers/step_torch.py", "compile", threads}, nil},
		{"jax", "jax-jit", []string{python, "bench/peers/step_jax.py", "jit", threads}, nil},
		{"jax", "jax-scan", []string{python, "bench/peers/step_jax.py", "scan", threads}, nil},
		{"gomlx", "gomlx-go", []string{"bench/peers/cache/gomlx", "go", threads}, []string{"GOMAXPROCS=" + threads}},
		{"gomlx", "gomlx-simd", []string{"bench/peers/cache/gomlx-simd", "go", threads}, []string{"GOMAXPROCS=" + threads}},
	} {
		if !strings.Contains(s.peers, p.kind) {
			continue
		}
		if _, err := os.Stat(p.command[0]); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s is left out: no %s (see bench/peers/README.md)\n", p.label, p.command[0])
			continue
		}
		started, err := startPeer(p.label, s, p.env, p.command...)
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s is left out: %v\n", p.label, err)
			continue
		}
		all = append(all, started)
	}
	return all, nil
}

// startPeer starts a process on the first cores and reads its greeting.
func startPeer(label string, s settings, env []string, command ...string) (*peer, error) {
	p := &peer{label: label, cmd: pinned(s, command...)}
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), restrains), env...)
	if s.verbose {
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
	p.start, err = p.read()
	return p, err
}

// pinned returns a command that runs on the first cores.
func pinned(s settings, command ...string) *exec.Cmd {
	if taskset, err := exec.LookPath("taskset"); err == nil {
		command = append([]string{taskset, "-c", fmt.Sprintf("0-%d", s.cores-1)}, command...)
	}
	return exec.Command(command[0], command[1:]...)
}

// startHog starts a process that keeps one core busy.
func startHog(s settings) (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := pinned(s, self, "-hog")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		cmd.Process.Kill()
		cmd.Wait()
	}, nil
}

// restrains reports whether a variable of the environment holds a peer's
// libraries to fewer instructions or other block sizes than they would choose.
func restrains(v string) bool {
	return strings.HasPrefix(v, "OPENBLAS_") || strings.HasPrefix(v, "MKL_") || strings.HasPrefix(v, "ONEDNN_") || strings.HasPrefix(v, "ATEN_")
}

func (p *peer) ask(request string) (reply, error) {
	if _, err := fmt.Fprintln(p.in, request); err != nil {
		return reply{}, fmt.Errorf("%s: %w", p.label, err)
	}
	r, err := p.read()
	if err == nil && r.Error == "" {
		p.last = r
	}
	return r, err
}

func (p *peer) read() (r reply, err error) {
	if !p.out.Scan() {
		return r, fmt.Errorf("%s ended: %v", p.label, p.cmd.Wait())
	}
	if err := json.Unmarshal(p.out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("%s: answer %q: %w", p.label, p.out.Text(), err)
	}
	return r, nil
}

func (p *peer) stop() {
	p.in.Close()
	p.cmd.Wait()
}
