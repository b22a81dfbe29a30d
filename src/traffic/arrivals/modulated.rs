//! A process whose rate jumps between states, as on/off and Markov-modulated arrivals are.

use super::ArrivalProcess;
use super::renewal::{Clock, Gaps};
use crate::rng::Stream;
use crate::units::SimTime;

/// One state of the rate.
pub(super) struct State {
    /// Arrivals per nanosecond while it lasts, at least 0.
    pub(super) rate: f64,
    /// Its mean length in nanoseconds, above 0; lengths are exponential.
    pub(super) mean_length: f64,
    /// The other states that may follow, each with the chance that it or one before it does; the last has 1.
    pub(super) next: Vec<(usize, f64)>,
}

/// Gaps of law `G` in units of the state's mean gap: a gap that outlasts a state goes on in the next one, as much faster
/// or slower. With exponential gaps this is the Markov-modulated Poisson process.
pub(super) struct Modulated<G> {
    states: Vec<State>,
    state: usize,
    left: f64, // ns until the state changes
    law: G,
    clock: Clock,
    stream: Stream,
}

impl<G: Gaps + 'static> Modulated<G> {
    /// Starts in a state drawn by `shares`, which sum to 1: those of the long run.
    pub(super) fn process(states: Vec<State>, shares: &[f64], law: G, mut stream: Stream) -> Box<dyn ArrivalProcess> {
        let mut u = stream.uniform();
        let first = shares.iter().position(|share| {
            u -= share;
            u < 0.0
        });
        let state = first.unwrap_or(states.len() - 1);
        let left = stream.exponential() * states[state].mean_length;
        Box::new(Modulated { states, state, left, law, clock: Clock::default(), stream })
    }
}

impl<G: Gaps> Modulated<G> {
    fn change(&mut self) {
        let next = &self.states[self.state].next;
        self.state = match next.as_slice() {
            [(only, _)] => *only,
            _ => {
                let u = self.stream.uniform();
                next.iter().find(|(_, edge)| u < *edge).or(next.last()).map_or(self.state, |(state, _)| *state)
            }
        };
        self.left = self.stream.exponential() * self.states[self.state].mean_length;
    }

    fn next(&mut self) -> SimTime {
        let mut gap = [0.0];
        self.law.fill(&mut self.stream, &mut gap);
        let [mut gap] = gap;
        loop {
            let rate = self.states[self.state].rate;
            let holds = rate * self.left;
            if gap < holds {
                let wait = gap / rate;
                self.left -= wait;
                self.clock.advance(wait);
                return self.clock.now();
            }
            gap -= holds;
            self.clock.advance(self.left);
            self.change();
        }
    }
}

impl<G: Gaps> ArrivalProcess for Modulated<G> {
    fn fill(&mut self, out: &mut [SimTime]) {
        out.fill_with(|| self.next());
    }
}
