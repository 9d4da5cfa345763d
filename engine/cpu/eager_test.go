package cpu

import "testing"

// TestEager: an eager engine gives its helpers a part of the least work, and
// another one does not wake them for it. Without that, tests of threads on
// small models would test one thread.
func TestEager(t *testing.T) {
	const rows, in, hidden, out = 3, 19, 33, 7
	g, batch := net(t, in, hidden, out), data(rows, in, out)
	for _, eager := range []bool{false, true} {
		e, err := New(Config{Threads: 2, Eager: eager})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		train(t, e, g, batch, rows, rows, 5)
		regions := e.pool.tickets[0].Load() >> (2 * chunkBits)
		if least := uint64(5 * 2); eager && regions < least || !eager && regions > 0 {
			t.Errorf("eager %v: %d regions on several threads in 5 updates, want %d or more, or 0", eager, regions, least)
		}
	}
}
