//! nginx access logs in JSON, with whatever keys, as long as the time and the duration are among them. nginx stamps a request
//! when it has been answered.

use super::{Format, Looks};
use crate::traffic::replay::TimeUnit;
use crate::traffic::replay::outcome::Outcome;

pub(super) const FORMAT: Format = Format {
    looks: &[
        Looks::Keys { roots: &[""], has: &["msec", "request_time"], lacks: &[] },
        Looks::Keys { roots: &[""], has: &["time_iso8601", "request_time"], lacks: &[] },
        Looks::Keys { roots: &[""], has: &["time_iso8601", "status"], lacks: &[] },
        Looks::Keys { roots: &[""], has: &["msec", "status"], lacks: &[] },
    ],
    time: &["msec", "time_iso8601"],
    is_completion: true,
    duration: (&[&["request_time"]], TimeUnit::Seconds),
    path: &["request_uri", "uri", "request", "path", "url"],
    failed: Some((&["status"], Outcome::Http)),
    ..Format::NONE
};
