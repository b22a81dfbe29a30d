//! The tiers that come with ratecast, as data: one dated file with its sources for each.

use super::diagnostic::printable;
use super::names::listed;
use super::{Diagnostic, read_text};
use crate::params::{Named, Parameters};
use crate::provider::Tier;
use jiff::civil::Date;
use std::ops::Deref;

/// Figures that are more days old than this are worth another look at their source.
pub const FRESH_DAYS: i32 = 90;

/// Name and text of every tier.
const TIERS: &[(&str, &str)] = &[
    ("claude-free", include_str!("../../catalog/claude-free.toml")),
    ("claude-paid", include_str!("../../catalog/claude-paid.toml")),
    ("anthropic-2024-free", include_str!("../../catalog/anthropic-2024-free.toml")),
    ("anthropic-2024-tier1", include_str!("../../catalog/anthropic-2024-tier1.toml")),
    ("anthropic-2024-tier2", include_str!("../../catalog/anthropic-2024-tier2.toml")),
    ("anthropic-2024-tier3", include_str!("../../catalog/anthropic-2024-tier3.toml")),
    ("anthropic-2024-tier4", include_str!("../../catalog/anthropic-2024-tier4.toml")),
    ("anthropic-2025-tier1", include_str!("../../catalog/anthropic-2025-tier1.toml")),
    ("anthropic-2025-tier2", include_str!("../../catalog/anthropic-2025-tier2.toml")),
    ("anthropic-2025-tier3", include_str!("../../catalog/anthropic-2025-tier3.toml")),
    ("anthropic-2025-tier4", include_str!("../../catalog/anthropic-2025-tier4.toml")),
    ("anthropic-start", include_str!("../../catalog/anthropic-start.toml")),
    ("anthropic-build", include_str!("../../catalog/anthropic-build.toml")),
    ("anthropic-scale", include_str!("../../catalog/anthropic-scale.toml")),
    ("openai-gpt3", include_str!("../../catalog/openai-gpt3.toml")),
    ("openai-2024-tier1", include_str!("../../catalog/openai-2024-tier1.toml")),
    ("openai-2024-tier2", include_str!("../../catalog/openai-2024-tier2.toml")),
    ("openai-2024-tier3", include_str!("../../catalog/openai-2024-tier3.toml")),
    ("openai-2024-tier4", include_str!("../../catalog/openai-2024-tier4.toml")),
    ("openai-2024-tier5", include_str!("../../catalog/openai-2024-tier5.toml")),
    ("openai-tier1", include_str!("../../catalog/openai-tier1.toml")),
    ("openai-tier2", include_str!("../../catalog/openai-tier2.toml")),
    ("openai-tier3", include_str!("../../catalog/openai-tier3.toml")),
    ("openai-tier4", include_str!("../../catalog/openai-tier4.toml")),
    ("openai-tier5", include_str!("../../catalog/openai-tier5.toml")),
    ("gemini-2025-free", include_str!("../../catalog/gemini-2025-free.toml")),
    ("gemini-2025-tier1", include_str!("../../catalog/gemini-2025-tier1.toml")),
    ("gemini-2025-tier2", include_str!("../../catalog/gemini-2025-tier2.toml")),
    ("gemini-2025-tier3", include_str!("../../catalog/gemini-2025-tier3.toml")),
    ("gemini-free-2026", include_str!("../../catalog/gemini-free-2026.toml")),
    ("gemini-tier1", include_str!("../../catalog/gemini-tier1.toml")),
    ("gemini-tier2", include_str!("../../catalog/gemini-tier2.toml")),
    ("gemini-tier3", include_str!("../../catalog/gemini-tier3.toml")),
    ("bedrock-runtime", include_str!("../../catalog/bedrock-runtime.toml")),
    ("bedrock-mantle", include_str!("../../catalog/bedrock-mantle.toml")),
    ("azure-chat-100k", include_str!("../../catalog/azure-chat-100k.toml")),
    ("azure-gpt-1m", include_str!("../../catalog/azure-gpt-1m.toml")),
    ("cohere-trial", include_str!("../../catalog/cohere-trial.toml")),
    ("cohere-trial-rerank", include_str!("../../catalog/cohere-trial-rerank.toml")),
    ("cohere-production", include_str!("../../catalog/cohere-production.toml")),
    ("cohere-production-rerank", include_str!("../../catalog/cohere-production-rerank.toml")),
    ("ai21", include_str!("../../catalog/ai21.toml")),
    ("hugging-face-anonymous", include_str!("../../catalog/hugging-face-anonymous.toml")),
    ("hugging-face-free", include_str!("../../catalog/hugging-face-free.toml")),
    ("hugging-face-pro", include_str!("../../catalog/hugging-face-pro.toml")),
    ("hugging-face-team", include_str!("../../catalog/hugging-face-team.toml")),
    ("hugging-face-enterprise", include_str!("../../catalog/hugging-face-enterprise.toml")),
    ("hugging-face-enterprise-plus", include_str!("../../catalog/hugging-face-enterprise-plus.toml")),
    ("hugging-face-inference-free", include_str!("../../catalog/hugging-face-inference-free.toml")),
    ("mistral-observed", include_str!("../../catalog/mistral-observed.toml")),
    ("groq-free", include_str!("../../catalog/groq-free.toml")),
    ("groq-free-gpt-oss", include_str!("../../catalog/groq-free-gpt-oss.toml")),
    ("groq-developer", include_str!("../../catalog/groq-developer.toml")),
    ("openrouter-free", include_str!("../../catalog/openrouter-free.toml")),
    ("openrouter-free-credit", include_str!("../../catalog/openrouter-free-credit.toml")),
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

/// The warning that figures of `tiers` are more than [`FRESH_DAYS`] old on the day `today`, if there are any. Those of tiers
/// that others took the place of are left out. It names no number of days, so that it is the same tomorrow.
pub fn old_figures<'t>(tiers: impl IntoIterator<Item = (&'t str, &'t Tier)>, today: Date) -> Option<Diagnostic> {
    let is_old =
        |tier: &Tier| tier.superseded_by.is_none() && tier.days_old(today).is_some_and(|days| days > FRESH_DAYS);
    let old: Vec<&str> = tiers.into_iter().filter(|(_, tier)| is_old(tier)).map(|(name, _)| name).collect();
    if old.is_empty() {
        return None;
    }
    let message = format!("figures of tiers are more than {FRESH_DAYS} days old: {}", listed(&old));
    let help =
        "`ratecast tiers NAME` shows their source; state in `[tier.NAME]` what has changed, and its date in `as-of`";
    Some(Diagnostic::warning(printable(&message)).help(help))
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
    fn every_tier_leads_to_one_that_is_there() {
        let next = |name| tier(name).and_then(|tier| tier.price.next.tier);
        let led: Vec<String> = names().filter_map(next).collect();
        assert!(led.len() > 5 && led.iter().all(|name| text(name).is_some()), "{led:?}");
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
