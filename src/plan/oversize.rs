//! What can never pass: requests that are larger than a limit holds, found before anything is run.

use crate::engine::Arrivals;
use crate::limiter::LimiterModel;
use crate::provider::{Hint, Quota};
use crate::scenario::Scenario;
use crate::traffic::replay::TraceError;
use crate::units::SimTime;

/// Requests of one class that can never pass a limit of a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oversize {
    /// The tier.
    pub tier: String,
    /// The limit.
    pub limit: String,
    /// The class.
    pub class: String,
    /// How many of those looked at can never pass.
    pub requests: u64,
    /// How many were looked at.
    pub of: u64,
    /// The most that one of them asks for at once.
    pub largest: u64,
    /// The most that the limit ever holds.
    pub capacity: u64,
}

/// How many requests are looked at.
const LOOK: usize = 10_000;

/// Looks at the first 10,000 requests of the first replication on every tier that is compared or that a route leads to. Users who wait for answers are seen as far as
/// they come without any.
///
/// # Errors
/// If a log cannot be read.
pub fn oversize(scenario: &Scenario) -> Result<Vec<Oversize>, TraceError> {
    let mut arrivals = Arrivals::new(scenario, 0)?;
    let mut requests = Vec::new();
    while requests.len() < LOOK && arrivals.next_at() < SimTime::NEVER {
        requests.push(arrivals.take());
    }
    if let Some(error) = arrivals.error() {
        return Err(error);
    }
    let classes = scenario.facts();
    let mut found: Vec<Oversize> = Vec::new();
    let routes = scenario.strategy.iter().flat_map(|(_, strategy)| &strategy.route);
    let mut tiers: Vec<&String> = scenario.tiers.iter().collect();
    for name in routes.filter_map(|(_, route)| route.tier.as_ref()) {
        if !tiers.contains(&name) {
            tiers.push(name);
        }
    }
    for (name, tier) in tiers.into_iter().filter_map(|name| Some((name, scenario.tier.find(name)?))) {
        let quota = Quota::new(tier, &classes, &scenario.start, Hint::None);
        let counts = |class: usize| requests.iter().filter(|request| usize::from(request.source) == class).count();
        let of: Vec<u64> = (0..classes.len()).map(|class| counts(class) as u64).collect();
        for request in &requests {
            let Some((limit, largest)) = quota.too_large(request) else { continue };
            let (class, (limit, spec)) = (usize::from(request.source), &tier.limits[limit]);
            let same =
                |seen: &&mut Oversize| seen.tier == *name && seen.limit == *limit && seen.class == classes[class].name;
            match found.iter_mut().find(same) {
                Some(seen) => (seen.requests, seen.largest) = (seen.requests + 1, seen.largest.max(largest)),
                None => found.push(Oversize {
                    tier: name.clone(),
                    limit: limit.clone(),
                    class: classes[class].name.clone(),
                    requests: 1,
                    of: of[class],
                    largest,
                    capacity: spec.limiter.capacity(),
                }),
            }
        }
    }
    Ok(found)
}
