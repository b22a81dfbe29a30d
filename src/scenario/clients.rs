//! Real clients as presets, as data: one dated file with its source for each.

use super::names::{listed, nearest};
use super::read_text;
use crate::client::Preset;
use crate::client::adaptive::rate::SendRate;
use crate::client::control::Throttle;
use crate::client::control::breaker::CircuitBreaker;
use crate::client::control::budget::RetryBudget;
use crate::client::flow::Pacing;
use crate::client::retry::RetryPolicy;
use crate::params::{Literal, Parameter, Parameters, Presence, Visitor, quoted};
use crate::units::SimDuration;
use crate::units::grammar::Misread;

/// Name and text of every client.
const CLIENTS: &[(&str, &str)] = &[
    ("anthropic", include_str!("../../catalog/clients/anthropic.toml")),
    ("anthropic-1.0", include_str!("../../catalog/clients/anthropic-1.0.toml")),
    ("openai", include_str!("../../catalog/clients/openai.toml")),
    ("openai-2.50", include_str!("../../catalog/clients/openai-2.50.toml")),
    ("groq", include_str!("../../catalog/clients/groq.toml")),
    ("cohere", include_str!("../../catalog/clients/cohere.toml")),
    ("mistralai", include_str!("../../catalog/clients/mistralai.toml")),
    ("mistralai-configured", include_str!("../../catalog/clients/mistralai-configured.toml")),
    ("google-genai", include_str!("../../catalog/clients/google-genai.toml")),
    ("google-genai-options", include_str!("../../catalog/clients/google-genai-options.toml")),
    ("ai21", include_str!("../../catalog/clients/ai21.toml")),
    ("ai21-configured", include_str!("../../catalog/clients/ai21-configured.toml")),
    ("huggingface-hub", include_str!("../../catalog/clients/huggingface-hub.toml")),
    ("tenacity", include_str!("../../catalog/clients/tenacity.toml")),
    ("tenacity-exponential", include_str!("../../catalog/clients/tenacity-exponential.toml")),
    ("tenacity-random-exponential", include_str!("../../catalog/clients/tenacity-random-exponential.toml")),
    ("tenacity-random-exponential-8", include_str!("../../catalog/clients/tenacity-random-exponential-8.toml")),
    ("tenacity-exponential-jitter", include_str!("../../catalog/clients/tenacity-exponential-jitter.toml")),
    ("backoff-expo", include_str!("../../catalog/clients/backoff-expo.toml")),
    ("backoff-fibo", include_str!("../../catalog/clients/backoff-fibo.toml")),
    ("backoff-constant", include_str!("../../catalog/clients/backoff-constant.toml")),
    ("urllib3", include_str!("../../catalog/clients/urllib3.toml")),
    ("urllib3-configured", include_str!("../../catalog/clients/urllib3-configured.toml")),
    ("httpx", include_str!("../../catalog/clients/httpx.toml")),
    ("google-api-core", include_str!("../../catalog/clients/google-api-core.toml")),
    ("azure-core", include_str!("../../catalog/clients/azure-core.toml")),
    ("botocore-legacy", include_str!("../../catalog/clients/botocore-legacy.toml")),
    ("botocore-standard-1.43", include_str!("../../catalog/clients/botocore-standard-1.43.toml")),
    ("botocore-standard", include_str!("../../catalog/clients/botocore-standard.toml")),
    ("botocore-adaptive", include_str!("../../catalog/clients/botocore-adaptive.toml")),
    ("litellm-router", include_str!("../../catalog/clients/litellm-router.toml")),
    ("litellm-completion", include_str!("../../catalog/clients/litellm-completion.toml")),
    ("litellm-completion-exponential", include_str!("../../catalog/clients/litellm-completion-exponential.toml")),
    ("langchain-decorator", include_str!("../../catalog/clients/langchain-decorator.toml")),
    ("langchain-with-retry", include_str!("../../catalog/clients/langchain-with-retry.toml")),
    ("langchain-rate-limiter", include_str!("../../catalog/clients/langchain-rate-limiter.toml")),
    ("llamaindex-openai", include_str!("../../catalog/clients/llamaindex-openai.toml")),
    ("llamaindex-anthropic", include_str!("../../catalog/clients/llamaindex-anthropic.toml")),
    ("cenkalti-backoff", include_str!("../../catalog/clients/cenkalti-backoff.toml")),
    ("rust-backoff", include_str!("../../catalog/clients/rust-backoff.toml")),
    ("backon", include_str!("../../catalog/clients/backon.toml")),
    ("backon-jitter", include_str!("../../catalog/clients/backon-jitter.toml")),
    ("reqwest-retry", include_str!("../../catalog/clients/reqwest-retry.toml")),
    ("reqwest-retry-bounded", include_str!("../../catalog/clients/reqwest-retry-bounded.toml")),
    ("tower", include_str!("../../catalog/clients/tower.toml")),
    ("resilience4j", include_str!("../../catalog/clients/resilience4j.toml")),
    ("resilience4j-exponential", include_str!("../../catalog/clients/resilience4j-exponential.toml")),
    ("resilience4j-randomised", include_str!("../../catalog/clients/resilience4j-randomised.toml")),
    ("resilience4j-breaker", include_str!("../../catalog/clients/resilience4j-breaker.toml")),
    ("resilience4j-breaker-timed", include_str!("../../catalog/clients/resilience4j-breaker-timed.toml")),
    ("polly", include_str!("../../catalog/clients/polly.toml")),
    ("polly-linear", include_str!("../../catalog/clients/polly-linear.toml")),
    ("polly-exponential", include_str!("../../catalog/clients/polly-exponential.toml")),
    ("polly-jitter", include_str!("../../catalog/clients/polly-jitter.toml")),
    ("polly-linear-jitter", include_str!("../../catalog/clients/polly-linear-jitter.toml")),
    ("polly-exponential-jitter", include_str!("../../catalog/clients/polly-exponential-jitter.toml")),
    ("grpc", include_str!("../../catalog/clients/grpc.toml")),
    ("grpc-before-2024", include_str!("../../catalog/clients/grpc-before-2024.toml")),
    ("envoy", include_str!("../../catalog/clients/envoy.toml")),
    ("finagle", include_str!("../../catalog/clients/finagle.toml")),
    ("google-sre", include_str!("../../catalog/clients/google-sre.toml")),
];

/// A client as its file states it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct KnownClient {
    /// A line about it.
    pub summary: String,
    /// What it stands beside in a list.
    pub group: String,
    /// The version whose figures these are.
    pub version: String,
    /// Where they were read.
    pub source: String,
    /// When: `2026` or `2026-11`.
    pub as_of: String,
    /// What its figures leave out, and what was assumed.
    pub notes: Option<Vec<String>>,
    /// Its retries.
    pub retry: RetryPolicy,
    /// Its budget for them, if it has one.
    pub budget: Option<RetryBudget>,
    /// Its breaker, if it has one.
    pub breaker: Option<CircuitBreaker>,
    /// Its throttling of itself, if it does.
    pub throttle: Option<Throttle>,
    /// How it learns how fast to send, if it does.
    pub send_rate: Option<SendRate>,
    /// How long it waits for the answer to a call, if not for ever.
    pub timeout: Option<SimDuration>,
    /// Its pace, if it keeps one.
    pub pacing: Option<Pacing>,
}

impl Parameters for KnownClient {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("summary", &mut self.summary);
        visitor.required("group", &mut self.group);
        visitor.required("version", &mut self.version);
        visitor.required("source", &mut self.source);
        visitor.required("as-of", &mut self.as_of);
        visitor.optional("notes", &mut self.notes);
        visitor.optional("timeout", &mut self.timeout);
        visitor.choice("retry", Presence::Required, &mut self.retry);
        visitor.choice("budget", Presence::Optional, &mut self.budget);
        visitor.choice("breaker", Presence::Optional, &mut self.breaker);
        visitor.optional_section("throttle", &mut self.throttle);
        visitor.choice("send-rate", Presence::Optional, &mut self.send_rate);
        visitor.optional_section("pacing", &mut self.pacing);
    }
}

/// The names of all clients.
pub fn names() -> impl Iterator<Item = &'static str> {
    CLIENTS.iter().map(|(name, _)| *name)
}

/// The text of the file of the client called `name`.
pub fn text(name: &str) -> Option<&'static str> {
    CLIENTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The client called `name`.
///
/// # Panics
/// If the file that was compiled in cannot be read, which a test rules out.
pub fn client(name: &str) -> Option<KnownClient> {
    let mut client = KnownClient::default();
    match read_text(&format!("catalog/clients/{name}.toml"), text(name)?, &[], &mut client) {
        Ok(_) => Some(client),
        Err(failure) => panic!("a catalogue file is broken: {failure}"),
    }
}

/// What to say to somebody who asks for a client that there is not: the one that was meant, or where they are listed.
pub fn instead_of(name: &str) -> String {
    match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known clients: {}; `ratecast strategies` lists them", listed(&names().collect::<Vec<_>>())),
    }
}

impl Parameter for Preset {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let Literal::Text(name) = literal else {
            let help = "write the name of a client, as in `\"anthropic\"`; `ratecast strategies` lists them";
            return Err(Misread::new(format!("found {}", literal.describe()), help));
        };
        let Some(client) = client(name) else {
            return Err(Misread::new(format!("there is no client `{name}`"), instead_of(name)));
        };
        let KnownClient { retry, budget, breaker, throttle, send_rate, timeout, pacing, .. } = client;
        *self = Preset { name: (*name).to_owned(), retry, budget, breaker, throttle, send_rate, timeout, pacing };
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.name))
    }
}
