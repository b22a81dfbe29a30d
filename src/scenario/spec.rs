//! A scenario with every default filled in.

use super::catalog::Tiers;
use super::diagnostic::printable;
use super::slo::Slo;
use crate::client::Strategy;
use crate::params::{Invalid, Parameters, Visitor, is_unprintable};
use crate::protocol::Class;
use crate::provider::Service;
use crate::rng::Seed;
use crate::traffic::replay::TraceError;
use crate::traffic::{Keys, RecordedKeys, Setting, Traffic};
use crate::units::{Civil, SimDuration, SimTime};
use std::path::PathBuf;

/// What is simulated: the same traffic against every tier with every strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Names the output folder: 1 to 64 characters that can be seen, no path.
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
    /// Independent runs of every cell, in `1..=100_000`.
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

const MAX_REPLICATIONS: u32 = 100_000;

/// Whether `name` may head a report and, made harmless, name a folder.
pub(super) fn check_name(name: &str) -> Result<(), Invalid> {
    let message = match () {
        _ if name.trim().is_empty() => "the name is empty".to_owned(),
        _ if name.chars().count() > 64 => "the name is longer than 64 characters".to_owned(),
        _ if name.contains(is_unprintable) => format!("`{name}` holds a character that cannot be seen"),
        _ if name.contains(['/', '\\']) || name.starts_with('.') => format!("`{name}` is a path, not a name"),
        _ => return Ok(()),
    };
    Err(Invalid::new("name", message, "write a few words, as in `\"launch\"`"))
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
    /// The names of all classes of requests, in the order of their numbers: `source`, or `source/class`.
    pub fn classes(&self) -> Vec<String> {
        self.traffic.iter().flat_map(|(name, traffic)| traffic.class_names(name)).collect()
    }

    /// What the requests of each class have in common, in the order of their numbers.
    pub fn facts(&self) -> Vec<Class> {
        self.traffic.iter().flat_map(|(name, traffic)| traffic.facts(name)).collect()
    }

    /// What the requests of each class ask for in one replication, where some ask for the same, in the order of the classes.
    pub fn keys(&self, replication: u64) -> Vec<Option<Keys>> {
        let setting = self.setting(replication);
        self.traffic.iter().flat_map(|(name, traffic)| traffic.keys(name, &setting)).collect()
    }

    /// The same of each source whose log says it.
    ///
    /// # Errors
    /// If a log cannot be opened.
    pub fn recorded_keys(&self, replication: u64) -> Result<Vec<Option<RecordedKeys>>, TraceError> {
        let setting = self.setting(replication);
        self.traffic.iter().map(|(name, traffic)| RecordedKeys::open(traffic, name, &setting)).collect()
    }

    /// Whether an answer may take several calls.
    pub fn has_re_asks(&self) -> bool {
        self.facts().iter().any(|class| class.re_asks > 0)
    }

    /// Where and when the traffic of one replication runs.
    pub fn setting(&self, replication: u64) -> Setting<'_> {
        let end = SimTime::ZERO.saturating_add(self.duration);
        Setting { folder: &self.folder, start: &self.start, end, seed: Seed(self.seed), replication }
    }
}

impl Scenario {
    /// Refuses times of a model that nobody asks for: a misspelt name would change nothing.
    fn check_models(&self) -> Result<(), Invalid> {
        let classes = self.facts();
        let is_asked_for = |name: &String| classes.iter().any(|class| class.labels.model.as_ref() == Some(name));
        match self.provider.models.iter().find(|(name, _)| !is_asked_for(name)) {
            Some((name, _)) => {
                let message = format!("no traffic asks for the model `{}` of `provider.models`", printable(name));
                Err(Invalid::new("provider", message, "write `model` in a source or a class, or leave the model out"))
            }
            None => Ok(()),
        }
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
        check_name(&self.name)?;
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
        if self.replications > MAX_REPLICATIONS {
            let message = format!("{} replications are too many", self.replications);
            return Err(Invalid::new(
                "replications",
                message,
                format!("write at most {MAX_REPLICATIONS}; 10 often do"),
            ));
        }
        if self.traffic.is_empty() {
            let help = "add a source, as in `[traffic.app]` with `arrivals.poisson = { rate = \"3/min\" }`";
            return Err(Invalid::new("traffic", "there is no traffic", help));
        }
        self.check_models()?;
        Ok(())
    }
}
