//! Recorded traffic, streamed in a fixed amount of memory from a file in any of the layouts that users have.
//!
//! [`Replay`] is what a scenario says about a log, [`TraceReader`] reads its rows block by block, and [`describe`] passes
//! over the whole file once, so that everything wrong with it shows before a run. [`Detected`] says how a file was read.
//!
//! ```text
//!  file ──► source ──► records · json · web ──► layout ──► readings ──► sort · periods ──► reader
//!           unpacks    one record at a time     which      one stamp     order of time     simulated
//!                                               cells      and counts                      instants
//! ```
//!
//! A layout is one file in `formats` and one line in its list: what it looks like and which cells mean what. The rest is
//! shared.

mod ahead;
mod cells;
mod clients;
mod count;
mod detected;
mod digits;
mod error;
mod formats;
mod json;
mod key;
mod layout;
mod nested;
mod only;
mod open;
mod order;
mod outcome;
mod paths;
mod periods;
mod plain;
mod play;
mod purpose;
mod quotes;
mod reader;
mod readings;
mod records;
mod row;
mod shape;
mod sort;
mod source;
mod speed;
mod spread;
mod stamp;
mod summary;
mod ties;
mod web;
mod window;

pub use detected::{Container, Detected};
pub(super) use error::quote;
pub use error::{TraceError, TraceErrorKind};
pub use formats::TraceFormat;
pub use only::Only;
pub use play::Player;
pub use reader::{TraceReader, TraceRow};
pub use source::Packing;
pub use summary::{TokenCounts, TraceSummary, describe};

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimDuration};
use crate::words;

words! {
    /// What the number in a time column counts.
    pub enum TimeUnit {
        /// Seconds.
        Seconds = "s",
        /// Milliseconds.
        Millis = "ms",
        /// Microseconds.
        Micros = "us",
        /// Nanoseconds.
        Nanos = "ns",
    }
}

words! {
    /// What comes first in dates such as `03/04/2025`.
    #[derive(Default)]
    pub enum DateOrder {
        /// The day, as in most of the world.
        #[default]
        DayFirst = "day-first",
        /// The month, as in the United States.
        MonthFirst = "month-first",
    }
}

words! {
    /// What groups the digits of large counts.
    #[derive(Default)]
    pub enum Thousands {
        /// Nothing: a point is a decimal point, and `374.000` is 374.
        #[default]
        None = "none",
        /// A point: `1.374` is 1374.
        Point = ".",
        /// A comma: `1,374` is 1374.
        Comma = ",",
    }
}

words! {
    /// When in the life of a request its time stamp was taken.
    #[derive(Default)]
    pub enum StampedAt {
        /// When it arrived.
        #[default]
        Arrival = "arrival",
        /// When it was answered: its duration, where there is one, is taken away.
        Completion = "completion",
    }
}

words! {
    /// What happens to rows that are earlier than the row above.
    #[derive(Default)]
    pub enum RowOrder {
        /// They are sorted by time, rows of one instant as they stand in the file.
        #[default]
        Sort = "sort",
        /// They are refused.
        File = "file",
    }
}

words! {
    /// Where in its period a request arrives of which only the period is known.
    #[derive(Default)]
    pub enum Spread {
        /// The first at the start of the period, the others at equal steps.
        #[default]
        Even = "even",
        /// Anywhere, all instants equally likely, as in a Poisson process of which the count is known.
        Random = "random",
    }
}

words! {
    /// Where requests arrive that share a stamp, because the clock of the log is coarse.
    #[derive(Default)]
    pub enum Ties {
        /// All at their stamp.
        #[default]
        Keep = "keep",
        /// The first at their stamp, the others at equal parts of the step up to the next.
        Even = "even",
        /// Anywhere in the step from their stamp on, all instants equally likely.
        Random = "random",
    }
}

impl TimeUnit {
    /// Nanoseconds in one of it.
    pub const fn nanos(self) -> u64 {
        match self {
            TimeUnit::Seconds => 1_000_000_000,
            TimeUnit::Millis => 1_000_000,
            TimeUnit::Micros => 1_000,
            TimeUnit::Nanos => 1,
        }
    }

    /// The plural noun.
    const fn name(self) -> &'static str {
        match self {
            TimeUnit::Seconds => "seconds",
            TimeUnit::Millis => "milliseconds",
            TimeUnit::Micros => "microseconds",
            TimeUnit::Nanos => "nanoseconds",
        }
    }
}

impl Default for TimeUnit {
    /// Seconds; no scenario relies on it, a unit that is left out stays unknown.
    fn default() -> Self {
        TimeUnit::Seconds
    }
}

/// A recorded log that is played back, its first request at the start of the scenario or `delay` later.
#[derive(Clone, PartialEq, Debug)]
pub struct Replay {
    /// The path of the log.
    pub file: String,
    /// How the log is laid out; [`TraceFormat::Auto`] tells it from the content.
    pub format: TraceFormat,
    /// How many times faster than recorded the log is played, in `1e-6..=1e6`.
    pub speed: f64,
    /// Where in the log to begin, as recorded after its first row; what lies before is left out.
    pub from: Option<SimDuration>,
    /// Where in the log to end, likewise; later than `from`.
    pub to: Option<SimDuration>,
    /// Whether the log begins anew when it ends, as often as the scenario lasts.
    pub repeat: bool,
    /// How long a lap of a log is that begins anew or plays several times at once, as recorded, at least 1 ms played; where it
    /// is left out, the window, or the span of the log and a mean gap.
    pub lap: Option<SimDuration>,
    /// How many copies of the log play at once, in `1..=1000`: the first as it stands, the others each from a random place
    /// of the lap on and around its end, so that their peaks do not fall together.
    pub multiply: u32,
    /// The share of the rows that is played, each by chance; above 0, at most all.
    pub thin: Share,
    /// How long after the start of the scenario its first row plays.
    pub delay: SimDuration,
    /// The column of time stamps, by its name in the header or its dotted path in JSON, as in `usage.at`.
    pub time_column: Option<String>,
    /// What the numbers in the time column count; absent where stamps are dates such as `2023-11-16 18:15:46.68`.
    pub time_unit: Option<TimeUnit>,
    /// What comes first in dates such as `03/04/2025`; absent where the file itself settles it.
    pub date_order: Option<DateOrder>,
    /// The zone whose clocks dates show that name none, as in `Europe/Berlin`; UTC where it is left out. Of a time that the
    /// clocks repeat, a row is at the instant nearer to the row above, or in the order of the file at the first that is not
    /// before it; one that they skip is as much later as they skip.
    pub zone: Option<String>,
    /// When in the life of a request its time stamp was taken.
    pub stamped_at: Option<StampedAt>,
    /// The column of how long each request took; taken from stamps of completion.
    pub duration_column: Option<String>,
    /// What the numbers in the duration column count; milliseconds where it is absent.
    pub duration_unit: Option<TimeUnit>,
    /// The column of input tokens, cached ones included; without it no row has a count.
    pub input_column: Option<String>,
    /// The column of those input tokens that were read from a cache.
    pub cached_column: Option<String>,
    /// The column of output tokens; without it no row has a count.
    pub output_column: Option<String>,
    /// The column of who asks: rows with the same text are those of one client. Without it all are one client's, or those of
    /// the source's `clients`.
    pub client_column: Option<String>,
    /// The column of what each request asks for, such as a hash of its prompt: rows with the same text ask for the same, and a
    /// row without any for something of its own. Mooncake's and Bailian's logs say it without being asked. It takes the
    /// place of the source's `cache-keys`.
    pub key_column: Option<String>,
    /// The column of how each call ended: an HTTP status, a word such as `failure`, a truth value, or what went wrong.
    pub status_column: Option<String>,
    /// What groups the digits of counts; absent where no count is doubtful.
    pub thousands: Option<Thousands>,
    /// The path of the requests that are read, without a query, in logs that have one; with a `*` at the end, what it begins
    /// with. The others are left out.
    pub only_path: Option<String>,
    /// Which rows are read, by the value of a column; the others are left out.
    pub only: Option<Only>,
    /// What happens to rows that are earlier than the row above.
    pub order: RowOrder,
    /// Where the requests of a period arrive, in logs of counts per period.
    pub spread: Spread,
    /// What the places of [`Spread::Random`] and [`Ties::Random`] are drawn from.
    pub spread_seed: u64,
    /// Where requests arrive that share a stamp; they keep their order. No matter in logs of counts per period.
    pub ties: Ties,
    /// The step of the log's clock, over which ties are spread, above zero; absent where it is the largest one on which all
    /// stamps lie.
    pub tie_step: Option<SimDuration>,
    /// How long a period is, in logs of counts; absent where the file shows it.
    pub period: Option<SimDuration>,
    /// Input and output tokens of a typical request, at least 1: needed by logs that count tokens and no requests.
    pub tokens_per_request: Option<u64>,
    /// From the start of one session to the start of the next, in logs in which each session has its own zero.
    pub session_every: Option<SimDuration>,
}

impl Default for Replay {
    fn default() -> Self {
        Replay {
            file: String::new(),
            format: TraceFormat::Auto,
            speed: 1.0,
            from: None,
            to: None,
            repeat: false,
            lap: None,
            multiply: 1,
            thin: Share::ONE,
            delay: SimDuration::ZERO,
            time_column: None,
            time_unit: None,
            date_order: None,
            zone: None,
            stamped_at: None,
            duration_column: None,
            duration_unit: None,
            input_column: None,
            cached_column: None,
            output_column: None,
            client_column: None,
            key_column: None,
            status_column: None,
            thousands: None,
            only_path: None,
            only: None,
            order: RowOrder::Sort,
            spread: Spread::Even,
            spread_seed: 1,
            ties: Ties::Keep,
            tie_step: None,
            period: None,
            tokens_per_request: None,
            session_every: None,
        }
    }
}

impl Parameters for Replay {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("file", &mut self.file);
        visitor.optional("format", &mut self.format);
        visitor.optional("time-column", &mut self.time_column);
        visitor.optional("time-unit", &mut self.time_unit);
        visitor.optional("date-order", &mut self.date_order);
        visitor.optional("zone", &mut self.zone);
        visitor.optional("stamped-at", &mut self.stamped_at);
        visitor.optional("duration-column", &mut self.duration_column);
        visitor.optional("duration-unit", &mut self.duration_unit);
        visitor.optional("input-column", &mut self.input_column);
        visitor.optional("cached-column", &mut self.cached_column);
        visitor.optional("output-column", &mut self.output_column);
        visitor.optional("client-column", &mut self.client_column);
        visitor.optional("key-column", &mut self.key_column);
        visitor.optional("status-column", &mut self.status_column);
        visitor.optional("thousands", &mut self.thousands);
        visitor.optional("only-path", &mut self.only_path);
        visitor.optional_section("only", &mut self.only);
        visitor.optional("order", &mut self.order);
        visitor.optional("spread", &mut self.spread);
        visitor.optional("spread-seed", &mut self.spread_seed);
        visitor.optional("ties", &mut self.ties);
        visitor.optional("tie-step", &mut self.tie_step);
        visitor.optional("period", &mut self.period);
        visitor.optional("tokens-per-request", &mut self.tokens_per_request);
        visitor.optional("session-every", &mut self.session_every);
        visitor.optional("speed", &mut self.speed);
        visitor.optional("from", &mut self.from);
        visitor.optional("to", &mut self.to);
        visitor.optional("loop", &mut self.repeat);
        visitor.optional("lap", &mut self.lap);
        visitor.optional("multiply", &mut self.multiply);
        visitor.optional("thin", &mut self.thin);
        visitor.optional("delay", &mut self.delay);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.file.is_empty() {
            return Err(Invalid::new("file", "the path is empty", "write the path of a log, such as a CSV file"));
        }
        if !(1e-6..=1e6).contains(&self.speed) {
            let message = format!("the speed `{:?}` is outside 0.000001 to 1000000", self.speed);
            return Err(Invalid::new("speed", message, "write `2` to play the log twice as fast"));
        }
        if self.tokens_per_request == Some(0) {
            let message = "a request of no tokens can stand for none";
            return Err(Invalid::new("tokens-per-request", message, "write a typical size, as in `1500`"));
        }
        crate::traffic::check_zone(self.zone.as_deref())?;
        if self.tie_step.is_some_and(SimDuration::is_zero) {
            return Err(Invalid::new("tie-step", "no tie can be spread over no time", "write a length, as in `1s`"));
        }
        if self.tie_step.is_some() && self.ties == Ties::Keep {
            let message = "it says over how long ties are spread, and they are kept";
            return Err(Invalid::new("tie-step", message, "set `ties = \"even\"` or `\"random\"`, or leave it out"));
        }
        if self.period.is_some_and(SimDuration::is_zero) {
            return Err(Invalid::new("period", "the period is empty", "write its length, as in `\"5min\"`"));
        }
        if self.format == TraceFormat::Csv && self.time_column.is_none() {
            let message = "the format `csv` does not say which column holds the time stamps";
            return Err(Invalid::new("time-column", message, "write the column's name as in the header of the file"));
        }
        if !matches!(self.format, TraceFormat::Csv | TraceFormat::Table | TraceFormat::Auto) {
            self.check_fixed_columns()?;
        }
        self.check_distinct_columns()?;
        self.check_play()
    }
}

impl Replay {
    fn check_play(&self) -> Result<(), Invalid> {
        if let (from, Some(to)) = (self.from.unwrap_or(SimDuration::ZERO), self.to)
            && to <= from
        {
            let message = format!("the window ends at {to}, not after it begins, at {from}");
            return Err(Invalid::new("to", message, "write a later end, or leave it out"));
        }
        if let Some(lap) = self.lap {
            if !self.repeat && self.multiply == 1 {
                let help = "write `loop = true` or `multiply` as well, or leave `lap` out";
                return Err(Invalid::new("lap", "a log that plays once has no laps", help));
            }
            if lap.scale(1.0 / self.speed) < play::SHORTEST_LAP {
                let help = "write how long the log lasts, as in `\"1d\"`";
                return Err(Invalid::new("lap", format!("a lap of {lap} plays in less than a millisecond"), help));
            }
        }
        if !(1..=1_000).contains(&self.multiply) {
            let message = format!("{} copies are outside 1 to 1000", self.multiply);
            return Err(Invalid::new("multiply", message, "write `2` for twice the traffic, and `thin` for less"));
        }
        if self.thin == Share::default() || self.thin > Share::ONE {
            let message = format!("`{}` is outside above 0% to 100%", self.thin);
            return Err(Invalid::new(
                "thin",
                message,
                "write the share that is kept, as in `\"10%\"`, and `multiply` for more",
            ));
        }
        Ok(())
    }

    /// The keys that name a column, and the names.
    fn columns(&self) -> [(&'static str, Option<&String>); 8] {
        [
            ("time-column", self.time_column.as_ref()),
            ("duration-column", self.duration_column.as_ref()),
            ("input-column", self.input_column.as_ref()),
            ("cached-column", self.cached_column.as_ref()),
            ("output-column", self.output_column.as_ref()),
            ("client-column", self.client_column.as_ref()),
            ("key-column", self.key_column.as_ref()),
            ("status-column", self.status_column.as_ref()),
        ]
    }

    /// Those of them that a known layout fixes.
    fn fixed_columns(&self) -> impl Iterator<Item = (&'static str, Option<&String>)> {
        self.columns().into_iter().filter(|(key, _)| !matches!(*key, "client-column" | "key-column" | "status-column"))
    }

    fn check_fixed_columns(&self) -> Result<(), Invalid> {
        let unit = ("time-unit", self.time_unit.is_some() && self.format.fixes_unit());
        let duration_unit = ("duration-unit", self.duration_unit.is_some());
        let stated = self.fixed_columns().map(|(key, name)| (key, name.is_some()));
        match stated.chain([unit, duration_unit]).find(|&(_, is_stated)| is_stated) {
            None => Ok(()),
            Some((key, _)) => {
                let message =
                    format!("the format `{}` fixes its columns, so `{key}` has no meaning", self.format.word());
                Err(Invalid::new(key, message, format!("leave `{key}` out, or set `format = \"csv\"`")))
            }
        }
    }

    fn check_distinct_columns(&self) -> Result<(), Invalid> {
        let columns = self.columns();
        for (at, &(key, name)) in columns.iter().enumerate() {
            if let Some(&(other, _)) = columns[..at].iter().find(|(_, other)| name.is_some() && *other == name) {
                let message = format!("`{key}` and `{other}` name the same column");
                let help = format!("name another column, or leave `{key}` out: its rows then have no count");
                return Err(Invalid::new(key, message, help));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(change: impl FnOnce(&mut Replay)) -> String {
        let mut replay = Replay { file: "log.csv".into(), ..Replay::default() };
        change(&mut replay);
        match replay.check() {
            Ok(()) => "fine".into(),
            Err(Invalid { key, message, help }) => format!("{key}: {message}; {help}"),
        }
    }

    #[test]
    fn impossible_pairs_are_refused_by_key() {
        assert_eq!(invalid(|_| ()), "fine");
        assert_eq!(invalid(|r| r.file.clear()), "file: the path is empty; write the path of a log, such as a CSV file");
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY, 9e-7, 1.1e6] {
            assert!(invalid(|r| r.speed = speed).starts_with("speed: the speed `"), "{speed}");
        }
        assert_eq!(
            invalid(|r| (r.format, r.time_unit) = (TraceFormat::AzureLlm, Some(TimeUnit::Millis))),
            "time-unit: the format `azure-llm` fixes its columns, so `time-unit` has no meaning; \
             leave `time-unit` out, or set `format = \"csv\"`"
        );
        assert_eq!(
            invalid(|r| r.format = TraceFormat::Csv),
            "time-column: the format `csv` does not say which column holds the time stamps; \
             write the column's name as in the header of the file"
        );
        let same = |r: &mut Replay| {
            r.format = TraceFormat::Csv;
            r.time_column = Some("t".into());
            r.output_column = Some("t".into());
        };
        assert_eq!(
            invalid(same),
            "output-column: `output-column` and `time-column` name the same column; \
             name another column, or leave `output-column` out: its rows then have no count"
        );
    }
}
