//! Clients around one another.

use super::Preset;
use super::retry::RetryPolicy;
use crate::params::{Parameters, Presence, Visitor};

/// A client around the client, that tries again on its own: a framework or a gateway.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Layer {
    /// The real client that it is.
    pub preset: Option<Preset>,
    /// Its retries; each of its tries is a whole course of what is inside.
    pub retry: RetryPolicy,
}

impl Parameters for Layer {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        super::visit_preset(&mut self.preset, &mut self.retry, visitor);
        visitor.choice("retry", Presence::Optional, &mut self.retry);
    }
}
