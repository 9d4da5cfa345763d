package interactions

// draws are negatives that are drawn together, so that their reads of memory
// overlap: one by one each would wait for the filter of its user.
type draws struct {
	n     int
	user  [drawsAtOnce]int32
	place [drawsAtOnce]uint64 // positive·Count + k
	to    [drawsAtOnce]int32  // where the item goes
	again [drawsAtOnce]int32  // those that may be known
}

// drawsAtOnce are as many as the buffers of a core keep in flight many times over,
// in memory of the first level.
const drawsAtOnce = 256

// add appends a draw.
func (d *draws) add(user int32, place uint64, to int) {
	i := d.n & (drawsAtOnce - 1)
	d.user[i], d.place[i], d.to[i] = user, place, int32(to)
	d.n++
}

// into writes the items that are drawn in an epoch and forgets the draws. What
// it writes is what Draw returns.
func (d *draws) into(dst []int32, n *Negatives, epoch uint64) {
	again := 0
	for i, place := range d.place[:d.n] {
		item := n.pick(n.words.At(place, epoch*drawTries))
		dst[d.to[i]] = item
		if n.known == nil {
			continue
		}
		d.again[again&(drawsAtOnce-1)] = int32(i)
		if n.seen.may(d.user[i], item) {
			again++
		}
	}
	for _, i := range d.again[:again] {
		dst[d.to[i]] = n.draw(d.user[i], epoch, d.place[i])
	}
	d.n = 0
}
