//! The story of one request, for those who ask why.

use super::{Agent, Errand};
use crate::engine::drive::drive;
use crate::engine::run::{Cell, RunError, Stop};
use crate::limiter::Verdict;
use crate::protocol::{Fault, Request};
use crate::provider::{Quota, Room};
use crate::recorder::{Failure, Record};
use crate::units::{SimDuration, SimTime};
use std::collections::VecDeque;

/// What became of one request, step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The request.
    pub request: Request,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub at: SimTime,
    /// What.
    pub note: Note,
}

/// What happens to a request. Limits and routes are by number, as in [`Cell::limits`]; route 0 is the tier itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// It joins the line.
    Queued {
        /// Those that wait already.
        behind: u64,
    },
    /// It is called for.
    Called {
        /// Which call, from 1.
        call: u32,
        /// By which route.
        route: usize,
        /// How its limits stand before they are asked.
        limits: Vec<Look>,
    },
    /// The call is answered with 429.
    Refused {
        /// The limit that is named.
        limit: usize,
        /// The hint that the client was given.
        hint: Option<SimDuration>,
    },
    /// The call is larger than a limit could ever hold.
    TooLarge {
        /// That limit.
        limit: usize,
    },
    /// 400: a limit has no room, and says so in a way that asks for no other attempt.
    Barred {
        /// That limit.
        limit: usize,
    },
    /// The provider takes it on.
    Accepted {
        /// How long it waits within the provider.
        wait: SimDuration,
        /// How long it is then worked on.
        work: SimDuration,
    },
    /// The provider fails the call.
    Failed {
        /// In which way.
        fault: Fault,
        /// The hint that the reply carried.
        hint: Option<SimDuration>,
    },
    /// The client turns the call down itself, by its breaker or its throttle.
    TurnedDown,
    /// The client's budget denies the next call.
    Denied,
    /// The client waits before the next call.
    Waits(SimDuration),
    /// The client goes on by another route.
    NextWay,
    /// Its answer is kept, and takes so long.
    Kept {
        /// How long.
        takes: SimDuration,
    },
    /// It waits for the answer to another request for the same.
    Follows,
    /// It joins a batch.
    Joins,
    /// Its batch leaves.
    Leaves {
        /// How many are in it.
        with: u64,
    },
    /// The answer is cut off, and the next call is for the rest.
    CutOff,
    /// It is answered.
    Served,
    /// It gets an answer that stood ready.
    Canned,
    /// It will never be answered.
    Lost(Failure),
}

/// How one limit stands towards a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Which one.
    pub limit: usize,
    /// What the call asks of it, and what there is.
    pub room: Room,
    /// Who used up what is gone, as far as that is known: the last charges, by class, of first calls and of further ones.
    pub users: Vec<Use>,
}

impl Look {
    /// Whether the limit lets the call pass.
    pub fn admits(&self) -> bool {
        self.room.verdict == Verdict::Admit
    }

    /// Whether it never will, however long it waits.
    pub fn is_for_good(&self) -> bool {
        self.room.verdict == Verdict::Never
    }

    /// When it would, if it does not and knows.
    pub fn opens(&self) -> Option<SimTime> {
        if let Verdict::RetryAt(at) = self.room.verdict { Some(at) } else { None }
    }
}

/// What one class used of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The class.
    pub class: u16,
    /// By first calls of requests.
    pub first: u64,
    /// By further ones.
    pub retries: u64,
}

/// Charges of one limit, the last ones last; those of the same kind in a row are one.
#[derive(Clone, Debug, Default)]
struct Charged(VecDeque<Charge>);

#[derive(Clone, Copy, Debug)]
struct Charge {
    part: u32,
    class: u16,
    is_retry: bool,
    amount: u64,
}

/// The most charges that are remembered of a limit.
const MOST_CHARGES: usize = 100_000;

/// Watches one request, and who it shares its limits with.
#[derive(Clone, Debug)]
pub(super) struct Diary {
    watched: Option<u64>,
    entries: Vec<Entry>,
    request: Option<Request>,
    charged: Vec<Charged>, // by limit
    /// The first request of the measured time that failed, and the slowest one that did not, by arrival.
    failed: Option<u64>,
    slowest: Option<(SimDuration, u64)>,
}

/// Runs one replication of `cell` and tells the story of the `watched`-th request to arrive (from 1). Where none is stated it is
/// told of the first measured one that fails, or else of the slowest. `None` where there are not so many.
///
/// # Errors
/// As [`simulate`](super::super::simulate).
pub fn story(cell: Cell, replication: u64, stop: Stop, watched: Option<u64>) -> Result<Option<(u64, Story)>, RunError> {
    let watched = match watched {
        Some(number) => number,
        None => match tell(cell, replication, stop, None)?.0.worst() {
            Some(number) => number,
            None => return Ok(None),
        },
    };
    let (diary, _) = tell(cell, replication, stop, Some(watched))?;
    Ok(diary.request.map(|request| (watched, Story { request, entries: diary.entries })))
}

fn tell(cell: Cell, replication: u64, stop: Stop, watched: Option<u64>) -> Result<(Diary, Record), RunError> {
    let mut run = Agent::new(cell, replication).map_err(RunError::Trace)?;
    run.diary = Some(Box::new(Diary::new(watched, cell.limits().len())));
    drive(&mut run, stop)?;
    let diary = run.diary.take();
    let record = run.finish(replication)?;
    Ok((diary.map_or_else(|| Diary::new(watched, 0), |diary| *diary), record))
}

impl Diary {
    fn new(watched: Option<u64>, limits: usize) -> Self {
        let charged = vec![Charged::default(); limits];
        Diary { watched, entries: Vec::new(), request: None, charged, failed: None, slowest: None }
    }

    fn worst(&self) -> Option<u64> {
        self.failed.or(self.slowest.map(|(_, number)| number))
    }

    fn watches(&self, errand: &Errand) -> bool {
        self.watched == Some(errand.arrival)
    }

    /// Which of the requests with such numbers it watches.
    pub fn watched_of(&self, arrivals: &[u64]) -> Option<u64> {
        self.watched.filter(|watched| arrivals.contains(watched))
    }

    /// `note` happens to `errand`.
    pub fn note(&mut self, at: SimTime, errand: &Errand, note: Note) {
        if self.watches(errand) {
            self.request = Some(errand.request);
            self.entries.push(Entry { at, note });
        }
    }

    /// `errand`, whose request is measured, is answered.
    pub fn served(&mut self, at: SimTime, errand: &Errand) {
        let latency = at - errand.request.arrived;
        if self.slowest.is_none_or(|(slowest, _)| latency > slowest) {
            self.slowest = Some((latency, errand.arrival));
        }
    }

    /// `errand`, whose request is measured, fails.
    pub fn lost(&mut self, errand: &Errand) {
        self.failed = self.failed.or(Some(errand.arrival));
    }

    /// `errand` is called for by `route`, as `quota` will have `seen` it, whose limits begin at number `first`.
    pub fn called(&mut self, now: SimTime, errand: &Errand, seen: &Request, quota: &mut Quota, first: usize) {
        if !self.watches(errand) {
            return;
        }
        let look = |(at, room): (usize, Option<Room>)| {
            let room = room?;
            let users = self.charged[first + at].users(&room);
            Some(Look { limit: first + at, room, users })
        };
        let limits = quota.rooms(now, seen).into_iter().enumerate().filter_map(look).collect();
        self.note(now, errand, Note::Called { call: errand.calls, route: errand.route, limits });
    }

    /// A call for `errand` was admitted.
    pub fn charged(&mut self, errand: &Errand, seen: &Request, quota: &Quota, first: usize) {
        for (at, charge) in quota.charges(seen).into_iter().enumerate() {
            if let Some((part, amount)) = charge {
                let (class, is_retry) = (errand.request.source, errand.calls > 1);
                self.charged[first + at].add(Charge { part, class, is_retry, amount });
            }
        }
    }
}

impl Charged {
    fn add(&mut self, charge: Charge) {
        let kind = |charge: &Charge| (charge.part, charge.class, charge.is_retry);
        match self.0.back_mut() {
            Some(last) if kind(last) == kind(&charge) => last.amount += charge.amount,
            _ => self.0.push_back(charge),
        }
        if self.0.len() > MOST_CHARGES {
            self.0.pop_front();
        }
    }

    /// Who used what is gone: the last charges that come to so much.
    fn users(&self, room: &Room) -> Vec<Use> {
        let mut users: Vec<Use> = Vec::new();
        let mut gone = room.capacity.saturating_sub(room.left);
        for charge in self.0.iter().rev().filter(|charge| charge.part == room.part) {
            if gone == 0 {
                break;
            }
            let amount = charge.amount.min(gone);
            gone -= amount;
            let at = users.iter().position(|user| user.class == charge.class).unwrap_or_else(|| {
                users.push(Use { class: charge.class, first: 0, retries: 0 });
                users.len() - 1
            });
            let used = if charge.is_retry { &mut users[at].retries } else { &mut users[at].first };
            *used += amount;
        }
        users.sort_by_key(|user| (u64::MAX - user.first - user.retries, user.class));
        users
    }
}
