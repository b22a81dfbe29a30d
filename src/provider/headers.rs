//! What replies print about limits: names and formats as the providers document them and real replies show them.

use super::Hint;
use crate::protocol::{Counts, Told};
use crate::units::{SimDuration, calendar};

crate::words! {
    /// A provider's way to print its limits.
    #[derive(Default)]
    pub enum Headers {
        /// Nothing.
        #[default]
        None = "none",
        /// `anthropic-ratelimit-*`: resets as RFC 3339 instants, remaining tokens to the nearest thousand.
        Anthropic = "anthropic",
        /// `x-ratelimit-*`: resets as Go durations; a daily limit on requests is shown in place of one a minute.
        OpenAi = "openai",
        /// The names of OpenAI with plain numbers.
        Azure = "azure",
        /// The names of OpenAI, for requests a day and tokens a minute.
        Groq = "groq",
        /// `RateLimit` and `RateLimit-Policy`.
        HuggingFace = "hugging-face",
        /// `x-ratelimit-*-req-minute`, `-tokens-minute` and `-tokens-month`.
        Mistral = "mistral",
        /// `x-trial-endpoint-call-*` of trial keys, and nothing on a 429.
        Cohere = "cohere",
        /// `X-RateLimit-*` of a limit that is used up, on a 429 alone; the reset in milliseconds since 1970.
        OpenRouter = "openrouter",
    }
}

/// The state of one limit, as a reply tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// What it counts.
    pub counts: Counts,
    /// Over which span.
    pub period: SimDuration,
    /// The most that it holds.
    pub limit: u64,
    /// What is left of that.
    pub remaining: u64,
    /// The time until all of it is there again.
    pub full_in: SimDuration,
}

/// A header and its value.
pub type Header = (String, String);

const MINUTE: SimDuration = SimDuration::from_secs(60);
const DAY: SimDuration = SimDuration::from_secs(86_400);

/// Which limits a style looks for.
struct Levels<'l>(&'l [Level]);

impl Levels<'_> {
    /// The one of the shortest period on any of `counts`, of those that `suits`.
    fn on(&self, counts: &[Counts], suits: impl Fn(&Level) -> bool) -> Option<Level> {
        let fits = |level: &&Level| counts.contains(&level.counts) && suits(level);
        self.0.iter().filter(fits).min_by_key(|level| level.period).copied()
    }

    fn a_minute(&self, counts: &[Counts]) -> Option<Level> {
        self.on(counts, |level| level.period <= MINUTE)
    }

    /// The one on any of `counts` that is used up and opens last.
    fn spent(&self, counts: &[Counts]) -> Option<Level> {
        let is_spent = |level: &&Level| counts.contains(&level.counts) && level.remaining == 0;
        self.0.iter().filter(is_spent).max_by_key(|level| level.full_in).copied()
    }

    fn a_day(&self, counts: &[Counts]) -> Option<Level> {
        self.on(counts, |level| level.period == DAY)
    }
}

const REQUESTS: &[Counts] = &[Counts::Requests];
const INPUT: &[Counts] = &[Counts::InputTokens, Counts::UncachedInputTokens];
const OUTPUT: &[Counts] = &[Counts::OutputTokens];
const TOKENS: &[Counts] = &[Counts::TotalTokens, Counts::InputTokens, Counts::UncachedInputTokens];

/// A limit under the name that a style has for it, with what is left of it as printed.
type Named = (&'static str, Level);

impl Headers {
    /// What a reply prints at `now`, in nanoseconds since 1970, about `levels`. `wait` is that of a 429, as far as it tells.
    pub fn print(self, levels: &[Level], now: u64, wait: Option<SimDuration>) -> Vec<Header> {
        if self == Headers::None {
            return Vec::new();
        }
        let print = |(what, level): &Named| self.line(what, level, now);
        let shown = if self.speaks(wait.is_some()) { self.shown(levels) } else { Vec::new() };
        let mut headers: Vec<Header> = shown.iter().flat_map(print).collect();
        if let Some(wait) = wait {
            headers.push(("retry-after".to_owned(), whole_seconds(wait).to_string()));
            if matches!(self, Headers::OpenAi | Headers::Azure) {
                headers.push(("retry-after-ms".to_owned(), wait.as_nanos().div_ceil(1_000_000).to_string()));
            }
        }
        headers
    }

    /// Whether replies tell anything about limits: those with an answer, or 429s.
    pub fn speaks(self, on_refusal: bool) -> bool {
        match self {
            Headers::None => false,
            Headers::Cohere => !on_refusal,
            Headers::OpenRouter => on_refusal,
            _ => true,
        }
    }

    /// What a client reads out of what [`Headers::print`] prints, where it [`speaks`](Headers::speaks).
    pub fn tell(self, levels: &[Level], now: u64) -> Vec<Told> {
        let told = |(_, level): Named| Told {
            counts: level.counts,
            limit: level.limit,
            remaining: level.remaining,
            full_in: self.full_in(&level, now),
        };
        self.shown(levels).into_iter().map(told).collect()
    }

    /// The limits that the style has a name for.
    fn shown(self, levels: &[Level]) -> Vec<Named> {
        let levels = Levels(levels);
        let named = match self {
            Headers::None => Vec::new(),
            Headers::Anthropic => anthropic(&levels),
            Headers::OpenAi | Headers::Azure => {
                let requests = levels.a_day(REQUESTS).or(levels.a_minute(REQUESTS));
                vec![("requests", requests), ("tokens", levels.a_minute(TOKENS))]
            }
            Headers::Groq => vec![("requests", levels.a_day(REQUESTS)), ("tokens", levels.a_minute(TOKENS))],
            Headers::HuggingFace => vec![("api", levels.on(REQUESTS, |_| true))],
            Headers::Mistral => vec![
                ("req-minute", levels.a_minute(REQUESTS)),
                ("tokens-minute", levels.a_minute(TOKENS)),
                ("tokens-month", levels.on(TOKENS, |level| level.period > DAY)),
            ],
            Headers::Cohere => vec![("trial-endpoint-call", levels.a_minute(REQUESTS))],
            Headers::OpenRouter => vec![("", levels.spent(REQUESTS))],
        };
        named.into_iter().filter_map(|(what, level)| Some((what, level?))).collect()
    }

    fn line(self, what: &str, level: &Level, now: u64) -> Vec<Header> {
        let name = |word: &str| match self {
            Headers::Anthropic => format!("anthropic-ratelimit-{what}-{word}"),
            Headers::Cohere => format!("x-{what}-{word}"),
            Headers::OpenRouter => format!("X-RateLimit-{}{}", word[..1].to_uppercase(), &word[1..]),
            _ => format!("x-ratelimit-{word}-{what}"),
        };
        let reset = match self {
            Headers::HuggingFace => return hugging_face(level),
            Headers::Mistral | Headers::Cohere => None,
            Headers::OpenRouter => Some(now.saturating_add(level.full_in.as_nanos()).div_ceil(1_000_000).to_string()),
            Headers::Anthropic => Some(calendar::whole_second(now.saturating_add(level.full_in.as_nanos()))),
            Headers::Azure => Some(whole_seconds(level.full_in).to_string()),
            _ => Some(go_duration(level.full_in)),
        };
        let printed = [("limit", level.limit.to_string()), ("remaining", level.remaining.to_string())];
        printed
            .into_iter()
            .chain(reset.map(|reset| ("reset", reset)))
            .map(|(word, value)| (name(word), value))
            .collect()
    }

    /// When all is there again, to the precision of the style. Mistral and Cohere print no reset, and a client knows no better
    /// than the span that the header names.
    fn full_in(self, level: &Level, now: u64) -> SimDuration {
        const SECOND: u64 = 1_000_000_000;
        let nanos = level.full_in.as_nanos();
        match self {
            Headers::Anthropic => {
                let full_at = now.saturating_add(nanos) / SECOND * SECOND;
                SimDuration::from_nanos(full_at.saturating_sub(now))
            }
            Headers::Azure | Headers::HuggingFace => {
                SimDuration::from_nanos(whole_seconds(level.full_in).saturating_mul(SECOND))
            }
            Headers::Mistral | Headers::Cohere => level.period,
            Headers::OpenRouter => {
                let full_at = now.saturating_add(nanos).div_ceil(1_000_000) * 1_000_000;
                SimDuration::from_nanos(full_at.saturating_sub(now))
            }
            Headers::None | Headers::OpenAi | Headers::Groq => SimDuration::from_nanos(nanos / 1_000_000 * 1_000_000),
        }
    }
}

fn whole_seconds(span: SimDuration) -> u64 {
    span.as_nanos().div_ceil(1_000_000_000)
}

fn anthropic(levels: &Levels) -> Vec<(&'static str, Option<Level>)> {
    let (input, output) = (levels.a_minute(INPUT), levels.a_minute(OUTPUT));
    let together = |input: Level, output: Level| Level {
        counts: Counts::TotalTokens,
        limit: input.limit.saturating_add(output.limit),
        remaining: input.remaining.saturating_add(output.remaining),
        full_in: input.full_in.max(output.full_in),
        ..input
    };
    let both = input.zip(output).map(|(input, output)| together(input, output));
    let thousands = |level: Level| Level { remaining: level.remaining.saturating_add(500) / 1_000 * 1_000, ..level };
    let tokens = levels.a_minute(&[Counts::TotalTokens]).or(both);
    vec![
        ("requests", levels.a_minute(REQUESTS)),
        ("input-tokens", input.map(thousands)),
        ("output-tokens", output.map(thousands)),
        ("tokens", tokens.map(thousands)),
    ]
}

fn hugging_face(level: &Level) -> Vec<Header> {
    let (remaining, reset) = (level.remaining, whole_seconds(level.full_in));
    let (limit, window) = (level.limit, whole_seconds(level.period));
    vec![
        ("RateLimit".to_owned(), format!("\"api\";r={remaining};t={reset}")),
        ("RateLimit-Policy".to_owned(), format!("\"fixed window\";\"api\";q={limit};w={window}")),
    ]
}

/// As Go prints a duration, cut to milliseconds: `6ms`, `8.64s`, `23h18m29.144s`.
fn go_duration(span: SimDuration) -> String {
    let millis = span.as_nanos() / 1_000_000;
    match millis {
        0 => return "0s".to_owned(),
        1..1_000 => return format!("{millis}ms"),
        _ => {}
    }
    let (seconds, part) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let part = if part == 0 { String::new() } else { format!(".{part:03}").trim_end_matches('0').to_owned() };
    match (hours, minutes) {
        (0, 0) => format!("{seconds}{part}s"),
        (0, _) => format!("{minutes}m{seconds}{part}s"),
        _ => format!("{hours}h{minutes}m{seconds}{part}s"),
    }
}

impl Hint {
    /// What a 429 says about so long a wait.
    #[inline]
    pub fn of(self, wait: SimDuration) -> Option<SimDuration> {
        let rounded_up = |unit: u64| SimDuration::from_nanos(wait.as_nanos().div_ceil(unit).saturating_mul(unit));
        match self {
            Hint::WholeSeconds => Some(rounded_up(1_000_000_000)),
            Hint::Milliseconds => Some(rounded_up(1_000_000)),
            Hint::Exact => Some(wait),
            Hint::WithinMinute => {
                let seconds = whole_seconds(wait);
                Some(SimDuration::from_secs(if seconds == 0 { 0 } else { (seconds - 1) % 60 + 1 }))
            }
            Hint::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(counts: Counts, period: SimDuration, limit: u64, remaining: u64) -> Level {
        let used = u128::from(limit - remaining) * u128::from(period.as_nanos());
        let full_in = SimDuration::from_nanos((used / u128::from(limit)) as u64);
        Level { counts, period, limit, remaining, full_in }
    }

    fn value<'h>(headers: &'h [Header], name: &str) -> &'h str {
        let found = headers.iter().find(|(header, _)| header == name);
        found.map_or_else(|| panic!("no {name} in {headers:?}"), |(_, value)| value)
    }

    #[test]
    fn go_durations_are_cut_to_milliseconds() {
        let micros = |micros: u64| go_duration(SimDuration::from_nanos(micros * 1_000));
        assert_eq!(
            [6_600, 84_300, 1_000_000, 3_114_000, 8_640_000, 360_000_000, 83_909_144_000, 999].map(micros),
            ["6ms", "84ms", "1s", "3.114s", "8.64s", "6m0s", "23h18m29.144s", "0s"]
        );
    }

    /// A new account's first call of April 2026: requests 50, remaining 49, full in 1.2 s; tokens are the sum of both.
    #[test]
    fn anthropic_prints_instants_and_thousands() {
        let levels = [
            level(Counts::Requests, MINUTE, 50, 49),
            level(Counts::UncachedInputTokens, MINUTE, 50_000, 48_499),
            level(Counts::OutputTokens, MINUTE, 10_000, 9_500),
        ];
        let noon = 1_776_028_605_000_000_000; // 2026-04-12T21:16:45Z
        let headers = Headers::Anthropic.print(&levels, noon, Some(SimDuration::from_nanos(1_200_000_000)));
        let value = |name: &str| value(&headers, name);
        assert_eq!(value("anthropic-ratelimit-requests-limit"), "50");
        assert_eq!(value("anthropic-ratelimit-requests-remaining"), "49");
        assert_eq!(value("anthropic-ratelimit-requests-reset"), "2026-04-12T21:16:46Z");
        assert_eq!(value("anthropic-ratelimit-input-tokens-remaining"), "48000");
        assert_eq!(value("anthropic-ratelimit-output-tokens-remaining"), "10000");
        assert_eq!(value("anthropic-ratelimit-tokens-limit"), "60000");
        assert_eq!(value("retry-after"), "2");
        assert_eq!(headers.len(), 13);
    }

    #[test]
    fn openai_prints_the_day_of_requests_and_the_minute_of_tokens() {
        let day = level(Counts::Requests, DAY, 10_000, 9_999);
        let minute = level(Counts::Requests, MINUTE, 10_000, 9_481);
        let tokens = level(Counts::TotalTokens, MINUTE, 200_000, 199_978);
        let print = |style: Headers, levels: &[Level]| style.print(levels, 0, None);
        let headers = print(Headers::OpenAi, &[minute, tokens]);
        assert_eq!(value(&headers, "x-ratelimit-reset-requests"), "3.114s");
        assert_eq!(value(&headers, "x-ratelimit-reset-tokens"), "6ms");
        for style in [Headers::OpenAi, Headers::Groq] {
            let headers = print(style, &[minute, day, tokens]);
            assert_eq!(value(&headers, "x-ratelimit-limit-requests"), "10000");
            assert_eq!(value(&headers, "x-ratelimit-remaining-requests"), "9999");
            assert_eq!(value(&headers, "x-ratelimit-reset-requests"), "8.64s");
            assert!(headers.iter().all(|(name, _)| name != "retry-after"));
        }
        assert_eq!(value(&print(Headers::Azure, &[minute]), "x-ratelimit-reset-requests"), "4");
        let refused = Headers::Azure.print(&[minute], 0, Some(SimDuration::from_nanos(1_500_100_000)));
        assert_eq!((value(&refused, "retry-after"), value(&refused, "retry-after-ms")), ("2", "1501"));
    }

    #[test]
    fn others_print_in_their_own_way() {
        let five = SimDuration::from_secs(300);
        let level_of_five = Level { full_in: SimDuration::from_secs(120), ..level(Counts::Requests, five, 500, 499) };
        let headers = Headers::HuggingFace.print(&[level_of_five], 0, None);
        assert_eq!(value(&headers, "RateLimit"), "\"api\";r=499;t=120");
        assert_eq!(value(&headers, "RateLimit-Policy"), "\"fixed window\";\"api\";q=500;w=300");
        let month = level(Counts::TotalTokens, SimDuration::from_secs(30 * 86_400), 4_000_000, 3_999_000);
        let minute = level(Counts::TotalTokens, MINUTE, 50_000, 49_000);
        let headers = Headers::Mistral.print(&[level(Counts::Requests, MINUTE, 60, 59), month, minute], 0, None);
        assert_eq!(value(&headers, "x-ratelimit-remaining-req-minute"), "59");
        assert_eq!(value(&headers, "x-ratelimit-limit-tokens-month"), "4000000");
        assert_eq!(value(&headers, "x-ratelimit-remaining-tokens-minute"), "49000");
        assert!(Headers::None.print(&[minute], 0, Some(MINUTE)).is_empty());
    }

    /// A reply of June 2026 to a trial key's first call of a minute.
    #[test]
    fn cohere_tells_trial_keys_what_is_left_and_not_on_a_429() {
        let levels = [level(Counts::Requests, MINUTE, 20, 19)];
        let headers = Headers::Cohere.print(&levels, 0, None);
        let expected = [("x-trial-endpoint-call-limit", "20"), ("x-trial-endpoint-call-remaining", "19")];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(Headers::Cohere.print(&levels, 0, Some(MINUTE)), [("retry-after".to_owned(), "60".to_owned())]);
        assert_eq!(Headers::Cohere.tell(&levels, 0)[0].full_in, MINUTE);
    }

    /// Bodies of 429 replies that repeat their headers: the end of a minute of December 2025, and of a day of August 2026.
    #[test]
    fn openrouter_tells_when_a_spent_limit_opens_and_only_then() {
        let minute = Level { full_in: SimDuration::from_secs(9), ..level(Counts::Requests, MINUTE, 20, 0) };
        let day = Level { full_in: SimDuration::from_secs(3_600), ..level(Counts::Requests, DAY, 50, 7) };
        assert!(Headers::OpenRouter.print(&[minute, day], 0, None).is_empty());
        let names = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "retry-after"];
        let at = 1_765_661_751_000_000_000;
        let headers = Headers::OpenRouter.print(&[minute, day], at, Some(minute.full_in));
        assert_eq!(names.map(|name| value(&headers, name)), ["20", "0", "1765661760000", "9"]);
        assert_eq!(Headers::OpenRouter.tell(&[minute, day], at)[0].full_in, minute.full_in);
        let spent = Level { remaining: 0, ..day };
        let headers = Headers::OpenRouter.print(&[minute, spent], 1_786_316_400_000_000_000, Some(spent.full_in));
        assert_eq!(names.map(|name| value(&headers, name)), ["50", "0", "1786320000000", "3600"]);
    }

    #[test]
    fn a_client_is_told_what_is_printed_and_no_more() {
        let levels = [
            level(Counts::Requests, MINUTE, 7_000, 6_999),
            level(Counts::InputTokens, MINUTE, 50_000, 48_499),
            level(Counts::OutputTokens, MINUTE, 10_000, 9_499),
            level(Counts::Requests, DAY, 10_000, 9_000),
        ];
        let now = 1_776_028_605_300_000_000;
        let tell = |style: Headers| style.tell(&levels, now);
        let of = |told: &[Told], counts: Counts| *told.iter().find(|told| told.counts == counts).unwrap();
        let told = tell(Headers::Anthropic);
        assert_eq!(of(&told, Counts::InputTokens).remaining, 48_000);
        assert_eq!(of(&told, Counts::TotalTokens).remaining, 58_000);
        // Input is full again 1.8012 s later, at 07.1012, which is printed as 07.
        assert_eq!(of(&told, Counts::InputTokens).full_in, SimDuration::from_nanos(1_700_000_000));
        assert_eq!(of(&tell(Headers::OpenAi), Counts::Requests).limit, 10_000);
        assert_eq!(of(&tell(Headers::Azure), Counts::InputTokens).full_in, SimDuration::from_secs(2));
        assert_eq!(of(&tell(Headers::OpenAi), Counts::InputTokens).full_in, SimDuration::from_nanos(1_801_000_000));
        assert_eq!(of(&tell(Headers::Mistral), Counts::InputTokens).full_in, MINUTE);
        assert_eq!((tell(Headers::HuggingFace).len(), tell(Headers::None).len()), (1, 0));
        for style in [Headers::Anthropic, Headers::OpenAi, Headers::Azure, Headers::Groq, Headers::Mistral] {
            let printed = style.print(&levels, now, None);
            for told in tell(style) {
                assert!(printed.iter().any(|(_, value)| *value == told.remaining.to_string()), "{style:?} {told:?}");
            }
        }
    }

    #[test]
    fn hints_round_up_and_mislead_as_stated() {
        let wait = SimDuration::from_nanos(3_601_000_000_001);
        let told = |hint: Hint| hint.of(wait).map(SimDuration::as_nanos);
        assert_eq!(told(Hint::WholeSeconds), Some(3_602_000_000_000));
        assert_eq!(told(Hint::Milliseconds), Some(3_601_001_000_000));
        assert_eq!(told(Hint::Exact), Some(3_601_000_000_001));
        assert_eq!(told(Hint::WithinMinute), Some(2_000_000_000));
        assert_eq!(told(Hint::None), None);
        assert_eq!(Hint::WithinMinute.of(MINUTE), Some(MINUTE));
        assert_eq!(Hint::WithinMinute.of(SimDuration::ZERO), Some(SimDuration::ZERO));
    }
}
