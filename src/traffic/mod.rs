//! Where requests come from: when each one arrives and how many tokens it carries.

pub mod replay;
