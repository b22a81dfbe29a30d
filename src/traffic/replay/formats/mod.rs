//! The layouts of logs: a file and a line in the list for each.
//!
//! A layout says what it looks like (the names in its header, the keys of its objects or its first line) and which of its
//! cells mean what. `auto` takes the first of the list that fits, and `table` where none does.

mod access_log;
mod agentic;
mod alb;
mod anthropic_usage;
mod azure_functions;
mod azure_llm;
mod azure_lmm;
mod bailian;
mod bedrock;
mod bedrock_cloudwatch;
mod burstgpt;
mod by_hand;
mod claude_code;
mod cloudflare_aig;
mod cloudwatch;
mod codex;
mod elb;
mod har;
mod jmeter;
mod k6;
mod langfuse;
mod litellm;
mod mooncake;
mod nginx_json;
mod openai_usage;
mod openrouter;
mod otlp;
mod prometheus;
mod table;
mod unread;
mod vegeta;
mod vidur;
mod vllm_bench;
mod wanted;
mod writing;

use super::layout::{Finder, Layout, Periods, Test, list};
use super::outcome::Outcome;
use super::purpose::Purpose;
use super::shape::{Content, Sample};
use super::stamp::Writing;
use super::{Replay, StampedAt, TimeUnit};
use crate::units::grammar::Misread;
use crate::words;

/// Registers layouts: the word of each with its documentation, and the file that describes it.
macro_rules! formats {
    ($(#[doc = $doc:literal] $module:ident: $variant:ident = $word:literal,)+) => {
        words! {
            /// How a recorded log is laid out.
            #[derive(Default)]
            pub enum TraceFormat {
                /// Whatever the content looks like: the first of the others that fits.
                #[default]
                Auto = "auto",
                /// A table or JSON objects whose columns are found by the names that people give them.
                Table = "table",
                /// A table or JSON objects; the scenario names the columns.
                Csv = "csv",
                $(#[doc = $doc] $variant = $word,)+
            }
        }

        /// The layouts that are known by what they look like, in the order in which they are tried.
        static KNOWN: &[(TraceFormat, &Format)] = &[$((TraceFormat::$variant, &$module::FORMAT),)+];
    };
}

formats! {
    /// `TIMESTAMP,ContextTokens,GeneratedTokens`, as Azure publishes its LLM inference traces.
    azure_llm: AzureLlm = "azure-llm",
    /// `TIMESTAMP,NumImages,ContextTokens,GeneratedTokens`, as Azure publishes its multimodal trace.
    azure_lmm: AzureLmm = "azure-lmm",
    /// `Timestamp,…,Request tokens,Response tokens,…` in seconds, as BurstGPT is published.
    burstgpt: BurstGpt = "burstgpt",
    /// `arrived_at,num_prefill_tokens,num_decode_tokens` in seconds, as vidur writes its traces.
    vidur: Vidur = "vidur",
    /// `app,func,end_timestamp,duration` in seconds, as Azure publishes its functions trace of 2021.
    azure_functions: AzureFunctions = "azure-functions",
    /// JSON objects with `chat_id` and `timestamp` in seconds, as Qwen-Bailian is published; `hash_ids` say which ask the same.
    bailian: Bailian = "bailian",
    /// JSON objects with `hash_ids` and `timestamp` in milliseconds, as Mooncake is published; those say which ask the same.
    mooncake: Mooncake = "mooncake",
    /// The table `LiteLLM_SpendLogs` of a LiteLLM proxy, as CSV or JSON.
    litellm: LiteLlm = "litellm",
    /// The activity export of OpenRouter.
    openrouter: OpenRouter = "openrouter",
    /// Session files of Claude Code.
    claude_code: ClaudeCode = "claude-code",
    /// Session files of the Codex command line.
    codex: Codex = "codex",
    /// Model invocation logs of Amazon Bedrock.
    bedrock: Bedrock = "bedrock",
    /// The same, each the message of an event in CloudWatch.
    bedrock_cloudwatch: BedrockCloudWatch = "bedrock-cloudwatch",
    /// Logs of Cloudflare's AI Gateway.
    cloudflare_aig: CloudflareAig = "cloudflare-aig",
    /// Exports of Langfuse's observations.
    langfuse: Langfuse = "langfuse",
    /// OpenTelemetry spans of calls of models, as the collector writes them to a file.
    otlp: Otlp = "otlp",
    /// nginx access logs in JSON.
    nginx_json: NginxJson = "nginx-json",
    /// Access logs in the common or combined format of web servers.
    access_log: AccessLog = "access-log",
    /// Access logs of AWS application load balancers.
    alb: Alb = "alb",
    /// Access logs of AWS classic load balancers.
    elb: Elb = "elb",
    /// CSV results of k6.
    k6: K6 = "k6",
    /// CSV or JSON results of vegeta.
    vegeta: Vegeta = "vegeta",
    /// CSV results of JMeter.
    jmeter: JMeter = "jmeter",
    /// HTTP archives, as browsers save them.
    har: Har = "har",
    /// Request logs of vLLM's benchmarks.
    vllm_bench: VllmBench = "vllm-bench",
    /// Recorded sessions of coding agents, each with its own zero.
    agentic: Agentic = "agentic",
    /// OpenAI's usage per minute, hour or day, from the dashboard or the API.
    openai_usage: OpenAiUsage = "openai-usage",
    /// Anthropic's usage per minute, hour or day, from the Console or the API: tokens, and no count of requests.
    anthropic_usage: AnthropicUsage = "anthropic-usage",
    /// `timestamp,value`: counts per period, as from CloudWatch.
    cloudwatch: CloudWatch = "cloudwatch",
    /// A range query of Prometheus for counters of requests and tokens.
    prometheus: Prometheus = "prometheus",
}

/// Names of one thing, of which a record has one.
type Names = &'static [&'static str];

/// One layout.
struct Format {
    /// What it looks like, in one of these ways.
    looks: &'static [Looks],
    time: Names,
    clock: Clocks,
    is_completion: bool,
    /// The parts of the duration, to be added, and their unit.
    duration: (&'static [Names], TimeUnit),
    /// The parts of the input, to be added.
    input: &'static [Names],
    /// Those parts of the input that were read from a cache.
    cached: &'static [Names],
    output: &'static [Names],
    /// What stands for the prompt as a whole.
    key: Names,
    /// Where it says how a call ended, and how it says that.
    failed: Option<(Names, Outcome)>,
    /// Which records are requests, and what the others are.
    keep: &'static [(Names, Test, &'static str)],
    /// The path of the request, its address or its request line.
    path: Names,
    /// What is the same in all records of one request.
    once: &'static [Names],
    /// The name of the session, where each has its own zero.
    session: Names,
    /// A list of further requests within a record, of the same layout.
    nested: Names,
    counts: Option<Counts>,
    /// What is taken for granted.
    notes: &'static [&'static str],
}

/// What a layout looks like.
enum Looks {
    /// A table with one of these headers, to the letter.
    Headers(&'static [Names]),
    /// A table with these columns, or with this in the JSON of its cells, or objects at one of these roots with these keys, among others. Behind a `/` stands a key
    /// of the whole document.
    Keys { roots: Names, has: Names, lacks: Names },
    /// Lines without a header, whose fields have these names.
    Lines { is: fn(&[u8]) -> bool, is_web: bool, names: Names },
}

/// How stamps are written.
enum Clocks {
    /// As dates.
    Dates,
    /// As dates, perhaps without a time.
    Days,
    /// As numbers of this unit since the log's own zero.
    Since(TimeUnit),
    /// As numbers of this unit since 1970.
    Unix(TimeUnit),
    /// As dates or as Unix times, which their size tells.
    Told,
}

/// What the records of a log of counts hold beside the time.
struct Counts {
    requests: Names,
    end: Names,
    series: Names,
}

impl Format {
    const NONE: Format = Format {
        looks: &[],
        time: &[],
        clock: Clocks::Told,
        is_completion: false,
        duration: (&[], TimeUnit::Millis),
        input: &[],
        cached: &[],
        output: &[],
        key: &[],
        failed: None,
        keep: &[],
        path: &[],
        once: &[],
        session: &[],
        nested: &[],
        counts: None,
        notes: &[],
    };

    /// Where in `sample` its cells are, if it looks like this.
    fn finder<'s>(&self, sample: &'s Sample) -> Option<Finder<'s>> {
        self.looks.iter().find_map(|looks| looks.finder(sample))
    }

    fn layout(
        &self,
        format: TraceFormat,
        sample: &Sample,
        (spec, purpose): (&Replay, Purpose),
    ) -> Result<Layout, Misread> {
        let Some(mut finder) = self.finder(sample) else { return Err(self.unlike(format, sample)) };
        let is_counts = self.counts.is_some();
        // The start of the log need not have a request in it.
        let time = finder.slot_of_first(self.time).or_else(|| finder.slot(self.time.get(..1).unwrap_or_default()));
        let time = time.or_else(|| finder.slot(self.time));
        let Some(time) = time else { return Err(self.unlike(format, sample)) };
        let writing = match self.clock {
            Clocks::Dates => Writing::default(),
            Clocks::Days => Writing { has_days: true, ..writing::tell(&finder, sample, time, (spec, false))? },
            Clocks::Since(unit) => Writing { unit: Some(unit), ..Writing::default() },
            Clocks::Unix(unit) => Writing { unit: Some(unit), is_unix: true, ..Writing::default() },
            Clocks::Told => writing::tell(&finder, sample, time, (spec, false))?,
        };
        let input = finder.parts(self.input, is_counts);
        let cached = finder.parts(self.cached, is_counts);
        let output = finder.parts(self.output, is_counts);
        let duration = finder.parts(self.duration.0, false);
        let client =
            spec.client_column.as_deref().map(|name| wanted::column(&mut finder, sample, ("client-column", name)));
        let client = client.transpose()?;
        let key = match &spec.key_column {
            Some(name) => Some(wanted::column(&mut finder, sample, ("key-column", name))?),
            None if purpose != Purpose::Keys => None,
            None => finder.repeated(self.key),
        };
        let failed = match &spec.status_column {
            Some(name) => {
                let slot = wanted::column(&mut finder, sample, ("status-column", name))?;
                Some((slot, table::outcome(name)))
            }
            None if purpose != Purpose::Measure => None,
            None => self.failed.and_then(|(names, outcome)| Some((finder.optional(names)?, outcome))),
        };
        let keep =
            self.keep.iter().filter_map(|(names, test, what)| Some((finder.slot(names)?, *test, *what))).collect();
        let once = finder.parts(self.once, false);
        let session = finder.slot_of_first(self.session);
        let nested = finder.slot(self.nested);
        let periods = self.counts.as_ref().map(|counts| Periods {
            requests: finder.repeated(counts.requests),
            end: finder.slot(counts.end),
            series: finder.slot(counts.series),
        });
        let is_completion = spec.stamped_at.map_or(self.is_completion, |at| at == StampedAt::Completion);
        let mut notes: Vec<String> = self.notes.iter().map(|note| (*note).to_owned()).collect();
        if is_completion && duration.is_empty() {
            notes.push("stamps of completion stand for arrivals: the log has no durations".into());
        }
        let only = wanted::find(&mut finder, sample, spec, self.path)?;
        let layout = finder.layout(format, time, writing);
        let duration_unit = self.duration.1;
        Ok(Layout {
            is_completion,
            duration,
            duration_unit,
            input,
            cached,
            output,
            client,
            key,
            failed,
            keep,
            only,
            once,
            session,
            nested,
            periods,
            notes,
            ..layout
        })
    }

    /// Says that `sample` does not look like this.
    fn unlike(&self, format: TraceFormat, sample: &Sample) -> Misread {
        let word = format.word();
        let by_hand = "set `format = \"csv\"` and name the columns, as in `time-column = \"created_at\"`";
        match (&sample.content, self.looks) {
            (Content::Table(table), [Looks::Headers(known)]) => {
                let quoted =
                    |names: &Names| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let known: Vec<String> = known.iter().map(quoted).collect();
                Misread::new(format!("the header is {}, not {}", list(&table.names), known.join(", nor ")), by_hand)
            }
            (_, [Looks::Lines { .. }, ..]) => {
                let start = super::error::quote(&sample.first_line);
                Misread::new(
                    format!("the file does not look like `{word}`: it begins with {start}"),
                    "set `format = \"auto\"`",
                )
            }
            (_, looks) => {
                let has =
                    looks.iter().find_map(|looks| if let Looks::Keys { has, .. } = looks { Some(*has) } else { None });
                let names: Vec<String> = has.unwrap_or(self.time).iter().map(|name| format!("`{name}`")).collect();
                let message = format!("the file does not look like `{word}`, which has {}", names.join(", "));
                Misread::new(message, format!("set `format = \"auto\"`, or {by_hand}"))
            }
        }
    }
}

impl Looks {
    fn finder<'s>(&self, sample: &'s Sample) -> Option<Finder<'s>> {
        match (self, &sample.content) {
            (Looks::Headers(known), Content::Table(table)) => {
                known.iter().any(|names| table.names == **names).then(|| Finder::new(sample, ""))
            }
            (Looks::Keys { has, lacks, .. }, Content::Table(table)) => {
                let is_like = has.iter().all(|name| table.index(name).is_some() || table.has_within(name));
                (is_like && lacks.iter().all(|name| table.index(name).is_none())).then(|| Finder::new(sample, ""))
            }
            (Looks::Keys { roots, has, lacks }, Content::Json(tree)) => {
                let is_like = |root: &str| {
                    has.iter().all(|path| tree.has(root, path)) && !lacks.iter().any(|path| tree.has(root, path))
                };
                roots.iter().find(|root| is_like(root)).map(|root| Finder::new(sample, root))
            }
            (Looks::Lines { is, is_web, names }, Content::Table(_)) => {
                is(&sample.first_line).then(|| Finder::without_header(sample, names, *is_web))
            }
            _ => None,
        }
    }
}

impl TraceFormat {
    /// Whether it says by itself what requests ask for.
    pub fn has_keys(self) -> bool {
        KNOWN.iter().any(|(known, format)| *known == self && !format.key.is_empty())
    }

    /// Whether its stamps are written in one way only.
    pub(super) fn fixes_unit(self) -> bool {
        let format = KNOWN.iter().find(|(known, _)| *known == self).map(|(_, format)| *format);
        format.is_some_and(|format| !matches!(format.clock, Clocks::Told | Clocks::Days))
    }

    /// The layout of a log that starts like `sample`, as `spec` says or as it looks.
    pub(super) fn layout(sample: &Sample, spec: &Replay, purpose: Purpose) -> Result<Layout, Misread> {
        let table = || table::layout(sample, spec, purpose);
        match spec.format {
            TraceFormat::Csv => by_hand::layout(sample, spec),
            TraceFormat::Table => table(),
            TraceFormat::Auto if by_hand::names_columns(spec) => table(),
            TraceFormat::Auto => {
                if let Some(misread) = unread::look(sample) {
                    return Err(misread);
                }
                match KNOWN.iter().find(|(_, format)| format.finder(sample).is_some()) {
                    Some((word, _)) if spec.time_unit.is_some() && word.fixes_unit() => {
                        let message = format!("the file is laid out as `{}`, which fixes its `time-unit`", word.word());
                        Err(Misread::new(message, "leave `time-unit` out, or set `format = \"table\"`"))
                    }
                    Some((word, format)) => format.layout(*word, sample, (spec, purpose)),
                    None => table(),
                }
            }
            stated => match KNOWN.iter().find(|(known, _)| *known == stated) {
                Some((word, format)) => format.layout(*word, sample, (spec, purpose)),
                None => table(),
            },
        }
    }
}
