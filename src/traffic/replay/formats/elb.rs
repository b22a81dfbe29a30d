//! Access logs of AWS classic load balancers, stamped when a request came, in the order in which requests were answered.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::digits::is_decimal;
use crate::traffic::replay::outcome::Outcome;
use crate::traffic::replay::web::Fields;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Lines {
        is: is_like,
        is_web: true,
        names: &[
            "timestamp",
            "elb",
            "client:port",
            "backend:port",
            "request_processing_time",
            "backend_processing_time",
            "response_processing_time",
            "elb_status_code",
            "backend_status_code",
            "received_bytes",
            "sent_bytes",
            "request",
            "user_agent",
            "ssl_cipher",
            "ssl_protocol",
        ],
    }],
    time: &["timestamp"],
    clock: Clocks::Dates,
    notes: &["every line is a request to the provider: state `only-path` where some are not"],
    path: &["request"],
    failed: Some((&["elb_status_code"], Outcome::Http)),
    ..Format::NONE
};

/// Whether `line` begins with a date, has three processing times, of which `-1` is none, and a quoted request.
fn is_like(line: &[u8]) -> bool {
    let mut ends = Vec::new();
    let fields = Fields::of(line, &mut ends);
    let field = |index: usize| fields.get(index).unwrap_or_default();
    let are_times = (4..7).all(|index| field(index) == b"-1" || is_decimal(field(index)));
    field(0).get(10) == Some(&b'T') && field(2).contains(&b':') && are_times && fields.opens_with(11, b'"')
}
