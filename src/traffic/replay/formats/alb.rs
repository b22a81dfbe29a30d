//! Access logs of AWS application load balancers, in the order in which requests were answered. Their last fields have grown
//! over the years; the instant of arrival is the 22nd.

use super::{Clocks, Format, Looks};
use crate::traffic::replay::outcome::Outcome;
use crate::traffic::replay::web::Fields;

pub(super) const FORMAT: Format = Format {
    looks: &[Looks::Lines {
        is: is_like,
        is_web: true,
        names: &[
            "type",
            "time",
            "elb",
            "client:port",
            "target:port",
            "request_processing_time",
            "target_processing_time",
            "response_processing_time",
            "elb_status_code",
            "target_status_code",
            "received_bytes",
            "sent_bytes",
            "request",
            "user_agent",
            "ssl_cipher",
            "ssl_protocol",
            "target_group_arn",
            "trace_id",
            "domain_name",
            "chosen_cert_arn",
            "matched_rule_priority",
            "request_creation_time",
        ],
    }],
    time: &["request_creation_time"],
    clock: Clocks::Dates,
    notes: &["every line is a request to the provider: state `only-path` where some are not"],
    path: &["request"],
    failed: Some((&["elb_status_code"], Outcome::Http)),
    ..Format::NONE
};

/// Whether `line` begins with a protocol and a date, and has the fields up to the instant of arrival.
fn is_like(line: &[u8]) -> bool {
    let mut ends = Vec::new();
    let fields = Fields::of(line, &mut ends);
    let field = |index: usize| fields.get(index).unwrap_or_default();
    let protocols: [&[u8]; 6] = [b"http", b"https", b"h2", b"grpcs", b"ws", b"wss"];
    protocols.contains(&field(0)) && field(1).get(10) == Some(&b'T') && field(21).get(10) == Some(&b'T')
}
