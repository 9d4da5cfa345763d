package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// signals turns the first SIGINT or SIGTERM into a cancelled context, and ends
// the process at the second.
type signals struct {
	ctx    context.Context
	cancel context.CancelFunc
	got    atomic.Int32 // the first signal, 0 if none
	saves  atomic.Bool  // what runs now is training, which does not end at once
	ch     chan os.Signal
	done   chan struct{}
}

func watchSignals(w io.Writer) *signals {
	s := &signals{ch: make(chan os.Signal, 2), done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	signal.Notify(s.ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		for {
			select {
			case <-s.done:
				return
			case sig := <-s.ch:
				n, _ := sig.(syscall.Signal)
				if !s.got.CompareAndSwap(0, int32(n)) {
					os.Exit(exitSignal + int(n))
				}
				if s.saves.Load() {
					fmt.Fprintf(w, "\n%v: finishing the update and saving; once more ends at once\n", sig)
				}
				s.cancel()
			}
		}
	}()
	return s
}

// outcome is the error of a run that a signal ended.
func (s *signals) outcome() error { return stopped{int(s.got.Load())} }

func (s *signals) stop() {
	signal.Stop(s.ch)
	close(s.done)
	s.cancel()
}
