//! The latest changes, in memory, as they go over the wire.

use std::collections::VecDeque;

use axum::body::Bytes;

use crate::domain::ids::Revision;

/// All changes after `from` up to `head`, encoded once for all watchers.
#[derive(Debug)]
pub(super) struct Ring {
    from: Revision,
    head: Revision,
    lines: VecDeque<(Revision, Bytes)>,
    bytes: usize,
    max_bytes: usize,
    generation: u64,
}

/// What a watcher at some cursor gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Lines, and how far they reach: that far nothing else has happened.
    Lines(Vec<Bytes>, Revision),
    /// It has everything that is here.
    NothingNew,
    /// It is further behind than this reaches: to be read from the store.
    TooOld,
}

impl Ring {
    /// Nothing yet after `head`; keeps at most `max_bytes` of lines.
    pub(super) fn new(head: Revision, max_bytes: usize) -> Self {
        Self {
            from: head,
            head,
            lines: VecDeque::new(),
            bytes: 0,
            max_bytes,
            generation: 0,
        }
    }

    /// Up to where everything is here.
    pub(super) fn head(&self) -> Revision {
        self.head
    }

    /// Begins at `head`, with nothing before it.
    pub(super) fn begin(&mut self, head: Revision) {
        self.from = head;
        self.head = head;
    }

    /// Adds the lines between the head and `upto`, in order; the oldest go when they no longer fit.
    pub(super) fn push(&mut self, lines: impl IntoIterator<Item = (Revision, Bytes)>, upto: Revision) {
        for (revision, line) in lines {
            self.bytes += line.len();
            self.lines.push_back((revision, line));
        }
        self.head = self.head.max(upto);
        while self.bytes > self.max_bytes
            && let Some((revision, line)) = self.lines.pop_front()
        {
            self.bytes -= line.len();
            self.from = revision;
        }
    }

    /// Forgets everything and begins again at `head`, which may be lower: history was lost or trimmed. What
    /// watchers have been told may not be so any more: see [`Ring::generation`].
    pub(super) fn restart(&mut self, head: Revision) {
        *self = Self {
            generation: self.generation + 1,
            ..Self::new(head, self.max_bytes)
        };
    }

    /// Raised at each restart: a watcher from before it must list anew.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// What a watcher that has everything up to `cursor` gets, at most `limit` lines.
    pub(super) fn after(&self, cursor: Revision, limit: usize) -> Taken {
        if cursor >= self.head {
            return Taken::NothingNew;
        }
        if cursor < self.from {
            return Taken::TooOld;
        }
        let start = self.lines.partition_point(|(revision, _)| *revision <= cursor);
        let taken: Vec<_> = self.lines.range(start..).take(limit).cloned().collect();
        let all = start + taken.len() == self.lines.len();
        let upto = match taken.last() {
            Some((revision, _)) if !all => *revision,
            _ => self.head,
        };
        Taken::Lines(taken.into_iter().map(|(_, line)| line).collect(), upto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(revision: u64) -> Revision {
        Revision::new(revision)
    }

    fn line(revision: u64) -> (Revision, Bytes) {
        (at(revision), Bytes::from(format!("{revision:010}")))
    }

    fn texts(taken: Taken) -> (Vec<u64>, u64) {
        match taken {
            Taken::Lines(lines, upto) => {
                let numbers = lines
                    .iter()
                    .map(|l| std::str::from_utf8(l).unwrap().parse().unwrap());
                (numbers.collect(), upto.get())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_watcher_gets_what_is_after_its_cursor_in_order() {
        let mut ring = Ring::new(at(10), 1_000);
        assert_eq!(ring.after(at(10), 9), Taken::NothingNew);
        ring.push([line(11), line(13)], at(14));
        assert_eq!(texts(ring.after(at(10), 9)), (vec![11, 13], 14));
        assert_eq!(texts(ring.after(at(11), 9)), (vec![13], 14));
        // Revisions that told nothing are passed over.
        assert_eq!(texts(ring.after(at(13), 9)), (vec![], 14));
        assert_eq!(texts(ring.after(at(10), 1)), (vec![11], 11));
        assert_eq!(ring.after(at(14), 9), Taken::NothingNew);
        assert_eq!(ring.after(at(99), 9), Taken::NothingNew);
        assert_eq!(ring.after(at(9), 9), Taken::TooOld);
    }

    #[test]
    fn what_no_longer_fits_is_too_old_to_be_had_here() {
        let mut ring = Ring::new(at(0), 30);
        ring.push((1..=5).map(line), at(5));
        assert_eq!(ring.after(at(1), 9), Taken::TooOld);
        assert_eq!(texts(ring.after(at(2), 9)), (vec![3, 4, 5], 5));
        ring.restart(at(3));
        assert_eq!(ring.after(at(3), 9), Taken::NothingNew);
    }
}
