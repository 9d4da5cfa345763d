package tokenizer

// queue is a binary heap whose first item is before all others.
type queue[T interface{ before(T) bool }] struct{ items []T }

func (q *queue[T]) push(x T) {
	q.items = append(q.items, x)
	for i := len(q.items) - 1; i > 0; {
		up := (i - 1) / 2
		if !q.items[i].before(q.items[up]) {
			return
		}
		q.items[i], q.items[up] = q.items[up], q.items[i]
		i = up
	}
}

func (q *queue[T]) pop() T {
	top, n := q.items[0], len(q.items)-1
	q.items[0] = q.items[n]
	q.items = q.items[:n]
	for i := 0; ; {
		down := 2*i + 1
		if down >= n {
			return top
		}
		if down+1 < n && q.items[down+1].before(q.items[down]) {
			down++
		}
		if !q.items[down].before(q.items[i]) {
			return top
		}
		q.items[i], q.items[down] = q.items[down], q.items[i]
		i = down
	}
}
