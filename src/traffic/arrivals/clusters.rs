//! Requests that come in clusters: a job, a page, a conversation brings several, spread over some time.

use super::renewal::Clock;
use super::{ArrivalModel, ArrivalProcess, check_rate, once_a_second};
use crate::params::{Invalid, Parameters, Visitor};
use crate::rng::Stream;
use crate::units::{Civil, Rate, SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

crate::words! {
    /// How sizes of clusters differ.
    pub enum ClusterLaw {
        /// Geometric on 1, 2, 3 …: after each request another one follows with the same chance.
        Geometric = "geometric",
        /// Poisson, so that some clusters are empty.
        Poisson = "poisson",
        /// Every cluster has the same size.
        Fixed = "fixed",
    }
}

crate::words! {
    /// What the requests of a cluster wait for.
    pub enum Delays {
        /// Each comes by itself, so long after the cluster's beginning (Neyman and Scott).
        Independent = "independent",
        /// The first comes at the beginning and each further one so long after the one before (Bartlett and Lewis).
        InTurn = "in-turn",
    }
}

/// Clusters that begin as a Poisson process; each brings requests with exponential delays.
///
/// With independent delays counts in windows of `w` have the variance-to-mean ratio
/// `1 + m (1 - (1 - e^(-w/spread)) / (w/spread))`, where `m` is `2 size - 2` for geometric sizes, `size` for Poisson ones
/// and `size - 1` for fixed ones (Cox and Isham, Point Processes, 1980, section 3.4). It starts with no past, so that the
/// first few `spread` are quieter.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// Mean requests (not clusters) per time. At most 10 million a second.
    pub rate: Rate,
    /// Mean requests of a cluster, in 1..=10000; a whole number where sizes are fixed.
    pub size: f64,
    /// How sizes differ.
    pub law: ClusterLaw,
    /// Mean delay.
    pub spread: SimDuration,
    /// What the requests of a cluster wait for.
    pub delays: Delays,
}

impl Default for Clusters {
    fn default() -> Self {
        Clusters {
            rate: once_a_second(),
            size: 5.0,
            law: ClusterLaw::Geometric,
            spread: SimDuration::from_secs(60),
            delays: Delays::Independent,
        }
    }
}

/// The most clusters that may go on at one time, about.
const MOST_OPEN: f64 = 1e6;

impl Parameters for Clusters {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("rate", &mut self.rate);
        visitor.required("size", &mut self.size);
        visitor.optional("law", &mut self.law);
        visitor.required("spread", &mut self.spread);
        visitor.optional("delays", &mut self.delays);
    }

    fn check(&self) -> Result<(), Invalid> {
        check_rate(self.rate)?;
        if !(1.0..=1e4).contains(&self.size) {
            let message = format!("`{}` is outside 1 to 10000", self.size);
            return Err(Invalid::new("size", message, "write a number from 1 to 10000, as in `5`"));
        }
        if self.law == ClusterLaw::Fixed && self.size != libm::trunc(self.size) {
            let help = "write a whole number, or `law = \"geometric\"` for sizes with this mean";
            return Err(Invalid::new("size", format!("no cluster has `{}` requests", self.size), help));
        }
        // The last of so many independent delays takes about ln(size) + 1 of them.
        let delays = if self.delays == Delays::InTurn { self.size } else { 1.0 + libm::log(self.size) };
        let open = self.rate.per_second() / self.size * self.spread.as_secs_f64() * delays;
        if open > MOST_OPEN {
            let message = format!("about {open:.1e} clusters would go on at one time, more than a million");
            return Err(Invalid::new("spread", message, "write a shorter spread, or a lower rate"));
        }
        Ok(())
    }
}

impl ArrivalModel for Clusters {
    fn process(&self, stream: Stream, _start: &Civil) -> Box<dyn ArrivalProcess> {
        let mean_gap = self.rate.nanos() as f64 / self.rate.events() as f64 * self.size;
        let mut process = Process {
            mean_gap,
            size: self.size,
            law: self.law,
            spread: self.spread.as_nanos() as f64,
            is_in_turn: self.delays == Delays::InTurn,
            begins: Clock::default(),
            open: BinaryHeap::new(),
            stream,
        };
        process.draw_beginning();
        Box::new(process)
    }

    fn mean_rate(&self) -> Rate {
        self.rate
    }
}

struct Process {
    mean_gap: f64, // ns between clusters
    size: f64,
    law: ClusterLaw,
    spread: f64, // ns
    is_in_turn: bool,
    begins: Clock, // the next cluster
    /// The clusters that go on: when the next request of each comes, and how many it still has.
    open: BinaryHeap<Reverse<(SimTime, u32)>>,
    stream: Stream,
}

impl Process {
    fn draw_beginning(&mut self) {
        self.begins.advance(self.stream.exponential() * self.mean_gap);
    }

    fn draw_size(&mut self) -> u32 {
        match self.law {
            ClusterLaw::Fixed => self.size as u32,
            // ⌊E / -ln(1 - p)⌋ more than one, with p = 1/size; a size of 1 gives 0.
            ClusterLaw::Geometric => {
                1u32.saturating_add((-self.stream.exponential() / libm::log1p(-1.0 / self.size)) as u32)
            }
            // So many exponential gaps begin within `size`.
            ClusterLaw::Poisson => {
                let (mut left, mut count) = (self.size - self.stream.exponential(), 0);
                while left > 0.0 {
                    count += 1;
                    left -= self.stream.exponential();
                }
                count
            }
        }
    }

    /// Lets the next request of a cluster with `left` requests come after `last`. The first of so many independent delays
    /// is so many times shorter, and those after it forget that they have waited.
    fn push(&mut self, last: SimTime, left: u32) {
        if left > 0 {
            let delay = self.stream.exponential() * self.spread;
            let delay = if self.is_in_turn { delay } else { delay / f64::from(left) };
            self.open.push(Reverse((last.saturating_add(SimDuration::from_nanos_f64(delay)), left)));
        }
    }

    fn open_cluster(&mut self) {
        let (now, size) = (self.begins.now(), self.draw_size());
        if self.is_in_turn && size > 0 {
            self.open.push(Reverse((now, size)));
        } else {
            self.push(now, size);
        }
        self.draw_beginning();
    }

    fn next(&mut self) -> SimTime {
        loop {
            let begins = self.begins.now();
            match self.open.peek() {
                Some(&Reverse((at, left))) if at <= begins => {
                    self.open.pop();
                    self.push(at, left - 1);
                    return at;
                }
                _ if begins == SimTime::NEVER => return SimTime::NEVER,
                _ => self.open_cluster(),
            }
        }
    }
}

impl ArrivalProcess for Process {
    fn fill(&mut self, out: &mut [SimTime]) {
        out.fill_with(|| self.next());
    }
}
