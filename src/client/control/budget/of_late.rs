//! What happened of late, against the requests of the same time.

use super::{check_memory, check_share};
use crate::client::control::recent::Recent;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimDuration, SimTime};
use std::cmp::Ordering;

/// A share of the requests of the last `window`; what is older is forgotten in steps of a hundredth of it.
#[derive(Clone, Debug, PartialEq)]
pub struct OfLate {
    /// Per request, above 0 and up to 1.
    pub share: Share,
    /// How long anything counts, from 1 ms to a day.
    pub window: SimDuration,
}

impl Default for OfLate {
    fn default() -> Self {
        OfLate { share: Share::from_hundred_millionths(10_000_000), window: SimDuration::from_secs(120) }
    }
}

impl Parameters for OfLate {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("share", &mut self.share);
        visitor.optional("window", &mut self.window);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_memory("window", self.window)?;
        check_share(self.share)
    }
}

const SLICES: u64 = 100;

/// Counts requests, and something beside them.
#[derive(Debug)]
pub(super) struct Tally {
    share: Share,
    requests: Recent,
    others: Recent,
}

impl Tally {
    pub fn new(of: &OfLate) -> Self {
        let none = Recent::new(of.window, SLICES);
        Tally { share: of.share, requests: none.clone(), others: none }
    }

    /// A request came.
    pub fn request(&mut self, now: SimTime) {
        self.requests.add(now, 1);
    }

    /// One of the others came.
    pub fn other(&mut self, now: SimTime) {
        self.others.add(now, 1);
    }

    /// How the others of late compare with the share of the requests of late.
    pub fn compare(&mut self, now: SimTime) -> Ordering {
        let [requests, others] = [&mut self.requests, &mut self.others].map(|recent| i128::from(recent.total(now)));
        let [share, all] = [self.share, Share::ONE].map(|share| i128::from(share.hundred_millionths()));
        (others * all).cmp(&(requests * share))
    }
}
