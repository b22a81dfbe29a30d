//! Tenants evenly.

use super::{OrderModel, Place};
use crate::client::Estimate;
use crate::params::{Parameters, Visitor};
use crate::protocol::{Class, Request};

crate::words! {
    /// Whose requests share the line evenly with those of others.
    #[derive(Default)]
    pub enum Tenancy {
        /// Those of each client.
        #[default]
        Client = "client",
        /// Those of each team; all that name none are one team.
        Team = "team",
        /// Those of each class.
        Class = "class",
    }
}

impl Tenancy {
    /// The name of the tenant that requests of `class` belong to, where that goes by class.
    pub fn name_of(self, class: &Class) -> &str {
        match self {
            Tenancy::Client => "",
            Tenancy::Team => class.labels.team.as_deref().unwrap_or(""),
            Tenancy::Class => &class.name,
        }
    }
}

crate::words! {
    /// What is shared evenly.
    #[derive(Default)]
    pub enum Cost {
        /// Tokens, prompt and expected answer together.
        #[default]
        Tokens = "tokens",
        /// Requests, whatever their size: tenants take turns.
        Requests = "requests",
    }
}

/// Start-time fair queuing (Goyal, Vin and Cheng, IEEE/ACM Transactions on Networking 5, 1997), all tenants with equal
/// weight: a request's start tag is the virtual time at its arrival or the tag at which its tenant's last one ended,
/// whichever is later, it ends at that plus its cost, the lowest start tag goes first, and virtual time is the tag of the one
/// that went last. Between two tenants that both have requests waiting, what they were given differs by no more than the
/// largest request of each. When nobody waits, accounts are level again.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Fair {
    /// Whose requests share evenly with those of others.
    pub by: Tenancy,
    /// What is shared.
    pub cost: Cost,
    /// How the answer is guessed, where tokens are shared.
    pub estimate: Estimate,
}

impl Parameters for Fair {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("by", &mut self.by);
        visitor.optional("cost", &mut self.cost);
        visitor.optional("estimate", &mut self.estimate);
    }
}

impl OrderModel for Fair {
    /// Within a tenant who joined first goes first.
    fn rank(&self, _place: &Place, _number: u64) -> u64 {
        0
    }

    /// A request without tokens takes its turn all the same.
    fn size(&self, request: &Request, class: &Class) -> u64 {
        match self.cost {
            Cost::Tokens => self.estimate.tokens(request, class).max(1),
            Cost::Requests => 1,
        }
    }

    fn tenancy(&self) -> Option<Tenancy> {
        Some(self.by)
    }
}
