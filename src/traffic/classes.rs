//! Classes within a source: requests of different kinds that come as one stream.

use super::replay::TraceError;
use super::sizes::Sizes;
use super::{CacheKeys, Columns, Keys, Pairs, Population, Setting, Size, SizeStreams, Sizing, Traffic, visit_labels};
use crate::params::{Invalid, Parameters, Presence, Visitor};
use crate::protocol::{self, Labels, ReAsking};
use crate::rng::{BLOCK, Stream};
use crate::units::{Share, SimDuration, Tokens};

/// One class of a source. What it leaves out is as the source states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// How many requests are of it, against the weights of the other classes; above 0.
    pub weight: f64,
    /// Prompt tokens of each.
    pub input_tokens: Option<Sizes>,
    /// Completion tokens of each.
    pub output_tokens: Option<Sizes>,
    /// A table of sizes in place of the two.
    pub pairs: Option<Pairs>,
    /// The share of the input that the provider has cached.
    pub cached_input: Option<Share>,
    /// The share of the rest that each call has the provider cache.
    pub cache_write: Option<Share>,
    /// The `max_tokens` that each call states.
    pub max_tokens: Option<Tokens>,
    /// How often an answer that was cut off is asked for again.
    pub re_asks: Option<u32>,
    /// How it is.
    pub re_asking: Option<ReAsking>,
    /// Which of its requests ask for the same.
    pub cache_keys: Option<CacheKeys>,
    /// How urgent each is, in 0..=255.
    pub priority: Option<u32>,
    /// After so long from its arrival a request expires.
    pub deadline: Option<SimDuration>,
    /// What it asks for and on whose behalf.
    pub labels: Labels,
}

impl Default for Class {
    fn default() -> Self {
        Class {
            weight: 1.0,
            input_tokens: None,
            output_tokens: None,
            pairs: None,
            cached_input: None,
            cache_write: None,
            max_tokens: None,
            re_asks: None,
            re_asking: None,
            cache_keys: None,
            priority: None,
            deadline: None,
            labels: Labels::default(),
        }
    }
}

impl Parameters for Class {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("weight", &mut self.weight);
        visitor.choice("input-tokens", Presence::Optional, &mut self.input_tokens);
        visitor.choice("output-tokens", Presence::Optional, &mut self.output_tokens);
        visitor.optional_section("pairs", &mut self.pairs);
        visitor.optional("cached-input", &mut self.cached_input);
        visitor.optional("cache-write", &mut self.cache_write);
        visitor.optional("max-tokens", &mut self.max_tokens);
        visitor.optional("re-asks", &mut self.re_asks);
        visitor.optional_section("re-asking", &mut self.re_asking);
        visitor.optional_section("cache-keys", &mut self.cache_keys);
        visitor.optional("priority", &mut self.priority);
        visitor.optional("deadline", &mut self.deadline);
        visit_labels(&mut self.labels, visitor);
    }

    fn check(&self) -> Result<(), Invalid> {
        if !(self.weight > 0.0 && self.weight <= 1e9) {
            let message = format!("the weight `{:?}` is outside above 0 to 1000000000", self.weight);
            return Err(Invalid::new("weight", message, "write a number above 0, as in `3.0`, or leave the class out"));
        }
        super::check_urgency(self.priority, self.deadline)
    }
}

impl Class {
    /// `source` with what this class states in its place.
    fn of(&self, source: &Traffic) -> Traffic {
        let mut class = source.clone();
        class.class.clear();
        if self.input_tokens.is_some() || self.output_tokens.is_some() {
            class.pairs = None;
        }
        class.input_tokens = self.input_tokens.clone().unwrap_or(class.input_tokens);
        class.output_tokens = self.output_tokens.clone().unwrap_or(class.output_tokens);
        class.pairs = self.pairs.clone().or(class.pairs);
        class.cached_input = self.cached_input.unwrap_or(class.cached_input);
        class.cache_write = self.cache_write.unwrap_or(class.cache_write);
        class.max_tokens = self.max_tokens.or(class.max_tokens);
        class.re_asks = self.re_asks.unwrap_or(class.re_asks);
        class.re_asking = self.re_asking.or(class.re_asking);
        class.cache_keys = self.cache_keys.or(class.cache_keys);
        class.priority = self.priority.unwrap_or(class.priority);
        class.deadline = self.deadline.or(class.deadline);
        class.labels = self.labels.clone().or(&class.labels);
        class
    }
}

impl Traffic {
    /// The names of the classes of the source called `source`: `source` alone, or `source/class` for each.
    pub fn class_names(&self, source: &str) -> Vec<String> {
        if self.class.is_empty() {
            return vec![source.to_owned()];
        }
        self.class.iter().map(|(name, _)| format!("{source}/{name}")).collect()
    }

    /// The source, or each of its classes as a source would state it, with its name.
    pub fn classes(&self, source: &str) -> Vec<(String, Traffic)> {
        let classes = self.class.iter().map(|(_, class)| class.of(self));
        let whole = self.class.is_empty().then(|| self.clone());
        self.class_names(source).into_iter().zip(classes.chain(whole)).collect()
    }
}

impl Traffic {
    /// What the requests of each class of the source called `source` have in common.
    pub fn facts(&self, source: &str) -> Vec<protocol::Class> {
        let facts = |(name, class): (String, Traffic)| protocol::Class {
            name,
            labels: class.labels,
            max_tokens: class.max_tokens,
            re_asks: class.re_asks,
            re_asking: class.re_asking.unwrap_or_default(),
            cache_write: class.cache_write,
            priority: u8::try_from(class.priority).unwrap_or(u8::MAX), // checked
            deadline: class.deadline,
        };
        self.classes(source).into_iter().map(facts).collect()
    }

    /// For each class of the source called `source` what its requests ask for, where some ask for the same.
    pub fn keys(&self, source: &str, setting: &Setting) -> Vec<Option<Keys>> {
        let keys = |(name, class): (String, Traffic)| {
            class.cache_keys.map(|keys| Keys::new(&keys, setting.streams(&name).of("cache-keys")))
        };
        self.classes(source).into_iter().map(keys).collect()
    }
}

/// The sizes of a source's requests and what class each is of.
pub struct Mix {
    sizers: Vec<Sizer>,
    /// Which class comes next, where there are several.
    chances: Option<(Population, Stream)>,
}

/// The sizes of one class, drawn ahead so that they depend on nothing but the class.
struct Sizer {
    sizing: Sizing,
    streams: SizeStreams,
    ahead: Box<Columns>,
    next: usize,
}

impl Mix {
    /// The classes of `traffic` under the name `source`.
    ///
    /// # Errors
    /// If a table of sizes cannot be read.
    pub fn new(traffic: &Traffic, source: &str, setting: &Setting) -> Result<Self, TraceError> {
        let sizer = |(name, class): (String, Traffic)| {
            let streams = setting.streams(&name);
            Ok(Sizer {
                sizing: Sizing::new(&class, setting.folder)?,
                streams: SizeStreams::new(|purpose| streams.of(purpose)),
                ahead: Box::default(),
                next: BLOCK,
            })
        };
        let sizers = traffic.classes(source).into_iter().map(sizer).collect::<Result<_, TraceError>>()?;
        let chances = || {
            let weights = traffic.class.iter().map(|(_, class)| class.weight);
            (Population::weighted(weights), setting.streams(source).of("classes"))
        };
        Ok(Mix { sizers, chances: (traffic.class.len() > 1).then(chances) })
    }

    /// Draws class and size for a block of requests.
    pub fn fill(&mut self, columns: &mut Columns) {
        match &mut self.chances {
            None => {
                let Sizer { sizing, streams, .. } = &mut self.sizers[0];
                sizing.fill(streams, columns);
            }
            Some((chances, stream)) => {
                for at in 0..BLOCK {
                    let class = chances.draw(stream);
                    let size = self.sizers[class as usize].draw();
                    columns.class[at] = class as u16;
                    (columns.input[at], columns.cached[at], columns.output[at]) =
                        (size.input, size.cached, size.output);
                }
            }
        }
    }

    /// How the sizes of the class are drawn that request `at` of `columns` is of.
    pub fn sizing(&self, columns: &Columns, at: usize) -> &Sizing {
        &self.sizers[usize::from(columns.class[at])].sizing
    }
}

impl Sizer {
    fn draw(&mut self) -> Size {
        if self.next == BLOCK {
            self.sizing.fill(&mut self.streams, &mut self.ahead);
            self.next = 0;
        }
        let (at, ahead) = (self.next, &self.ahead);
        self.next += 1;
        Size { input: ahead.input[at], cached: ahead.cached[at], output: ahead.output[at] }
    }
}
