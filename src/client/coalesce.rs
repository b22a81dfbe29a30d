//! One call for all who ask the same while it is under way.

use super::Key;
use crate::params::{Invalid, Parameters, Visitor};
use std::collections::{BTreeMap, VecDeque};

crate::words! {
    /// Who waits for whose call.
    #[derive(Default)]
    pub enum Among {
        /// All clients wait for one call, as behind a gateway.
        #[default]
        All = "all",
        /// Only requests of the same client do, as within one process.
        Client = "client",
    }
}

crate::words! {
    /// What becomes of those who wait for a request that ends without an answer.
    #[derive(Default)]
    pub enum OnFailure {
        /// They fail as it did, as with Go's `singleflight`.
        #[default]
        Share = "share",
        /// The one that has waited longest makes the next call, and the others wait for it.
        Next = "next",
    }
}

/// Requests that ask what another is being answered wait for that answer (single flight).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Coalesce {
    /// Who waits for whose call.
    pub among: Among,
    /// What happens when it leads to no answer.
    pub on_failure: OnFailure,
}

impl Parameters for Coalesce {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("among", &mut self.among);
        visitor.optional("on-failure", &mut self.on_failure);
    }

    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// Who leads and who follows at the moment. A request is known by a number that the caller gives it.
#[derive(Clone, Debug)]
pub struct SingleFlight {
    spec: Coalesce,
    /// For each question that is being answered those who wait, the longest first.
    waiting: BTreeMap<(u32, Key), VecDeque<u32>>,
}

/// What becomes of those who waited for a request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bereaved {
    /// They fail too.
    Fail(VecDeque<u32>),
    /// This one leads from now on, and the others wait for it.
    Lead(u32),
}

impl SingleFlight {
    /// Nobody asks anything yet.
    pub fn new(spec: &Coalesce) -> Self {
        SingleFlight { spec: spec.clone(), waiting: BTreeMap::new() }
    }

    /// Whether `request` of `client` leads: nobody is being answered `key`. Otherwise it waits for the one that is.
    pub fn leads(&mut self, client: u32, key: Key, request: u32) -> bool {
        match self.waiting.get_mut(&(self.group(client), key)) {
            Some(waiting) => {
                waiting.push_back(request);
                false
            }
            None => {
                self.waiting.insert((self.group(client), key), VecDeque::new());
                true
            }
        }
    }

    /// Those who waited for the leader's answer, which is there, the longest first.
    pub fn answered(&mut self, client: u32, key: Key) -> VecDeque<u32> {
        self.waiting.remove(&(self.group(client), key)).unwrap_or_default()
    }

    /// What becomes of those who waited for the leader, which will have no answer.
    pub fn failed(&mut self, client: u32, key: Key) -> Bereaved {
        let group = (self.group(client), key);
        let waiting = self.waiting.get_mut(&group).filter(|_| self.spec.on_failure == OnFailure::Next);
        match waiting.and_then(VecDeque::pop_front) {
            Some(next) => Bereaved::Lead(next),
            None => Bereaved::Fail(self.waiting.remove(&group).unwrap_or_default()),
        }
    }

    fn group(&self, client: u32) -> u32 {
        match self.spec.among {
            Among::All => 0,
            Among::Client => client,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { class: 2, question: 5 };

    #[test]
    fn all_wait_for_one_and_the_next_question_is_a_new_one() {
        let mut flights = SingleFlight::new(&Coalesce::default());
        assert!(flights.leads(1, KEY, 10));
        assert!(!flights.leads(2, KEY, 11) && !flights.leads(1, KEY, 12));
        assert!(flights.leads(1, Key { class: 3, ..KEY }, 13));
        assert_eq!(flights.answered(1, KEY), [11, 12]);
        assert!(flights.leads(2, KEY, 14));
        assert_eq!(flights.failed(2, KEY), Bereaved::Fail(VecDeque::new()));
        assert!(flights.leads(2, KEY, 15));
    }

    #[test]
    fn clients_may_keep_to_themselves() {
        let mut flights = SingleFlight::new(&Coalesce { among: Among::Client, ..Coalesce::default() });
        assert!(flights.leads(1, KEY, 10) && flights.leads(2, KEY, 11) && !flights.leads(2, KEY, 12));
        assert!(flights.answered(1, KEY).is_empty());
        assert_eq!(flights.answered(2, KEY), [12]);
    }

    #[test]
    fn after_a_failure_the_next_leads_until_nobody_is_left() {
        let mut flights = SingleFlight::new(&Coalesce { on_failure: OnFailure::Next, ..Coalesce::default() });
        for request in 10..13 {
            assert_eq!(flights.leads(1, KEY, request), request == 10);
        }
        assert_eq!(flights.failed(1, KEY), Bereaved::Lead(11));
        assert!(!flights.leads(1, KEY, 13));
        assert_eq!(flights.failed(1, KEY), Bereaved::Lead(12));
        assert_eq!(flights.failed(1, KEY), Bereaved::Lead(13));
        assert_eq!(flights.failed(1, KEY), Bereaved::Fail(VecDeque::new()));
        assert!(flights.leads(1, KEY, 14));
    }
}
