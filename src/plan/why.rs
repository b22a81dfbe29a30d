//! Why one request fared as it did, and what would have let it through.

use crate::engine::{Cell, RunError, Stop, story};
use crate::scenario::Scenario;
use crate::units::{SimDuration, SimTime};

pub use crate::engine::{Entry, Look, Note, Story, Use};

/// The story of one request with the names of what it met.
#[derive(Clone, Debug)]
pub struct Why {
    /// The tier's name.
    pub tier: String,
    /// The strategy's name.
    pub strategy: String,
    /// Which of the independent runs it is from, from 0.
    pub replication: u64,
    /// Which request of that run it is by arrival, from 1.
    pub number: u64,
    /// The names of all classes.
    pub classes: Vec<String>,
    /// The names of the routes; the first one is the tier's.
    pub routes: Vec<String>,
    /// The names of all limits and what they allow.
    pub limits: Vec<(String, String)>,
    /// What happened.
    pub story: Story,
    /// What would have let its calls through; empty where none was refused.
    pub remedies: Vec<Remedy>,
}

/// What would have let a refused request through, all else being as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A limit that holds more: of all its calls, the one for which least was missing.
    Room {
        /// Which call, from 1.
        call: u32,
        /// The only limit that refused it.
        limit: usize,
        /// How much more, in what the limit counts.
        more: u64,
        /// What the limit can hold.
        capacity: u64,
    },
    /// One more call.
    Later {
        /// So long after the last one.
        after: SimDuration,
        /// The limit that would have opened last.
        limit: usize,
    },
}

/// The story of the `number`-th request of one cell in one replication, or, where none is stated, of the first one that fails, or
/// else of the slowest; `None` where there are not so many.
///
/// # Errors
/// As [`simulate`](crate::engine::simulate).
pub fn why(
    scenario: &Scenario,
    (tier, strategy): (usize, usize),
    replication: u64,
    number: Option<u64>,
    stop: Stop,
) -> Result<Option<Why>, RunError> {
    let (tier, (strategy_name, strategy)) = (&scenario.tiers[tier], &scenario.strategy[strategy]);
    let Some(limits) = scenario.tier.find(tier) else { return Ok(None) };
    let cell = Cell { scenario, tier: limits, strategy };
    let Some((number, story)) = story(cell, replication, stop, number)? else { return Ok(None) };
    let routes = strategy.route.iter().map(|(name, _)| name.clone());
    Ok(Some(Why {
        tier: tier.clone(),
        strategy: strategy_name.clone(),
        replication,
        number,
        classes: scenario.classes(),
        routes: [tier.clone()].into_iter().chain(routes).collect(),
        limits: cell.limits().into_iter().map(|(name, spec)| (name, spec.label())).collect(),
        remedies: remedies(&story),
        story,
    }))
}

fn remedies(story: &Story) -> Vec<Remedy> {
    let is_lost = story.entries.iter().any(|entry| matches!(entry.note, Note::Lost(_)));
    let refused: Vec<(SimTime, u32, Vec<&Look>)> = story.entries.iter().filter_map(refused).collect();
    let room = refused.iter().filter_map(|(_, call, looks)| room(*call, looks)).min_by_key(|(missing, _)| *missing);
    let later = refused.last().filter(|_| is_lost).and_then(|(at, _, looks)| later(*at, looks));
    room.map(|(_, room)| room).into_iter().chain(later).collect()
}

/// A call that limits refuse, and those limits.
fn refused(entry: &Entry) -> Option<(SimTime, u32, Vec<&Look>)> {
    let Note::Called { call, limits, .. } = &entry.note else { return None };
    let refusing: Vec<&Look> = limits.iter().filter(|look| !look.admits()).collect();
    (!refusing.is_empty()).then_some((entry.at, *call, refusing))
}

/// How much more the only limit would have to hold that refuses a call, as a share of what it holds in billionths, and in all.
fn room(call: u32, looks: &[&Look]) -> Option<(u128, Remedy)> {
    let [look] = looks else { return None };
    let more = look.room.asks.saturating_sub(look.room.left);
    let missing = u128::from(more) * 1_000_000_000 / u128::from(look.room.capacity.max(1));
    let (limit, capacity) = (look.limit, look.room.capacity);
    (more > 0).then_some((missing, Remedy::Room { call, limit, more, capacity }))
}

/// When all limits that refuse a call at `now` would be open; `None` where one does not know.
fn later(now: SimTime, looks: &[&Look]) -> Option<Remedy> {
    let all: Option<Vec<(SimTime, usize)>> = looks.iter().map(|look| Some((look.opens()?, look.limit))).collect();
    let (at, limit) = all?.into_iter().max_by_key(|(at, _)| *at)?;
    Some(Remedy::Later { after: at - now, limit })
}
