package train

import "context"

// execute runs the next batch, of so many examples, up to its outputs and
// checks. It reports whether the checks are finite. Abandoned at any point, it
// has changed nothing but the place of the loader. border is where the first piece
// ends of a batch that is measured: see crew.watch.
func (l *loop) execute(ctx context.Context, rows, border int) (finite bool, err error) {
	l.crew.watch(border)
	if l.streams(rows) {
		err = l.stream(ctx, rows)
	} else {
		err = l.hold(ctx)
	}
	if err != nil {
		return false, err
	}
	return l.prog.Finish(), nil
}

// streams reports whether a batch of so many examples comes in several chunks.
func (l *loop) streams(rows int) bool { return l.chunk > 0 && l.chunk < rows }

// hold executes a batch that is in memory as a whole.
func (l *loop) hold(ctx context.Context) error {
	b, err := l.nextChunk()
	if err != nil {
		return err
	}
	return l.crew.run(ctx, l.pos.Examples, l.scalars, b.Fields, b.Rows)
}

// stream executes a batch as its chunks come, once for each pass.
func (l *loop) stream(ctx context.Context, rows int) error {
	l.prog.Begin(l.pos.Examples, l.scalars)
	for pass := range l.crew.passes {
		if pass > 0 {
			l.loader.Seek(l.pos.Examples)
		}
		for done := 0; done < rows; {
			if done > 0 && ctx.Err() != nil {
				return errInterrupted
			}
			b, err := l.nextChunk()
			if err != nil {
				return err
			}
			if err := micros(ctx, l.prog, b.Fields, 0, b.Rows, l.plan.Micro, l.crew.border-done); err != nil {
				return err
			}
			done += b.Rows
		}
		l.prog.EndPass()
	}
	return nil
}

// chunks returns how many examples the loader gathers at once: a micro-batch
// where one worker goes through the batch once, or is to read it again for each
// pass, so that a batch need not fit in memory; else 0, which is the batch.
func (l *loop) chunks() int {
	if l.crew.single() && (l.crew.passes == 1 || l.plan.Reread) {
		return l.plan.Micro
	}
	return 0
}
