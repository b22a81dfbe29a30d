//! The tiers that come with ratecast, as data: one dated file with its sources for each.

use super::read_text;
use crate::params::{Named, Parameters};
use crate::provider::Tier;
use std::ops::Deref;

/// Name and text of every tier.
const TIERS: &[(&str, &str)] = &[
    ("claude-free", include_str!("../../catalog/claude-free.toml")),
    ("claude-paid", include_str!("../../catalog/claude-paid.toml")),
    ("openai-gpt3", include_str!("../../catalog/openai-gpt3.toml")),
];

/// The names of all tiers.
pub fn names() -> impl Iterator<Item = &'static str> {
    TIERS.iter().map(|(name, _)| *name)
}

/// The text of the file of the tier called `name`.
pub fn text(name: &str) -> Option<&'static str> {
    TIERS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The tier called `name`.
///
/// # Panics
/// If the file that was compiled in cannot be read, which a test rules out.
pub fn tier(name: &str) -> Option<Tier> {
    let mut tier = Tier::default();
    match read_text(&format!("catalog/{name}.toml"), text(name)?, &[], &mut tier) {
        Ok(_) => Some(tier),
        Err(failure) => panic!("a catalogue file is broken: {failure}"),
    }
}

/// The tiers of a scenario by name. One that the catalogue knows begins as it is there, so that a scenario states only
/// what differs.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Tiers(Vec<(String, Tier)>);

impl Tiers {
    /// The tier called `name`, if the scenario has it.
    pub fn find(&self, name: &str) -> Option<&Tier> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, tier)| tier)
    }

    /// Adds a tier, or changes the one of that name.
    pub fn insert(&mut self, name: &str, tier: Tier) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = tier,
            None => self.0.push((name.to_owned(), tier)),
        }
    }
}

impl Deref for Tiers {
    type Target = [(String, Tier)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Named for Tiers {
    fn names(&self) -> Vec<String> {
        self.0.names()
    }

    fn entry(&mut self, name: &str) -> &mut dyn Parameters {
        if self.find(name).is_none()
            && let Some(tier) = tier(name)
        {
            self.insert(name, tier);
        }
        self.0.entry(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_is_readable_sourced_and_dated() {
        for name in names() {
            let tier = tier(name).unwrap();
            assert!(!tier.summary.is_empty() && !tier.source.is_empty() && !tier.as_of.is_empty(), "{name}");
            assert!(!tier.limits.is_empty() && tier.size().is_finite(), "{name}");
        }
    }

    #[test]
    fn a_scenario_changes_only_what_it_states() {
        let mut tiers = Tiers::default();
        let text = "[tiers.claude-paid]\nprice.month = \"20 USD/month\"\n";
        struct Holder<'t>(&'t mut Tiers);
        impl Parameters for Holder<'_> {
            fn visit(&mut self, visitor: &mut dyn crate::params::Visitor) {
                visitor.named("tiers", self.0);
            }
        }
        read_text("test", text, &[], &mut Holder(&mut tiers)).unwrap();
        let (changed, original) = (tiers.find("claude-paid").unwrap(), tier("claude-paid").unwrap());
        assert_eq!(changed.limits, original.limits);
        assert!(changed.price.month.is_some() && original.price.month.is_none());
    }
}
