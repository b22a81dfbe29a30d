//! A scenario with every default filled in.

use super::catalog::Tiers;
use super::slo::Slo;
use crate::client::Strategy;
use crate::params::{Invalid, Parameters, Visitor};
use crate::provider::Service;
use crate::rng::Seed;
use crate::traffic::{Setting, Traffic};
use crate::units::{Civil, SimDuration, SimTime};
use std::path::PathBuf;

/// What is simulated: the same traffic against every tier with every strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Names the output folder.
    pub name: String,
    /// The civil instant at which it starts, and the time zone in which its times are printed.
    pub start: Civil,
    /// How long requests arrive. Above zero, at most 100 years.
    pub duration: SimDuration,
    /// Requests that arrive earlier than this are not measured.
    pub warmup: SimDuration,
    /// How long after `duration` the run waits for outcomes.
    pub drain: SimDuration,
    /// What all randomness comes from.
    pub seed: u64,
    /// Independent runs of every cell.
    pub replications: u32,
    /// The tiers to compare, by name.
    pub tiers: Vec<String>,
    /// The traffic sources by name.
    pub traffic: Vec<(String, Traffic)>,
    /// How the service behaves.
    pub provider: Service,
    /// Tiers of the scenario's own, and changes to those of the catalogue, by name.
    pub tier: Tiers,
    /// The client strategies to compare, by name.
    pub strategy: Vec<(String, Strategy)>,
    /// The objectives.
    pub slo: Slo,
    /// Where relative paths start from: the folder of the scenario's file.
    pub folder: PathBuf,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            name: "scenario".to_owned(),
            start: Civil::default(),
            duration: SimDuration::from_secs(30 * 86_400),
            warmup: SimDuration::ZERO,
            drain: SimDuration::from_secs(86_400),
            seed: 1,
            replications: 10,
            tiers: vec!["claude-free".to_owned(), "claude-paid".to_owned()],
            traffic: Vec::new(),
            provider: Service::default(),
            tier: Tiers::default(),
            strategy: Vec::new(),
            slo: Slo::default(),
            folder: PathBuf::new(),
        }
    }
}

impl Scenario {
    /// Where and when the traffic of one replication runs.
    pub fn setting(&self, replication: u64) -> Setting<'_> {
        let end = SimTime::ZERO.saturating_add(self.duration);
        Setting { folder: &self.folder, start: &self.start, end, seed: Seed(self.seed), replication }
    }
}

impl Parameters for Scenario {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("name", &mut self.name);
        visitor.optional("start", &mut self.start);
        visitor.optional("duration", &mut self.duration);
        visitor.optional("warmup", &mut self.warmup);
        visitor.optional("drain", &mut self.drain);
        visitor.optional("seed", &mut self.seed);
        visitor.optional("replications", &mut self.replications);
        visitor.optional("tiers", &mut self.tiers);
        visitor.named("traffic", &mut self.traffic);
        visitor.section("provider", &mut self.provider);
        visitor.named("tier", &mut self.tier);
        visitor.named("strategy", &mut self.strategy);
        visitor.section("slo", &mut self.slo);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.duration.is_zero() {
            return Err(Invalid::new(
                "duration",
                "the duration is zero",
                "write how long requests arrive, as in `\"30d\"`",
            ));
        }
        if self.warmup >= self.duration {
            let message = format!("a warm-up of {} leaves nothing of the {} to measure", self.warmup, self.duration);
            return Err(Invalid::new("warmup", message, "write a shorter warm-up, or a longer `duration`"));
        }
        if self.replications == 0 {
            return Err(Invalid::new("replications", "0 replications run nothing", "write at least 1, better 10"));
        }
        if self.traffic.is_empty() {
            let help = "add a source, as in `[traffic.app]` with `arrivals.poisson = { rate = \"3/min\" }`";
            return Err(Invalid::new("traffic", "there is no traffic", help));
        }
        Ok(())
    }
}
