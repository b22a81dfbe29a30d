//! Tables and JSON objects whose columns are found by the names that people give them.

use super::by_hand::{self, Columns};
use super::{TraceFormat, wanted, writing};
use crate::traffic::replay::Replay;
use crate::traffic::replay::digits::is_decimal;
use crate::traffic::replay::error::quote;
use crate::traffic::replay::layout::{Finder, Layout};
use crate::traffic::replay::outcome::{Outcome, is_like_a_status};
use crate::traffic::replay::purpose::Purpose;
use crate::traffic::replay::shape::{Content, Sample};
use crate::traffic::replay::stamp::{Clock, Writing, slashed_date};
use crate::units::grammar::Misread;

/// What one column may be called, in small letters without blanks, `_`, `-` and points.
struct Role {
    key: &'static str,
    what: &'static str,
    names: &'static [&'static str],
    /// Names that other things have, too: they count only if the cells look right.
    weak: &'static [&'static str],
    looks_right: fn(&[u8]) -> bool,
}

const TIME: Role = Role {
    key: "time-column",
    what: "the time",
    names: &[
        "timestamp",
        "datetime",
        "createdat",
        "starttime",
        "startedat",
        "starteddatetime",
        "starttimeunixnano",
        "arrivaltime",
        "arrivedat",
        "arrivaltimestamp",
        "arrival",
        "arrivalunix",
        "gmtcreate",
        "usagedateutc",
        "requestcreatedat",
        "requesttime",
        "requesttimestamp",
        "@timestamp",
        "eventtime",
    ],
    weak: &["ts", "time", "t", "date", "created"],
    looks_right: is_like_a_time,
};

const INPUT: Role = Role {
    key: "input-column",
    what: "the input tokens",
    names: &[
        "inputtokens",
        "prompttokens",
        "tokensprompt",
        "tokensin",
        "tokensinput",
        "inputlength",
        "inputtoks",
        "contexttokens",
        "requesttokens",
        "numprefilltokens",
        "promptsize",
        "promptlength",
        "inputtokencount",
        "prompttokencount",
        "genaiusageinputtokens",
        "genaiusageprompttokens",
    ],
    weak: &["input", "in", "it"],
    looks_right: is_like_a_count,
};

const OUTPUT: Role = Role {
    key: "output-column",
    what: "the output tokens",
    names: &[
        "outputtokens",
        "completiontokens",
        "tokenscompletion",
        "tokensout",
        "tokensoutput",
        "outputlength",
        "outputtoks",
        "generatedtokens",
        "responsetokens",
        "numdecodetokens",
        "tokensize",
        "outputtokencount",
        "candidatestokencount",
        "genaiusageoutputtokens",
        "genaiusagecompletiontokens",
    ],
    weak: &["output", "out", "ot"],
    looks_right: is_like_a_count,
};

/// A part of the input, as OpenAI and most others count it.
const CACHED: Role = Role {
    key: "cached-column",
    what: "the cached input tokens",
    names: &["cachedtokens", "cachedinputtokens", "inputcachedtokens", "tokenscached", "cachedcontenttokencount"],
    weak: &[],
    looks_right: is_like_a_count,
};

/// How a call ended, in a word or a number.
const STATUS: Role = Role {
    key: "status-column",
    what: "how calls ended",
    names: &[],
    weak: &[
        "status",
        "statuscode",
        "httpstatus",
        "httpstatuscode",
        "responsestatus",
        "responsestatuscode",
        "responsecode",
    ],
    looks_right: is_like_a_status,
};

/// The same as a truth value.
const SUCCESS: Role = Role { weak: &["success", "issuccess", "succeeded"], ..STATUS };
/// The same as what went wrong.
const ERROR: Role = Role { weak: &["error", "errorcode", "errortype"], looks_right: |_| true, ..STATUS };

/// Beside the input, as Anthropic counts it.
const CACHE_READ: Role = Role { names: &["cachereadinputtokens", "genaiusagecachereadinputtokens"], ..CACHED };
const CACHE_WRITE: Role = Role { names: &["cachecreationinputtokens", "genaiusagecachecreationinputtokens"], ..CACHED };

/// The columns of `sample` by their names, save those that `spec` states.
pub(super) fn layout(sample: &Sample, spec: &Replay, purpose: Purpose) -> Result<Layout, Misread> {
    let (root, stated) = match &spec.time_column {
        Some(name) => by_hand::locate(sample, name),
        None => (root(sample), String::new()),
    };
    let names: Vec<String> = match &sample.content {
        Content::Table(table) => table.names.clone(),
        Content::Json(tree) => tree.paths(&root).into_iter().map(str::to_owned).collect(),
    };
    let look = Look { sample, root: &root, names: &names };
    let mut finder = Finder::new(sample, &root);
    let time = match &spec.time_column {
        Some(_) => by_hand::named(&mut finder, sample, &root, (TIME.key, &stated))?,
        None => {
            let name = look.find(&TIME)?.ok_or_else(|| no_time(&names))?;
            finder.slot(&[name]).ok_or_else(|| no_time(&names))?
        }
    };
    let told = writing::tell(&finder, sample, time, (spec, true))?;
    let mut columns = Columns::named(&mut finder, sample, &root, spec)?;
    let mut find = |role: &Role| Ok(look.find(role)?.and_then(|name| finder.slot(&[name])));
    if columns.input.is_none() {
        columns.input = find(&INPUT)?;
    }
    if columns.output.is_none() {
        columns.output = find(&OUTPUT)?;
    }
    let (read, write) = (find(&CACHE_READ)?, find(&CACHE_WRITE)?);
    let has_parts = spec.input_column.is_none() && spec.cached_column.is_none() && columns.input.is_some();
    let parts: Vec<usize> = if has_parts { read.into_iter().chain(write).collect() } else { Vec::new() };
    if columns.cached.is_none() {
        columns.cached = if has_parts && read.is_some() { read } else { find(&CACHED)? };
    }
    if columns.failed.is_none() && purpose == Purpose::Measure {
        // A log without it is whole, so that there is nothing to ask where it may be one column or another.
        let one = |role: &Role| look.find(role).unwrap_or_default();
        let name = [STATUS, SUCCESS, ERROR].iter().find_map(one);
        columns.failed = name.and_then(|name| Some((finder.slot(&[name])?, outcome(name))));
    }
    let only = wanted::find(&mut finder, sample, spec, &[])?;
    let mut layout = Layout { only, ..columns.fill(finder.layout(TraceFormat::Table, time, told), spec) };
    if !parts.is_empty() {
        layout.notes.push("input tokens leave out what went through a cache, as Anthropic counts them: added".into());
        layout.input.extend(parts);
    }
    for (slots, what) in [(&layout.input, "input"), (&layout.output, "output")] {
        if slots.is_empty() {
            layout.notes.push(format!("no column holds {what} tokens: those of the scenario are taken"));
        }
    }
    Ok(layout)
}

/// How the column called `name` says how calls ended.
pub(super) fn outcome(name: &str) -> Outcome {
    match () {
        () if SUCCESS.rank(name).is_some() => Outcome::Success,
        () if ERROR.rank(name).is_some() => Outcome::Error,
        () => Outcome::Status,
    }
}

/// Where the objects are that have a time: alone, or in a list.
fn root(sample: &Sample) -> String {
    let Content::Json(tree) = &sample.content else { return String::new() };
    let has_time = |root: &str| tree.paths(root).iter().any(|path| TIME.rank(path).is_some());
    let lists = tree.lists.iter().map(String::as_str);
    // Alone first, then in the list that is least deep.
    let mut roots: Vec<&str> = std::iter::once("").chain(lists).collect();
    roots.sort_by_key(|root| (root.matches('.').count() + usize::from(!root.is_empty()), *root));
    roots.into_iter().find(|root| has_time(root)).unwrap_or_default().to_owned()
}

impl Role {
    /// How well `name` fits: 0 where all of it does, 1 where its last key does; weak names come after the others.
    fn rank(&self, name: &str) -> Option<(usize, bool)> {
        let (whole, last) = (plain(name), plain(name.rsplit('.').next().unwrap_or(name)));
        let fits = |name: &String| {
            let is_in = |names: &[&str]| names.contains(&name.as_str());
            if is_in(self.names) { Some(false) } else { is_in(self.weak).then_some(true) }
        };
        let stem = |plain: String| if self.key == TIME.key { stem_of(name, plain) } else { plain };
        fits(&stem(whole)).map(|is_weak| (0, is_weak)).or_else(|| fits(&stem(last)).map(|is_weak| (1, is_weak)))
    }
}

/// `name` in small letters, without what people put between words.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '.')).collect::<String>().to_lowercase()
}

/// `plain` without the unit at the end of `name`, as in `timestamp_ms`.
fn stem_of(name: &str, plain: String) -> String {
    let unit = writing::last_word(name);
    let is_unit = matches!(unit.as_str(), "s" | "ms" | "us" | "ns" | "sec" | "seconds" | "millis");
    match plain.strip_suffix(unit.as_str()) {
        Some(stem) if is_unit && !stem.is_empty() => stem.to_owned(),
        _ => plain,
    }
}

/// The names of one kind of record, and what they hold.
struct Look<'s> {
    sample: &'s Sample,
    root: &'s str,
    names: &'s [String],
}

impl<'s> Look<'s> {
    /// The one column that may be `role`.
    ///
    /// # Errors
    ///
    /// Where it may be one or another.
    fn find(&self, role: &Role) -> Result<Option<&'s str>, Misread> {
        let ranked = self.names.iter().filter_map(|name| Some((role.rank(name)?, name.as_str())));
        let looks_right = |name: &str| self.found(name).iter().all(|cell| (role.looks_right)(cell.trim_ascii()));
        let mut ranked: Vec<_> = ranked.filter(|((_, is_weak), name)| !is_weak || looks_right(name)).collect();
        ranked.sort();
        let best = ranked.first().map(|(rank, _)| *rank);
        let mut best: Vec<&str> =
            ranked.iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, name)| *name).collect();
        if best.len() > 1 {
            let right: Vec<&str> = best.iter().copied().filter(|name| looks_right(name)).collect();
            best = if right.is_empty() { best } else { right };
        }
        match best[..] {
            [] => Ok(None),
            [name] => Ok(Some(name)),
            [first, second, ..] => {
                let (first, second) = (quote(first.as_bytes()), quote(second.as_bytes()));
                let message = format!("{} may stand in {first} or in {second}", role.what);
                let first = first.trim_matches('`');
                Err(Misread::new(message, format!("say which: `{} = \"{first}\"`", role.key)))
            }
        }
    }

    fn found(&self, name: &str) -> Vec<&'s [u8]> {
        match &self.sample.content {
            Content::Table(table) => table.index(name).map(|index| table.column(index)).unwrap_or_default(),
            Content::Json(tree) => tree.found(self.root, name).iter().map(Vec::as_slice).collect(),
        }
    }
}

fn is_like_a_time(cell: &[u8]) -> bool {
    let is_date = |cell| Clock::new(Writing::default()).read(cell).is_ok();
    cell.is_empty() || is_decimal(cell) || slashed_date(cell).is_some() || is_date(cell)
}

fn is_like_a_count(cell: &[u8]) -> bool {
    let is_number = cell.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b','));
    is_number || [&b"-"[..], b"null", b"nan", b"none"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

fn no_time(names: &[String]) -> Misread {
    let shown: Vec<String> = names.iter().take(16).map(|name| quote(name.as_bytes())).collect();
    let shown = format!("{}{}", shown.join(", "), if names.len() > shown.len() { ", …" } else { "" });
    if names.is_empty() {
        return Misread::new("there is no object in it", "write one object a line, or an array of objects");
    }
    if names.iter().any(|name| name.bytes().any(|byte| byte.is_ascii_digit()) && is_like_a_time(name.as_bytes())) {
        let message = format!("the file has no header: its first line is {shown}");
        return Misread::new(
            message,
            "write the names of the columns above it, as in `timestamp,input_tokens,output_tokens`",
        );
    }
    let message = format!("no column is known to hold the time; there are {shown}");
    Misread::new(message, "name it, as in `time-column = \"created_at\"`: a file without times is no log of requests")
}
