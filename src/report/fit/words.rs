//! The words and cells that every form of a fit shares.

use super::document::{CheckDocument, ParameterDocument, Part, PartDocument};
use crate::report::format::{Figure, number, significant};
use crate::report::table::capitalised;
use crate::report::trace;
use crate::traffic::fit::{Comparison, Doubt, Feature, Fit, Reason, Source, Why};

/// Why this kind of model.
pub(super) fn reason(fit: &Fit) -> String {
    let seen = |feature| fit.comparisons.iter().find(|c| c.feature == feature).map(|c| c.observed);
    let mut dispersions = fit.comparisons.iter().filter(|c| matches!(c.feature, Feature::Dispersion(_)));
    let range = dispersions.next().zip(dispersions.next_back()).map(|(first, last)| {
        let end = |c: &Comparison| format!("{} in {}", significant(c.observed), span(c.feature));
        format!("variance over mean of counts from {} to {}", end(first), end(last))
    });
    let range = range.unwrap_or_else(|| "few windows to compare".to_owned());
    match fit.reason {
        Reason::Chance => format!("counts vary as chance would have them ({range}): independent arrivals"),
        Reason::Clusters => format!(
            "counts vary more than chance would have it ({range}), and requests that come in clusters explain it better than \
             a rate that moves"
        ),
        Reason::Together => format!(
            "many requests come at one instant, which explains the variation of counts ({range}) better than a rate that \
             moves"
        ),
        Reason::SameFactor => format!("counts vary by the same factor in windows of any length ({range}): gamma gaps"),
        Reason::Wanders => format!(
            "counts vary the more the longer the window ({range}): the rate itself moves, and wandering explains it better \
             than being on or off"
        ),
        Reason::Switches => {
            let empty = seen(Feature::EmptyMinutes).map(|count| format!(", {} minutes are empty", whole(count)));
            format!(
                "counts vary the more the longer the window ({range}){}: the rate is on or off, which explains it better \
                 than wandering",
                empty.unwrap_or_default()
            )
        }
    }
}

/// Who was taken apart.
pub(super) fn division(parts: &[Part]) -> String {
    let names: Vec<String> =
        parts.iter().filter_map(|part| part.apart).map(|(client, _)| format!("`{client}`")).collect();
    let names = match names.as_slice() {
        [one] => format!("client {one} comes in a way of its own and is a source of its own"),
        all => format!("clients {} come in ways of their own and are sources of their own", all.join(", ")),
    };
    format!("{names}, beside that of all the others")
}

/// Why a client has a source of its own.
pub(super) fn why(why: Why) -> String {
    match why {
        Why::Arrivals { seen, expected } => format!(
            "variance over mean of its counts in 1min is {}, and would be {} if its requests were any of all",
            significant(seen),
            significant(expected)
        ),
        Why::Sizes => "its requests are less than half or more than twice as large as those of the others".to_owned(),
    }
}

/// What a part is of.
pub(super) fn heading(part: &PartDocument) -> String {
    let (rows, share) = (whole(part.rows as f64), number(part.share, Figure::Share));
    match (&part.client, &part.why) {
        (Some(client), Some(why)) => format!("Client `{client}`: {rows} requests ({share}). {}", capitalised(why)),
        _ => format!("All the others: {rows} requests ({share})"),
    }
}

/// What an interval is from, in documents.
pub(super) fn source(from: Source) -> &'static str {
    match from {
        Source::Blocks => "blocks",
        Source::Runs => "runs",
    }
}

/// A feature's name in documents.
pub(super) fn key(feature: Feature) -> String {
    match feature {
        Feature::Busiest(seconds) => format!("busiest_{seconds}s"),
        Feature::EmptyMinutes => "empty_minutes".to_owned(),
        Feature::Dispersion(seconds) => format!("dispersion_{seconds}s"),
    }
}

/// A feature's name for people.
fn title(name: &str) -> String {
    let Some((kind, window)) = name.split_once('_') else { return name.to_owned() };
    let window = window.strip_suffix('s').and_then(|seconds| seconds.parse::<f64>().ok());
    match (kind, window) {
        ("busiest", Some(seconds)) => format!("busiest {}", time(seconds)),
        ("dispersion", Some(seconds)) => format!("var/mean {}", time(seconds)),
        _ => name.replace('_', " "),
    }
}

fn span(feature: Feature) -> String {
    match feature {
        Feature::Busiest(seconds) | Feature::Dispersion(seconds) => time(seconds as f64),
        Feature::EmptyMinutes => time(60.0),
    }
}

pub(super) fn time(seconds: f64) -> String {
    match seconds {
        120.0 => "2min".to_owned(),
        _ => trace::time(seconds),
    }
}

fn whole(count: f64) -> String {
    number(count, Figure::Count)
}

/// What is doubtful, as a sentence.
pub(super) fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Log(concern) => trace::concern(concern),
        Doubt::Outside(Comparison { feature, observed, fitted, .. }) => {
            let figure = |value: f64| cell(&key(*feature), value);
            format!(
                "{}: the log has {}, nine in ten runs of the model {} {}",
                title(&key(*feature)),
                figure(*observed),
                if *observed > fitted.high { "at most" } else { "at least" },
                figure(if *observed > fitted.high { fitted.high } else { fitted.low }),
            )
        }
        Doubt::Misfit { outside, of } => format!(
            "{outside} of {of} figures of the log lie outside of what eight in ten runs of the model have: it follows another \
             law, so replay the log rather than this"
        ),
        Doubt::LongMemory { memory, span } => format!(
            "the rate moves over about {}, and the log lasts {}: it shows few such moves, and another such log would give \
             other parameters",
            time(*memory),
            time(*span),
        ),
        Doubt::PeaksGrow => {
            "peaks grow with the time: the busiest minute of a week is not that of this log; simulate the \
                             time that you plan for"
                .to_owned()
        }
    }
}

/// A figure of a check: counts as whole numbers.
fn cell(name: &str, value: f64) -> String {
    if name.starts_with("dispersion") { significant(value) } else { whole(value) }
}

/// The rows of the table of checks: name, log, 10 %, median, 90 %, verdict, and the three of the Poisson process.
pub(super) fn checks(of: &[CheckDocument]) -> Vec<[String; 9]> {
    let row = |check: &CheckDocument| {
        let figure = |value: f64| cell(&check.name, value);
        [
            title(&check.name),
            figure(check.observed),
            figure(check.low),
            figure(check.median),
            figure(check.high),
            if check.inside { "inside" } else { "outside" }.to_owned(),
            figure(check.poisson_low),
            figure(check.poisson_median),
            figure(check.poisson_high),
        ]
    };
    of.iter().map(row).collect()
}

/// The rows of the table of parameters: name, estimate, 5 %, 95 %.
pub(super) fn parameters(of: &[ParameterDocument]) -> Vec<[String; 4]> {
    let row = |parameter: &ParameterDocument| {
        let figure = |value: f64| match parameter.name.as_str() {
            "memory" | "on" | "off" | "spread" => time(value),
            "rate" => format!("{}/s", significant(value)),
            _ => significant(value),
        };
        let end = |value: Option<f64>| value.map_or("-".to_owned(), figure);
        [parameter.name.clone(), figure(parameter.value), end(parameter.low), end(parameter.high)]
    };
    of.iter().map(row).collect()
}
