//! `ratecast strategies`.

use super::{Status, Strategies, output};
use crate::client::Strategy;
use crate::client::retry::RetryPolicy;
use crate::client::retry::schedule::{Outlook, STREAM, Schedule, WINDOW};
use crate::client::retry::{Failing, MOST_LAYERS};
use crate::params::Choice;
use crate::protocol::Fault;
use crate::scenario::clients::{self, KnownClient};
use crate::scenario::diagnostic::printable;
use crate::units::SimDuration;

/// One of the clients that stand around one another.
struct Layer {
    name: String,
    client: KnownClient,
}

/// What is wrong with the arguments, and how to mend it.
struct Wrong {
    message: String,
    help: String,
}

/// Lists the clients, shows one, or says what several around one another come to.
pub fn run(arguments: &Strategies) -> Status {
    match layers(&arguments.names.join(" ")) {
        Err(Wrong { message, help }) => {
            output::failure_text(&printable(&message), &printable(&help));
            Status::Wrong
        }
        Ok(layers) => output::result(&match &layers[..] {
            [] => list(),
            [one] if clients::text(&one.name).is_some() => show(one),
            several => stack(several),
        }),
    }
}

/// The layers of `A in B in C`, the innermost first.
fn layers(text: &str) -> Result<Vec<Layer>, Wrong> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_misplaced = |(at, word): (usize, &&str)| (*word == "in") != (at % 2 == 1);
    if words.iter().enumerate().any(is_misplaced) || words.last() == Some(&"in") {
        let help = "write `in` between two clients, as in `ratecast strategies openai in envoy`";
        return Err(Wrong { message: format!("`{text}` is no list of clients"), help: help.to_owned() });
    }
    if words.len().div_ceil(2) > MOST_LAYERS {
        let message = format!("`{text}` are more than {MOST_LAYERS} clients around one another");
        return Err(Wrong { message, help: "leave some out".to_owned() });
    }
    words.into_iter().step_by(2).map(layer).collect()
}

/// `NAME`, or `NAME:ATTEMPTS`.
fn layer(text: &str) -> Result<Layer, Wrong> {
    let (name, attempts) = text.split_once(':').map_or((text, None), |(name, attempts)| (name, Some(attempts)));
    let Some(mut client) = clients::client(name) else {
        return Err(Wrong { message: format!("there is no client `{name}`"), help: clients::instead_of(name) });
    };
    if let Some(attempts) = attempts {
        client.retry = with_attempts(client.retry, attempts).ok_or_else(|| Wrong {
            message: format!("`{name}` cannot make `{attempts}` attempts"),
            help: "write a whole number from 1 behind a client that tries again, as in `openai:4`".to_owned(),
        })?;
    }
    Ok(Layer { name: text.to_owned(), client })
}

fn with_attempts(retry: RetryPolicy, attempts: &str) -> Option<RetryPolicy> {
    let attempts: u32 = attempts.parse().ok()?;
    let text = format!("retry.{}.attempts = {attempts}", retry.kind());
    let mut strategy = Strategy { retry, ..Strategy::default() };
    crate::scenario::read_text("attempts", &text, &[], &mut strategy).ok()?;
    Some(strategy.retry)
}

/// Every client under its group; at most 80 columns.
fn list() -> String {
    let mut out = String::new();
    let mut last = String::new();
    for name in clients::names() {
        let Some(client) = clients::client(name) else { continue };
        if client.group != last {
            out += &format!("{}{}\n", if last.is_empty() { "" } else { "\n" }, client.group);
            last = client.group;
        }
        out += &format!("  {name:<30} {}\n", client.summary);
    }
    out + "\nA strategy begins as one of them with `preset = \"NAME\"`.\n"
}

/// The catalogue's file, and as comments what it comes to.
fn show(layer: &Layer) -> String {
    let schedule = Schedule::new([&layer.client.retry]);
    let mut out = clients::text(&layer.name).unwrap_or_default().to_owned();
    let delays = schedule.delays();
    if !delays.is_empty() {
        out +=
            "\n# Before each retry, where no reply carries a hint:\n#   retry        least         mean         most\n";
    }
    for (at, delay) in delays.iter().enumerate() {
        let [least, mean, most] = [delay.least, delay.mean, delay.most].map(rounded);
        out += &format!("#   {:>5} {least:>12} {mean:>12} {most:>12}\n", at + 1);
    }
    out += "\n";
    figures(&schedule).lines().for_each(|line| out += &format!("# {line}\n"));
    out
}

fn stack(layers: &[Layer]) -> String {
    let mut out = String::new();
    for (at, layer) in layers.iter().enumerate() {
        out += &format!("{}{:<27} {}\n", if at == 0 { "   " } else { "in " }, layer.name, layer.client.summary);
    }
    let schedule = Schedule::new(layers.iter().map(|layer| &layer.client.retry));
    out + "\n" + &figures(&schedule)
}

/// What happens where every call fails: by a 429, and by a 503.
fn figures(schedule: &Schedule) -> String {
    let (refused, down) =
        (schedule.outlook(Failing::Refused(None)), schedule.outlook(Failing::Fault(Fault::Unavailable)));
    let minute = WINDOW.as_nanos() / 1_000_000_000;
    let mut out = "Where every call fails at once   by a 429             by a 503\n".to_owned();
    let mut row = |what: &str, say: &dyn Fn(&Outlook) -> String| {
        out += &format!("  {what:<30} {:<20} {}\n", say(&refused), say(&down));
    };
    row("calls per request", &calls);
    row("waiting in all, mean", &|outlook| waiting(outlook.mean_wait));
    row("waiting in all, longest", &|outlook| waiting(outlook.longest_wait));
    out += &match refused.calls {
        (_, _, 1) => "A 429 is not tried again.\n".to_owned(),
        _ => format!(
            "A fixed window of {minute} s that is full when the first call comes, at a random\n\
             instant of it, refuses all the others too: {}\n",
            percent(refused.trapped)
        ),
    };
    let walks = refused.walks.max(down.walks);
    if walks > 0 {
        out += &format!("Means and chances: {walks} draws of the stream `{STREAM}`, seed 1.\n");
    }
    out
}

fn calls(outlook: &Outlook) -> String {
    match (outlook.longest_wait, outlook.calls) {
        (None, _) => "without end".to_owned(),
        (_, (fewest, _, most)) if fewest == most => most.to_string(),
        (_, (fewest, mean, most)) => format!("{mean:.1} ({fewest} to {most})"),
    }
}

fn waiting(wait: Option<SimDuration>) -> String {
    wait.map_or("without end".to_owned(), rounded)
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// To five digits, which is more than any draw tells.
fn rounded(span: SimDuration) -> String {
    let nanos = span.as_nanos();
    let unit = 10u64.pow(nanos.checked_ilog10().unwrap_or(0).saturating_sub(4));
    SimDuration::from_nanos((nanos.saturating_add(unit / 2)) / unit * unit).to_string()
}
