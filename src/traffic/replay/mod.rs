//! Recorded traffic, streamed in a fixed amount of memory from a file that may be packed with gzip or Zstandard.
//!
//! [`Replay`] is what a scenario says about a log, [`TraceReader`] reads its rows block by block, and [`describe`] passes
//! over the whole file once, so that everything wrong with it shows before a run. A format is one file here and one word
//! in [`TraceFormat`]: it finds the columns in the header, and all else is shared.

mod azure_llm;
mod azure_lmm;
mod burstgpt;
mod count;
mod csv;
mod digits;
mod error;
mod layout;
mod plain;
mod play;
mod reader;
mod records;
mod source;
mod speed;
mod stamp;
mod summary;
mod vidur;

pub(super) use error::quote;
pub use error::{TraceError, TraceErrorKind};
pub use play::Player;
pub use reader::{TraceReader, TraceRow};
pub use summary::{TokenCounts, TraceSummary, describe};

use crate::params::{Invalid, Parameters, Visitor};
use crate::units::{Share, SimDuration};
use crate::words;

words! {
    /// How a recorded log is laid out.
    pub enum TraceFormat {
        /// `TIMESTAMP,ContextTokens,GeneratedTokens`, as Azure publishes its LLM inference traces.
        AzureLlm = "azure-llm",
        /// `TIMESTAMP,NumImages,ContextTokens,GeneratedTokens`, as Azure publishes its multimodal trace.
        AzureLmm = "azure-lmm",
        /// `Timestamp,…,Request tokens,Response tokens,…` in seconds, as BurstGPT is published.
        BurstGpt = "burstgpt",
        /// `arrived_at,num_prefill_tokens,num_decode_tokens` in seconds, as vidur writes its traces.
        Vidur = "vidur",
        /// Any CSV file with a header; the scenario names the columns.
        Csv = "csv",
    }
}

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

/// A recorded log that is played back, its first row at the start of the scenario or `delay` later.
#[derive(Clone, PartialEq, Debug)]
pub struct Replay {
    /// The path of the log.
    pub file: String,
    /// How the log is laid out.
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
    /// The header's name of the column of time stamps; only for [`TraceFormat::Csv`], which needs it.
    pub time_column: Option<String>,
    /// What the numbers in the time column count; absent where stamps are dates such as `2023-11-16 18:15:46.68`.
    pub time_unit: Option<TimeUnit>,
    /// The header's name of the column of input tokens; without it no row has a count.
    pub input_column: Option<String>,
    /// The header's name of the column of output tokens; without it no row has a count.
    pub output_column: Option<String>,
}

impl Default for Replay {
    fn default() -> Self {
        Replay {
            file: String::new(),
            format: TraceFormat::AzureLlm,
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
            input_column: None,
            output_column: None,
        }
    }
}

impl Parameters for Replay {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("file", &mut self.file);
        visitor.optional("format", &mut self.format);
        visitor.optional("speed", &mut self.speed);
        visitor.optional("from", &mut self.from);
        visitor.optional("to", &mut self.to);
        visitor.optional("loop", &mut self.repeat);
        visitor.optional("lap", &mut self.lap);
        visitor.optional("multiply", &mut self.multiply);
        visitor.optional("thin", &mut self.thin);
        visitor.optional("delay", &mut self.delay);
        visitor.optional("time-column", &mut self.time_column);
        visitor.optional("time-unit", &mut self.time_unit);
        visitor.optional("input-column", &mut self.input_column);
        visitor.optional("output-column", &mut self.output_column);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.file.is_empty() {
            return Err(Invalid::new("file", "the path is empty", "write the path of a CSV file"));
        }
        if !(1e-6..=1e6).contains(&self.speed) {
            let message = format!("the speed `{:?}` is outside 0.000001 to 1000000", self.speed);
            return Err(Invalid::new("speed", message, "write `2` to play the log twice as fast"));
        }
        self.check_play()?;
        match self.format {
            TraceFormat::Csv => self.check_named_columns(),
            _ => self.check_fixed_columns(),
        }
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

    fn check_fixed_columns(&self) -> Result<(), Invalid> {
        let stated = [
            ("time-column", self.time_column.is_some()),
            ("time-unit", self.time_unit.is_some()),
            ("input-column", self.input_column.is_some()),
            ("output-column", self.output_column.is_some()),
        ];
        match stated.into_iter().find(|&(_, is_stated)| is_stated) {
            None => Ok(()),
            Some((key, _)) => {
                let message =
                    format!("the format `{}` fixes its columns, so `{key}` has no meaning", self.format.word());
                Err(Invalid::new(key, message, format!("leave `{key}` out, or set `format = \"csv\"`")))
            }
        }
    }

    fn check_named_columns(&self) -> Result<(), Invalid> {
        let Some(time) = &self.time_column else {
            let message = "the format `csv` does not say which column holds the time stamps";
            return Err(Invalid::new("time-column", message, "write the column's name as in the header of the file"));
        };
        let pairs = [
            ("input-column", &self.input_column, "time-column", Some(time)),
            ("output-column", &self.output_column, "time-column", Some(time)),
            ("output-column", &self.output_column, "input-column", self.input_column.as_ref()),
        ];
        for (key, name, other_key, other) in pairs {
            if name.is_some() && name.as_ref() == other {
                let message = format!("`{key}` and `{other_key}` name the same column");
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
        assert_eq!(invalid(|r| r.file.clear()), "file: the path is empty; write the path of a CSV file");
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY, 9e-7, 1.1e6] {
            assert!(invalid(|r| r.speed = speed).starts_with("speed: the speed `"), "{speed}");
        }
        assert_eq!(
            invalid(|r| r.time_unit = Some(TimeUnit::Millis)),
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
