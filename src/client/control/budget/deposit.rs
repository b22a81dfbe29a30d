//! A bucket that requests fill.

use super::{Budget, BudgetModel, Grant, Load, check_share};
use crate::client::retry::Failing;
use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimTime};

/// Each request deposits `share` of a retry when its first attempt is sent, and each retry takes one out; the bucket holds
/// `bucket` retries, of which `initial` are there at first. In the long run there are no more retries than `share` of the requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Deposit {
    /// Retries per request, above 0 and up to 1.
    pub share: Share,
    /// Retries that can be saved up, at least 1.
    pub bucket: u64,
    /// Retries that are there at first, in 0..=`bucket`.
    pub initial: u64,
}

impl Default for Deposit {
    fn default() -> Self {
        Deposit { share: Share::from_hundred_millionths(20_000_000), bucket: 10, initial: 0 }
    }
}

impl Parameters for Deposit {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("share", &mut self.share);
        visitor.optional("bucket", &mut self.bucket);
        visitor.optional("initial", &mut self.initial);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.bucket == 0 {
            return Err(Invalid::new("bucket", "no retry ever fits into it", "write at least 1"));
        }
        if self.initial > self.bucket {
            let message = format!("{} retries do not fit into `bucket`, which holds {}", self.initial, self.bucket);
            let help = format!("write at most {}, or raise `bucket`", self.bucket);
            return Err(Invalid::new("initial", message, help));
        }
        check_share(self.share)
    }
}

impl BudgetModel for Deposit {
    fn start(&self) -> Box<dyn Budget> {
        let [most, left] = [self.bucket, self.initial].map(|retries| u128::from(retries) * ONE);
        Box::new(Bucket { deposit: self.share.hundred_millionths().into(), most, left })
    }
}

/// A retry, in hundred-millionths.
const ONE: u128 = Share::ONE.hundred_millionths() as u128;

#[derive(Debug)]
struct Bucket {
    deposit: u128,
    most: u128,
    left: u128, // at most `most`
}

impl Budget for Bucket {
    fn began(&mut self, _now: SimTime) {
        self.left = (self.left + self.deposit).min(self.most);
    }

    fn grants(&mut self, _now: SimTime, _failing: Failing, _load: Load) -> Option<Grant> {
        self.left = self.left.checked_sub(ONE)?;
        Some(Grant::FREE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::granted;
    use super::*;

    #[test]
    fn five_requests_buy_a_retry_and_no_more_than_the_bucket_are_saved() {
        let now = SimTime::ZERO;
        let mut budget = Deposit { bucket: 3, ..Deposit::default() }.start();
        let bought = [4, 1, 4, 1, 14, 15, 1_000].map(|requests| {
            (0..requests).for_each(|_| budget.began(now));
            granted(&mut *budget, now, 10)
        });
        assert_eq!(bought, [0, 1, 0, 1, 2, 3, 3]);
    }

    #[test]
    fn a_full_bucket_is_there_at_once_and_holds_no_more() {
        let mut budget = Deposit { bucket: 3, initial: 3, ..Deposit::default() }.start();
        budget.began(SimTime::ZERO);
        assert_eq!(granted(&mut *budget, SimTime::ZERO, 10), 3);
        (0..5).for_each(|_| budget.began(SimTime::ZERO));
        assert_eq!(granted(&mut *budget, SimTime::ZERO, 10), 1);
    }
}
