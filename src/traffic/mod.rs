//! Traffic: when requests arrive and how large they are.

pub mod arrivals;
pub mod sizes;

use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::rng::{BLOCK, Seed, Stream};
use crate::units::{SimTime, Tokens};
use arrivals::{ArrivalProcess, Arrivals};
use sizes::Sizes;

/// One source of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// When they come.
    pub arrivals: Option<Arrivals>,
    /// Prompt tokens of each.
    pub input_tokens: Sizes,
    /// Completion tokens of each.
    pub output_tokens: Sizes,
    /// No more than so many requests in a run.
    pub requests: Option<u64>,
}

impl Default for Traffic {
    fn default() -> Self {
        Traffic {
            arrivals: None,
            input_tokens: Sizes::constant(1_000),
            output_tokens: Sizes::constant(250),
            requests: None,
        }
    }
}

impl Parameters for Traffic {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.choice("arrivals", Presence::Optional, &mut self.arrivals);
        visitor.choice("input-tokens", Presence::Optional, &mut self.input_tokens);
        visitor.choice("output-tokens", Presence::Optional, &mut self.output_tokens);
        visitor.optional("requests", &mut self.requests);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.arrivals.is_none() {
            let help = "say when requests come, as in `arrivals.poisson = { rate = \"3/min\" }`";
            return Err(Invalid::new("arrivals", "this source makes no requests", help));
        }
        Ok(())
    }
}

/// Requests of one source as columns: a block of rows in the order of arrival.
#[derive(Clone, Debug)]
pub struct Columns {
    /// When each arrives.
    pub arrived: [SimTime; BLOCK],
    /// Its prompt tokens.
    pub input: [Tokens; BLOCK],
    /// Its completion tokens.
    pub output: [Tokens; BLOCK],
}

impl Default for Columns {
    fn default() -> Self {
        let none = [Tokens::default(); BLOCK];
        Columns { arrived: [SimTime::NEVER; BLOCK], input: none, output: none }
    }
}

/// The requests of one source in one replication, made a block at a time.
pub struct Feed {
    process: Box<dyn ArrivalProcess>,
    input: (Sizes, Stream),
    output: (Sizes, Stream),
}

impl Feed {
    /// The feed of `traffic` under the name `source`, each purpose with a stream of its own.
    pub fn new(traffic: &Traffic, source: &str, seed: Seed, replication: u64) -> Self {
        let stream = |purpose: &str| seed.stream(replication, &format!("{purpose}/{source}"));
        let arrivals = traffic.arrivals.clone().unwrap_or_default();
        Feed {
            process: arrivals.model().process(stream("arrivals")),
            input: (traffic.input_tokens.clone(), stream("input-tokens")),
            output: (traffic.output_tokens.clone(), stream("output-tokens")),
        }
    }

    /// Makes the next rows; how many, where zero means that there are no more.
    pub fn fill(&mut self, columns: &mut Columns) -> usize {
        self.process.fill(&mut columns.arrived);
        self.input.0.model().fill(&mut self.input.1, &mut columns.input);
        self.output.0.model().fill(&mut self.output.1, &mut columns.output);
        BLOCK
    }
}
