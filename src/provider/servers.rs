//! A queue inside the provider.

use super::load::LoadPath;
use crate::params::Invalid;
use crate::units::SimTime;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const MOST: u32 = 1_000_000;

/// The check of every key `servers`.
pub(super) fn check_count(count: Option<u32>) -> Result<(), Invalid> {
    let help = "write how many calls it works on at once, as in `16`";
    match count {
        Some(0) => Err(Invalid::new("servers", "0 servers answer nothing", help)),
        Some(more) if more > MOST => Err(Invalid::new("servers", format!("{more} servers are more than {MOST}"), help)),
        _ => Ok(()),
    }
}

/// Servers that each work on one call at a time, with one queue in front of them, first come first served.
///
/// How long a call occupies a server is known when it is admitted, so the instants at which servers become free say all:
/// a call starts at the earliest of them, and no event is needed.
#[derive(Clone, Debug)]
pub struct Servers {
    count: u32, // those that others hold left out
    /// When each server that was ever needed becomes free.
    free_at: BinaryHeap<Reverse<SimTime>>, // at most `count`
    others: Option<Others>,
}

impl Servers {
    /// So many, at least 1, all free.
    pub fn new(count: u32) -> Self {
        Servers { count, free_at: BinaryHeap::new(), others: None }
    }

    /// The same, of which `others` hold some. Nothing has come to any of them yet.
    pub fn shared(mut self, others: Option<Others>) -> Self {
        if others.is_some() {
            self.free_at = vec![Reverse(SimTime::ZERO); self.count as usize].into();
        }
        self.others = others;
        self
    }

    /// When a call that comes at `now`, which must not be earlier than in the call before, is begun.
    pub fn starts(&mut self, now: SimTime) -> SimTime {
        loop {
            let starts = match self.free_at.peek() {
                Some(Reverse(first)) if self.free_at.len() >= self.count as usize => now.max(*first),
                _ => now,
            };
            if !self.others.as_ref().is_some_and(|others| others.next <= starts && others.looks_to(now)) {
                return starts;
            }
            self.hand_over();
        }
    }

    /// Others take servers, the first to be free first, or give back those that they would have got last. No call starts before
    /// the last one has, so whatever happens by then may as well happen now.
    fn hand_over(&mut self) {
        let Some(others) = &mut self.others else { return };
        let (at, wanted) = others.go_on(self.count);
        while others.held.len() < wanted
            && let Some(Reverse(free)) = self.free_at.pop()
        {
            others.held.push(free.max(at));
        }
        while others.held.len() > wanted
            && let Some(since) = others.held.pop()
        {
            self.free_at.push(Reverse(since.max(at)));
        }
        self.count = self.free_at.len() as u32; // no more than at first
    }

    /// Gives that call its server until an instant not before [`Servers::starts`]. A call that leaves the queue before it is
    /// begun takes none.
    pub fn occupy(&mut self, until: SimTime) {
        if self.free_at.len() >= self.count as usize {
            self.free_at.pop();
        }
        self.free_at.push(Reverse(until));
    }
}

/// Those who hold servers whatever this application does: as many as goes with their load.
#[derive(Clone, Debug)]
pub struct Others {
    path: LoadPath,
    share: f64,
    /// When it is next looked at how many that are.
    next: SimTime,
    /// Since when each of them is theirs, or from when on; the earliest first.
    held: Vec<SimTime>,
}

/// How many points of the path are looked ahead, at most: a thousand memories. Calls that wait longer find things as they are
/// then.
const AHEAD: u64 = 16_000;

impl Others {
    /// Those whose level goes along `path`, and who hold such a `share` of all servers while it is 1.
    pub fn new(path: LoadPath, share: f64) -> Self {
        Others { path, share, next: SimTime::ZERO, held: Vec::new() }
    }

    /// Whether it is to be known at `now` what comes next.
    fn looks_to(&self, now: SimTime) -> bool {
        self.next <= now.saturating_add(self.path.step().saturating_mul(AHEAD)) && self.next < SimTime::NEVER
    }

    /// The next point, and how many servers they want from then on, where so many are left to the application.
    fn go_on(&mut self, left: u32) -> (SimTime, usize) {
        let at = self.next;
        self.next = at.saturating_add(self.path.step());
        let all = left as usize + self.held.len();
        let wanted = (self.path.level(at) * self.share * all as f64).round() as usize;
        (at, wanted.min(all - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Load;
    use crate::rng::{Seed, Stream};
    use crate::units::{Share, SimDuration};
    use std::collections::VecDeque;

    const SECOND: u64 = 1_000_000_000;

    fn load(cv: f64) -> Load {
        let memory = SimDuration::from_secs(16);
        Load { cv, memory, servers: Some(Share::ONE), ..Load::default() }
    }

    fn stream(name: &str) -> Stream {
        Seed(17).stream(0, name)
    }

    fn shared(count: u32, share: f64, cv: f64) -> Servers {
        Servers::new(count).shared(Some(Others::new(LoadPath::new(&load(cv), stream("load")), share)))
    }

    /// Calls at random instants: when each comes and how long it takes.
    fn calls(gap: u64, takes: u64) -> Vec<(u64, u64)> {
        let (mut stream, mut at) = (stream("calls"), 0);
        let mut draw = |mean: u64| (stream.exponential() * mean as f64) as u64;
        (0..4_000)
            .map(|_| {
                at += draw(gap);
                (at, draw(takes))
            })
            .collect()
    }

    fn starts(servers: &mut Servers, calls: &[(u64, u64)]) -> Vec<u64> {
        let start = |(at, takes): &(u64, u64)| {
            let starts = servers.starts(SimTime::from_nanos(*at));
            servers.occupy(starts + SimDuration::from_nanos(*takes));
            starts.as_nanos()
        };
        calls.iter().map(start).collect()
    }

    /// What others hold all the time is as if it were not there.
    #[test]
    fn a_constant_share_leaves_a_queue_of_fewer_servers() {
        let calls = calls(SECOND, 4 * SECOND);
        assert_eq!(starts(&mut shared(10, 0.5, 0.0), &calls), starts(&mut Servers::new(5), &calls));
        assert_eq!(starts(&mut shared(10, 0.0, 0.5), &calls), starts(&mut Servers::new(10), &calls));
        // One is always left.
        assert_eq!(starts(&mut shared(10, 1.0, 0.0), &calls), starts(&mut Servers::new(1), &calls));
    }

    /// The same event by event: completions, then what others want, then who comes; whoever waits is begun as soon as others
    /// want no more than they hold and a server is free.
    fn event_by_event(count: u32, share: f64, cv: f64, calls: &[(u64, u64)]) -> Vec<u64> {
        let mut path = LoadPath::new(&load(cv), stream("load"));
        let (mut busy, mut held, mut wanted) = (Vec::<u64>::new(), 0, 0);
        let (mut waiting, mut starts) = (VecDeque::new(), vec![0; calls.len()]);
        let (mut point, mut next) = (0, 0);
        while next < calls.len() || !waiting.is_empty() {
            let comes = calls.get(next).map_or(u64::MAX, |(at, _)| *at);
            let ends = busy.iter().copied().min().unwrap_or(u64::MAX);
            let now = point.min(comes).min(ends);
            if now == ends {
                busy.retain(|end| *end != now);
            } else if now == point {
                let level = path.level(SimTime::from_nanos(now));
                wanted = ((level * share * f64::from(count)).round() as usize).min(count as usize - 1);
                held = held.min(wanted);
                point += SECOND;
            } else {
                waiting.push_back(next);
                next += 1;
            }
            held += (wanted - held).min(count as usize - busy.len() - held);
            while busy.len() + held < count as usize
                && let Some(call) = waiting.pop_front()
            {
                starts[call] = now;
                busy.push(now + calls[call].1);
            }
        }
        starts
    }

    #[test]
    fn others_come_and_go_as_in_a_simulation_event_by_event() {
        for (count, share, cv, gap) in [(8, 0.5, 0.6, 1_100), (3, 0.3, 1.0, 2_500), (20, 0.9, 0.3, 2_000)] {
            let calls = calls(gap * 1_000_000, 4 * SECOND);
            let (told, naive) =
                (starts(&mut shared(count, share, cv), &calls), event_by_event(count, share, cv, &calls));
            let waited = told.iter().zip(&calls).filter(|(start, (at, _))| start > &at).count();
            assert!((200..3_900).contains(&waited), "{waited} of {count} servers");
            let differs = told.iter().zip(&naive).position(|(told, naive)| told != naive);
            assert_eq!(differs, None, "the first call that does, of {count} servers");
        }
    }

    #[test]
    fn the_first_to_come_takes_the_first_to_be_free() {
        let mut servers = Servers::new(2);
        let mut call = |at: u64, takes: u64| {
            let starts = servers.starts(SimTime::from_nanos(at)).as_nanos();
            servers.occupy(SimTime::from_nanos(starts + takes));
            starts
        };
        let starts = [call(0, 10), call(1, 3), call(2, 4), call(3, 1), call(20, 5), call(21, 1), call(21, 1)];
        assert_eq!(starts, [0, 1, 4, 8, 20, 21, 22]);
    }
}
