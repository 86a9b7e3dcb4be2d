//! Who has how many tokens, and who is offered the next. Waits for nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::pipes::Pipes;

/// How long an offer may lie before it counts as not wanted.
const UNWANTED: Duration = Duration::from_millis(3);

/// A make that runs, or is about to.
#[derive(Debug)]
struct Make {
    id: u64,
    pipes: Arc<Pipes>,
    /// Offered, and neither withdrawn nor given back; its seat is not among these.
    lent: usize,
    /// When it was offered something last.
    offered: Instant,
}

/// A make that waits for its seat.
#[derive(Debug)]
struct Waiting {
    make: Make,
    granted: oneshot::Sender<()>,
}

/// All tokens.
///
/// Invariant: those that are free, the seats and what is lent are together as many as there were at first.
#[derive(Debug)]
pub(super) struct Ledger {
    free: usize,
    makes: Vec<Make>,
    waiting: VecDeque<Waiting>,
    next: u64,
}

impl Ledger {
    pub(super) fn new(tokens: usize) -> Self {
        Self { free: tokens, makes: Vec::new(), waiting: VecDeque::new(), next: 0 }
    }

    /// Puts a make at the end of the queue, and tells what it is called.
    pub(super) fn queue(&mut self, pipes: Arc<Pipes>, granted: oneshot::Sender<()>) -> u64 {
        self.next += 1;
        let make = Make { id: self.next, pipes, lent: 0, offered: Instant::now() };
        self.waiting.push_back(Waiting { make, granted });
        self.next
    }

    /// Takes everything back from a make that is over, or never began.
    pub(super) fn end(&mut self, id: u64) {
        self.waiting.retain(|waiting| waiting.make.id != id);
        if let Some(at) = self.makes.iter().position(|make| make.id == id) {
            self.free += 1 + self.makes.remove(at).lent;
        }
    }

    /// Takes what was given back and hands out what is free: seats first, then offers.
    pub(super) fn settle(&mut self, now: Instant) {
        for make in &mut self.makes {
            // A make that gives back more than it was lent would make room out of nothing.
            let back = make.pipes.given_back().min(make.lent);
            make.lent -= back;
            self.free += back;
        }
        while !self.waiting.is_empty() && self.take_one() {
            let next = self.waiting.pop_front().expect("somebody waits");
            // Whoever does not wait any more ends his seat himself.
            next.granted.send(()).ok();
            self.makes.push(next.make);
        }
        while self.free > 0 && self.offer(now) {}
        self.pass_on(now);
    }

    /// How long nothing needs to be done if nobody gives anything back.
    pub(super) fn patience(&self) -> Option<Duration> {
        let is_offered = || self.makes.iter().any(|make| make.pipes.unread() > 0);
        (self.makes.len() > 1 && is_offered()).then_some(UNWANTED)
    }

    /// The pipes of the makes that run.
    pub(super) fn pipes(&self) -> Vec<Arc<Pipes>> {
        self.makes.iter().map(|make| make.pipes.clone()).collect()
    }

    /// A token for a seat: one that is free, or one that is offered and not taken.
    fn take_one(&mut self) -> bool {
        if self.free > 0 {
            self.free -= 1;
            return true;
        }
        let withdrawn = self.makes.iter_mut().find(|make| make.lent > 0 && make.pipes.withdraw());
        withdrawn.map(|make| make.lent -= 1).is_some()
    }

    /// Offers a free token to whom the fewest are offered, and of these to who has the fewest.
    fn offer(&mut self, now: Instant) -> bool {
        let least = self.makes.iter_mut().min_by_key(|make| (make.pipes.unread(), make.lent));
        let Some(make) = least.filter(|make| make.pipes.offer()) else { return false };
        make.lent += 1;
        make.offered = now;
        self.free -= 1;
        true
    }

    /// Passes offers on to makes that have none: from one that has several at once, from one that has a single one when
    /// that is not wanted. Who was offered nothing for the longest time comes first.
    fn pass_on(&mut self, now: Instant) {
        let unread: Vec<usize> = self.makes.iter().map(|make| make.pipes.unread()).collect();
        let mut without: Vec<usize> = (0..unread.len()).filter(|&at| unread[at] == 0).collect();
        without.sort_by_key(|&at| self.makes[at].offered);
        let mut left = unread;
        for to in without {
            let unwanted = |at: usize, left: &[usize]| {
                left[at] > 1
                    || left[at] == 1 && now.duration_since(self.makes[at].offered) >= UNWANTED
            };
            let from = (0..left.len()).filter(|&at| unwanted(at, &left)).max_by_key(|&at| left[at]);
            let Some(from) = from else { return };
            left[from] -= 1;
            // It may have been taken this very moment.
            if self.makes[from].pipes.withdraw() && self.makes[to].pipes.offer() {
                self.makes[from].lent -= 1;
                self.makes[to].lent += 1;
                self.makes[to].offered = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::io::{Read, Write};
    use std::sync::Arc;
    use std::time::Instant;

    use tokio::sync::oneshot;

    use super::{Ledger, UNWANTED};
    use crate::exec::jobserver::pipes::Pipes;

    /// A make as the ledger sees it.
    struct Other {
        id: u64,
        pipes: Arc<Pipes>,
        granted: oneshot::Receiver<()>,
        ends: [File; 2],
    }

    impl Other {
        fn new(ledger: &mut Ledger) -> Self {
            let pipes = Arc::new(Pipes::new().expect("pipes"));
            let (sender, granted) = oneshot::channel();
            let open = |path| OpenOptions::new().read(true).write(true).open(path).expect("an end");
            let ends = pipes.paths().map(open);
            Self { id: ledger.queue(pipes.clone(), sender), pipes, granted, ends }
        }

        fn has_seat(&mut self) -> bool {
            self.granted.try_recv().is_ok()
        }

        fn take(&mut self) {
            self.ends[0].read_exact(&mut [0]).expect("a token");
        }

        fn give(&mut self, count: usize) {
            self.ends[1].write_all(&vec![b'+'; count]).expect("room");
        }
    }

    #[test]
    fn a_seat_comes_first_and_the_rest_is_offered() {
        let mut ledger = Ledger::new(4);
        let mut one = Other::new(&mut ledger);
        ledger.settle(Instant::now());
        assert!(one.has_seat());
        assert_eq!(one.pipes.unread(), 3);
        assert_eq!(ledger.patience(), None, "nobody else wants anything");

        one.take();
        let mut two = Other::new(&mut ledger);
        ledger.settle(Instant::now());
        assert!(two.has_seat());
        assert_eq!((one.pipes.unread(), two.pipes.unread()), (1, 0), "an offer became a seat");
        one.take();
        one.give(1);
        ledger.settle(Instant::now());
        assert_eq!((one.pipes.unread(), two.pipes.unread()), (0, 1), "to the one who has less");
    }

    #[test]
    fn who_waits_for_a_seat_gets_what_comes_back_in_turn() {
        let mut ledger = Ledger::new(1);
        let [mut one, mut two, mut three] = [(); 3].map(|()| Other::new(&mut ledger));
        ledger.settle(Instant::now());
        assert!(one.has_seat() && !two.has_seat());
        ledger.end(two.id);
        ledger.end(one.id);
        ledger.settle(Instant::now());
        assert!(three.has_seat(), "the second does not wait any more");
        assert_eq!((ledger.free, three.pipes.unread()), (0, 0));
    }

    #[test]
    fn what_a_dead_make_had_is_free_and_what_it_made_up_is_not() {
        let mut ledger = Ledger::new(3);
        let mut one = Other::new(&mut ledger);
        ledger.settle(Instant::now());
        one.take();
        one.take();
        ledger.end(one.id);
        assert_eq!(ledger.free, 3);
        let mut two = Other::new(&mut ledger);
        ledger.settle(Instant::now());
        two.give(10);
        ledger.settle(Instant::now());
        ledger.end(two.id);
        assert_eq!(ledger.free, 3);
    }

    #[test]
    fn an_offer_goes_round_until_it_is_taken() {
        let mut ledger = Ledger::new(4);
        let others = [(); 3].map(|()| Other::new(&mut ledger));
        let unread = || others.iter().map(|other| other.pipes.unread()).collect::<Vec<_>>();
        let mut now = Instant::now();
        ledger.settle(now);
        let mut seen = unread();
        for _ in 0..5 {
            assert_eq!(unread().iter().sum::<usize>(), 1);
            assert_eq!(ledger.patience(), Some(UNWANTED));
            now += UNWANTED * 2;
            ledger.settle(now);
            seen = seen.iter().zip(unread()).map(|(before, now)| before + now).collect();
        }
        assert_eq!(seen, [2, 2, 2]);
    }
}
