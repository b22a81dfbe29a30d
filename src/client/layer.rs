//! Clients around one another.

use super::Preset;
use super::retry::RetryPolicy;
use crate::params::{Parameters, Presence, Visitor};

/// A client around the client, that tries again on its own: a framework or a gateway.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Layer {
    /// The real client that it is; of it the retries alone are taken.
    pub preset: Option<Preset>,
    /// Its retries; each of its tries is a whole course of what is inside.
    pub retry: RetryPolicy,
}

impl Parameters for Layer {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        if let Some(preset) = super::visit_preset(&mut self.preset, visitor) {
            self.retry = preset.retry;
        }
        visitor.choice("retry", Presence::Optional, &mut self.retry);
    }
}
