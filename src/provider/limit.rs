//! One rule of a tier, as a catalogue file or a scenario states it.

use super::charging::{Charging, Reserve, Settle};
use super::{BATCH, Confidence, Hint};
use crate::limiter::{LimiterModel, LimiterSpec};
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::protocol::{Class, Counts, Labels};
use crate::units::Share;

crate::words! {
    /// Whom a limit counts together.
    #[derive(Default)]
    pub enum Scope {
        /// All calls of the account.
        #[default]
        Account = "account",
        /// The calls for each model apart.
        Model = "model",
        /// The calls of each endpoint apart.
        Endpoint = "endpoint",
        /// The calls in each region apart.
        Region = "region",
        /// The calls of each team or workspace apart.
        Team = "team",
        /// The calls with each API key apart.
        Key = "key",
        /// The calls of each traffic source, and of each class of one, apart.
        Source = "source",
        /// The calls of each client apart, whatever source they come from.
        Client = "client",
    }
}

crate::words! {
    /// What becomes of a call for which a limit has no room.
    #[derive(Default)]
    pub enum Beyond {
        /// It is refused.
        #[default]
        Refuse = "refuse",
        /// It passes at another price, and the limit is not charged.
        Spill = "spill",
    }
}

crate::words! {
    /// How a limit refuses.
    #[derive(Default)]
    pub enum Refusal {
        /// As too many requests, which clients try again, in vain or not.
        #[default]
        TooMany = "429",
        /// As a bad request, which none tries again: so Anthropic does where a balance is empty, or where a limit on spend is
        /// reached that the customer set.
        Bad = "400",
    }
}

/// One rule of a tier.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitSpec {
    /// What it counts.
    pub counts: Counts,
    /// Whom it counts together.
    pub scope: Scope,
    /// Which calls it counts at all.
    pub only: Names,
    /// Which of them it does not count all the same.
    pub except: Names,
    /// What it takes of a call at admission. By default `actual`, of spend `nothing`.
    pub reserve: Option<Reserve>,
    /// When that is corrected. By default `never`, of spend `at-end`.
    pub settle: Option<Settle>,
    /// The weight of a cached prompt token, in 0..=1.
    pub cached: Share,
    /// The same in what is reserved at admission by an estimate; without it `cached`.
    pub cached_at_arrival: Option<Share>,
    /// The provider's estimate of a prompt, against its true size.
    pub estimate: Share,
    /// How many a generated token counts, at least 1.
    pub burndown: u64,
    /// Whether refused calls are charged too.
    pub counts_refused: bool,
    /// What becomes of a call for which it has no room.
    pub beyond: Beyond,
    /// How it refuses.
    pub refusal: Refusal,
    /// What its 429s say about when to come back; without it what the provider's do.
    pub hint: Option<Hint>,
    /// How it counts, how much it allows and over which span.
    pub limiter: LimiterSpec,
    /// Where its figure comes from, if not from the tier's source.
    pub source: Option<String>,
    /// How far its figure can be trusted, if not as far as the tier's.
    pub confidence: Option<Confidence>,
}

impl Default for LimitSpec {
    fn default() -> Self {
        LimitSpec {
            counts: Counts::Requests,
            scope: Scope::Account,
            only: Names::default(),
            except: Names::default(),
            reserve: None,
            settle: None,
            cached: Share::ONE,
            cached_at_arrival: None,
            estimate: Share::ONE,
            burndown: 1,
            counts_refused: false,
            beyond: Beyond::Refuse,
            refusal: Refusal::TooMany,
            hint: None,
            limiter: LimiterSpec::default(),
            source: None,
            confidence: None,
        }
    }
}

impl LimitSpec {
    /// For each of `classes` the number of the pool in which its calls are counted together, `None` where they are not
    /// counted at all. Of a limit that counts each client apart these are pools of all clients.
    pub fn pools(&self, classes: &[Class]) -> Vec<Option<u32>> {
        let mut names: Vec<Option<&str>> = Vec::new();
        let mut number = |class| {
            let name = self.scope.name_in(class);
            let known = names.iter().position(|other| *other == name);
            known.unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            }) as u32
        };
        classes.iter().map(|class| self.counts_calls(&class.labels).then(|| number(class))).collect()
    }

    /// What it allows, in a few characters: `60/min`, `90000/min input-tokens`.
    pub fn label(&self) -> String {
        let counts = match self.counts {
            Counts::Requests | Counts::Spend => self.limiter.label(),
            tokens => format!("{} {}", self.limiter.label(), tokens.word()),
        };
        match self.scope {
            Scope::Account => counts,
            scope => format!("{counts} a {}", scope.word()),
        }
    }

    /// Whether it counts calls with these `labels`: those that `only` may hold and `except` does not name.
    pub fn counts_calls(&self, labels: &Labels) -> bool {
        self.only.may_hold(labels) && !self.except.name(labels)
    }

    /// Whether it counts all calls, whatever they are labelled with.
    pub fn counts_all(&self) -> bool {
        [&self.only, &self.except].into_iter().all(|names| *names == Names::default())
    }

    /// How it charges.
    pub fn charging(&self) -> Charging {
        let is_spend = self.counts == Counts::Spend;
        Charging {
            counts: self.counts,
            reserve: self.reserve.unwrap_or(if is_spend { Reserve::Nothing } else { Reserve::Actual }),
            settle: self.settle.unwrap_or(if is_spend { Settle::AtEnd } else { Settle::Never }),
            cached: self.cached,
            cached_at_arrival: self.cached_at_arrival.unwrap_or(self.cached),
            estimate: self.estimate,
            burndown: self.burndown,
        }
    }

    fn check_charging(&self) -> Result<(), Invalid> {
        let Charging { reserve, settle, .. } = self.charging();
        if self.limiter.holds() && settle != Settle::Never {
            let help = "leave `settle` out: what is held is given back when the call ends";
            return Err(Invalid::new("settle", "a limit on what is in flight has nothing to correct", help));
        }
        if self.limiter.holds() && self.counts_refused {
            let help = "leave it out, or choose another limiter";
            return Err(Invalid::new("counts-refused", "a refused call is never in flight", help));
        }
        if self.counts != Counts::Requests && reserve == Reserve::Nothing && settle == Settle::Never {
            let help = "add `settle = \"at-end\"` or `settle = \"as-generated\"`, or another `reserve`";
            return Err(Invalid::new("reserve", "nothing would ever be charged", help));
        }
        let for_tokens = [
            ("reserve", self.reserve.is_some()),
            ("settle", self.settle.is_some()),
            ("cached", self.cached != Share::ONE),
            ("cached-at-arrival", self.cached_at_arrival.is_some()),
            ("estimate", self.estimate != Share::ONE),
            ("burndown", self.burndown != 1),
        ];
        match for_tokens.iter().find(|(_, is_stated)| self.counts == Counts::Requests && *is_stated) {
            Some((key, _)) => {
                let help = format!("leave `{key}` out, or say in `counts` which tokens it is about");
                Err(Invalid::new(key, "every request counts as one", help))
            }
            None => Ok(()),
        }
    }
}

impl Parameters for LimitSpec {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("counts", &mut self.counts);
        visitor.optional("scope", &mut self.scope);
        visitor.section("only", &mut self.only);
        visitor.section("except", &mut self.except);
        visitor.optional("reserve", &mut self.reserve);
        visitor.optional("settle", &mut self.settle);
        visitor.optional("cached", &mut self.cached);
        visitor.optional("cached-at-arrival", &mut self.cached_at_arrival);
        visitor.optional("estimate", &mut self.estimate);
        visitor.optional("burndown", &mut self.burndown);
        visitor.optional("counts-refused", &mut self.counts_refused);
        visitor.optional("beyond", &mut self.beyond);
        visitor.optional("refusal", &mut self.refusal);
        visitor.optional("hint", &mut self.hint);
        visitor.kind(Presence::Required, &mut self.limiter);
        visitor.optional("source", &mut self.source);
        visitor.optional("confidence", &mut self.confidence);
    }

    fn check(&self) -> Result<(), Invalid> {
        match (self.counts == Counts::Spend, self.limiter.is_of_money()) {
            (true, false) => {
                let help = "write what it allows in dollars, as in `calendar-window = { limit = \"500 USD/month\" }`";
                return Err(Invalid::new("counts", "spend is counted in dollars", help));
            }
            (false, true) => {
                let help = "add `counts = \"spend\"`, or write a number of requests or tokens";
                return Err(Invalid::new("counts", "a limit in dollars can count nothing but spend", help));
            }
            _ => {}
        }
        let weights = [("cached", Some(self.cached)), ("cached-at-arrival", self.cached_at_arrival)];
        if let Some((key, _)) = weights.into_iter().find(|(_, weight)| weight.is_some_and(|weight| weight > Share::ONE))
        {
            return Err(Invalid::new(key, "a cached token counts at most as one", "write at most `\"100%\"`"));
        }
        if !(1..=1_000).contains(&self.burndown) {
            let message = format!("a token that counts {} is outside 1 to 1000", self.burndown);
            return Err(Invalid::new("burndown", message, "write a whole number, as in `5`"));
        }
        self.check_charging()
    }
}

/// Calls by what they are labelled with. An empty list says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Names {
    /// Models.
    pub models: Vec<String>,
    /// Endpoints.
    pub endpoints: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// Teams or workspaces.
    pub teams: Vec<String>,
    /// API keys.
    pub keys: Vec<String>,
}

impl Names {
    /// Whether each list has the name of calls with these `labels`. A name that they leave open may be any, but for the
    /// endpoint of batches: calls go there only if they say so.
    fn may_hold(&self, labels: &Labels) -> bool {
        let may_be = |(names, name): (&[String], &Option<String>)| {
            names.is_empty() || name.as_ref().is_none_or(|name| names.contains(name))
        };
        let only_batches = labels.endpoint.is_none() && self.endpoints == [BATCH];
        !only_batches && self.lists(labels).into_iter().all(may_be)
    }

    /// Whether some list has the name of calls with these `labels`. A name that they leave open is in none.
    fn name(&self, labels: &Labels) -> bool {
        self.lists(labels).into_iter().any(|(names, name)| name.as_ref().is_some_and(|name| names.contains(name)))
    }

    fn lists<'n>(&'n self, labels: &'n Labels) -> [(&'n [String], &'n Option<String>); 5] {
        [
            (&self.models, &labels.model),
            (&self.endpoints, &labels.endpoint),
            (&self.regions, &labels.region),
            (&self.teams, &labels.team),
            (&self.keys, &labels.key),
        ]
    }
}

impl Parameters for Names {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("models", &mut self.models);
        visitor.optional("endpoints", &mut self.endpoints);
        visitor.optional("regions", &mut self.regions);
        visitor.optional("teams", &mut self.teams);
        visitor.optional("keys", &mut self.keys);
    }
}

impl Scope {
    /// The name by which calls of `class` are counted together; `None` of the scopes that do not go by class.
    pub fn name_in(self, class: &Class) -> Option<&str> {
        let labels = &class.labels;
        let label = match self {
            Scope::Account | Scope::Client => return None,
            Scope::Source => return Some(&class.name),
            Scope::Model => &labels.model,
            Scope::Endpoint => &labels.endpoint,
            Scope::Region => &labels.region,
            Scope::Team => &labels.team,
            Scope::Key => &labels.key,
        };
        // Calls that leave the name open are counted together.
        Some(label.as_deref().unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(model: &str, endpoint: &str) -> Labels {
        let name = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        Labels { model: name(model), endpoint: name(endpoint), ..Labels::default() }
    }

    fn counted(only: [&[&str]; 2], except: [&[&str]; 2], [model, endpoint]: [&str; 2]) -> bool {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let names =
            |lists: [&[&str]; 2]| Names { models: list(lists[0]), endpoints: list(lists[1]), ..Names::default() };
        let spec = LimitSpec { only: names(only), except: names(except), ..LimitSpec::default() };
        spec.counts_calls(&labels(model, endpoint))
    }

    #[test]
    fn a_name_left_open_may_be_any_but_batch() {
        let only = |lists, names| counted(lists, [&[], &[]], names);
        assert!(only([&["a", "b"], &[]], ["b", "chat"]) && only([&["a", "b"], &[]], ["", ""]));
        assert!(!only([&["a", "b"], &[]], ["c", ""]) && !only([&["a"], &["chat"]], ["a", "batch"]));
        assert!(only([&[], &["batch"]], ["a", "batch"]));
        assert!(!only([&[], &["batch"]], ["a", ""]) && !only([&["a"], &["batch"]], ["a", ""]));
        assert!(only([&[], &["batch", "chat"]], ["a", ""]) && only([&["batch"], &[]], ["", ""]));
    }

    #[test]
    fn an_exception_takes_what_it_names() {
        let except = |lists, names| counted([&[], &[]], lists, names);
        assert!(!except([&[], &["batch"]], ["a", "batch"]));
        assert!(except([&[], &["batch"]], ["a", "chat"]) && except([&[], &["batch"]], ["a", ""]));
        assert!(!except([&["a"], &["batch"]], ["a", "chat"]) && !except([&["a"], &["batch"]], ["b", "batch"]));
        assert!(!counted([&["a", "b"], &[]], [&["b"], &[]], ["b", ""]));
        assert!(counted([&["a", "b"], &[]], [&["b"], &[]], ["a", ""]));
    }
}
