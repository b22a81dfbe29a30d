//! How a model tells the world about its parameters, once.
//!
//! A model lists its keys in one function, [`Parameters::visit`]. Different visitors then read them from a scenario (with
//! line and column), print them back, or look one up by its path to nudge it, so a new model needs no second list.
//!
//! Text becomes a value through [`Parameter::read`] and the grammar of [`crate::units::grammar`]; a model that dislikes
//! what it got says so by key in [`Parameters::check`] and leaves finding the place to the reader.

use crate::units::grammar::{self, Misread};
use crate::units::{
    Allowance, Civil, Day, HourlyPrice, Moment, Money, MonthlyFee, Period, Rate, RequestPrice, Share, SimDuration,
    TimeOfDay, TokenPrice, Tokens,
};
use std::num::NonZeroU32;

/// A value as written, before anyone knows what it should be.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal<'a> {
    /// A quoted string.
    Text(&'a str),
    /// A bare number, kept as text so that no digit is lost.
    Number(&'a str),
    /// `true` or `false`.
    Boolean(bool),
    /// A bare date or time.
    Datetime(&'a str),
    /// A list.
    List(Vec<Literal<'a>>),
    /// A table.
    Table,
}

impl Literal<'_> {
    /// What it is, with an article, for "found …".
    pub fn describe(&self) -> String {
        match self {
            Literal::Text(text) => format!("the text `{text}`"),
            Literal::Number(text) => format!("the number `{text}`"),
            Literal::Boolean(value) => format!("`{value}`"),
            Literal::Datetime(text) => format!("the time `{text}`"),
            Literal::List(_) => "a list".into(),
            Literal::Table => "a table".into(),
        }
    }
}

/// A single value that a scenario can state.
pub trait Parameter {
    /// Takes the value of `literal`, or says why not; on an error the old value stays.
    fn read(&mut self, literal: &Literal) -> Result<(), Misread>;
    /// The value as a TOML literal that [`Parameter::read`] takes back; `None` where nothing is set.
    fn write(&self) -> Option<String>;
}

/// Whether a scenario must state a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// Without it there is nothing to simulate.
    Required,
    /// The value that is there already is the default.
    Optional,
}

/// Walks over the parameters of a model.
pub trait Visitor {
    /// A single value under `key`.
    fn value(&mut self, key: &'static str, presence: Presence, slot: &mut dyn Parameter);
    /// A table under `key`, whose own keys have defaults.
    fn section(&mut self, key: &'static str, slot: &mut dyn Parameters);
    /// A table under `key` that switches something on by being there.
    fn optional_section(&mut self, key: &'static str, slot: &mut dyn OptionalSection);
    /// One of several models: the key *is* its kind, in this very table.
    fn kind(&mut self, presence: Presence, slot: &mut dyn Choice);
    /// One of several models in a table of its own under `key`: `key.kind = { … }`.
    fn choice(&mut self, key: &'static str, presence: Presence, slot: &mut dyn Choice);
    /// A table under `key` whose keys are names that the user gives.
    fn named(&mut self, key: &'static str, slot: &mut dyn Named);

    /// A value that must be stated.
    fn required(&mut self, key: &'static str, slot: &mut dyn Parameter) {
        self.value(key, Presence::Required, slot);
    }

    /// A value with a default.
    fn optional(&mut self, key: &'static str, slot: &mut dyn Parameter) {
        self.value(key, Presence::Optional, slot);
    }
}

/// What is wrong with the value of a key, found by the model that owns it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invalid {
    /// The key within the model's own table.
    pub key: &'static str,
    /// What was found, in lower case without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Invalid {
    /// A complaint about `key`.
    pub fn new(key: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Invalid { key, message: message.into(), help: help.into() }
    }
}

/// A set of keys with their values: a model's parameters.
pub trait Parameters {
    /// Lists every key once, in the order in which people should read them.
    fn visit(&mut self, visitor: &mut dyn Visitor);

    /// Whether the values make sense, alone and together.
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// A section that may be absent; `Option<T>` is one.
pub trait OptionalSection {
    /// Whether it is there.
    fn is_present(&self) -> bool;
    /// The section, made with its defaults where it was absent.
    fn fill(&mut self) -> &mut dyn Parameters;
    /// Takes it away.
    fn clear(&mut self);
}

impl<T: Parameters + Default> OptionalSection for Option<T> {
    fn is_present(&self) -> bool {
        self.is_some()
    }

    fn fill(&mut self) -> &mut dyn Parameters {
        self.get_or_insert_with(T::default)
    }

    fn clear(&mut self) {
        *self = None;
    }
}

/// One of several models; made by [`models!`](crate::models).
pub trait Choice {
    /// The kinds there are, with a line about each.
    fn kinds(&self) -> &'static [(&'static str, &'static str)];
    /// The kind that is chosen; empty where none is.
    fn kind(&self) -> &'static str;
    /// Chooses the `index`-th kind of [`Choice::kinds`], with its defaults.
    fn choose(&mut self, index: usize);
    /// The parameters of the chosen kind.
    fn parameters(&mut self) -> &mut dyn Parameters;
}

/// A choice that may be left open; its kind is empty then.
impl<T: Choice + Default> Choice for Option<T> {
    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        T::default().kinds()
    }

    fn kind(&self) -> &'static str {
        self.as_ref().map_or("", T::kind)
    }

    fn choose(&mut self, index: usize) {
        self.get_or_insert_with(T::default).choose(index);
    }

    fn parameters(&mut self) -> &mut dyn Parameters {
        self.get_or_insert_with(T::default).parameters()
    }
}

/// Sections under names that the user gives, in the order of the file.
pub trait Named {
    /// The names, in order.
    fn names(&self) -> Vec<String>;
    /// The section called `name`, made with its defaults where there was none.
    fn entry(&mut self, name: &str) -> &mut dyn Parameters;
}

impl<T: Parameters + Default> Named for Vec<(String, T)> {
    fn names(&self) -> Vec<String> {
        self.iter().map(|(name, _)| name.clone()).collect()
    }

    fn entry(&mut self, name: &str) -> &mut dyn Parameters {
        let at = match self.iter().position(|(n, _)| n == name) {
            Some(at) => at,
            None => {
                self.push((name.to_owned(), T::default()));
                self.len() - 1
            }
        };
        &mut self[at].1
    }
}

/// Registers models: makes an enum with one variant for each, its kinds' names and documentation, and its [`Choice`].
///
/// A line `/// About it.` then `module::Type = "kind-name",` adds one; the type implements [`Parameters`] and `Default`.
/// With `enum Name: dyn Trait`, `Name::model` gives the chosen one as that trait.
#[macro_export]
macro_rules! models {
    ($(#[$meta:meta])* $vis:vis enum $name:ident: dyn $trait:ident { $(#[doc = $doc:literal] $module:ident::$model:ident = $kind:literal,)+ }) => {
        $crate::models! { $(#[$meta])* $vis enum $name { $(#[doc = $doc] $module::$model = $kind,)+ } }

        impl $name {
            /// The chosen model.
            pub fn model(&self) -> &dyn $trait {
                match self { $($name::$model(model) => model,)+ }
            }

            /// What `ask` hears from the chosen model. For hot loops: the compiler sees which model it is in every case.
            #[inline(always)]
            pub fn ask<T>(&self, ask: impl Fn(&dyn $trait) -> T) -> T {
                match self { $($name::$model(model) => ask(model),)+ }
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $(#[doc = $doc:literal] $module:ident::$model:ident = $kind:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis enum $name { $(#[doc = $doc] $model($module::$model),)+ }

        impl $name {
            /// Every registered kind with its defaults, for tests that hold for all of them.
            pub fn registered() -> Vec<$name> {
                vec![$($name::$model(<$module::$model>::default()),)+]
            }
        }

        impl $crate::params::Choice for $name {
            fn kinds(&self) -> &'static [(&'static str, &'static str)] {
                &[$(($kind, $doc),)+]
            }
            fn kind(&self) -> &'static str {
                match self { $($name::$model(_) => $kind,)+ }
            }
            fn choose(&mut self, index: usize) {
                *self = $name::registered().swap_remove(index);
            }
            fn parameters(&mut self) -> &mut dyn $crate::params::Parameters {
                match self { $($name::$model(model) => model,)+ }
            }
        }
    };
}

/// Reads a quantity that is written as text with its unit.
macro_rules! quantity {
    ($type:ty, $read:path, $example:literal) => {
        impl Parameter for $type {
            fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
                *self = match literal {
                    Literal::Text(text) if text.trim().is_empty() => {
                        return Err(Misread::new("the text is empty", concat!("write it as in `\"", $example, "\"`")));
                    }
                    Literal::Text(text) => $read(text)?,
                    Literal::Number(number) => {
                        let help = concat!("write the number in quotes with its unit, as in `\"", $example, "\"`");
                        return Err(Misread::new(format!("`{number}` has no unit"), help));
                    }
                    other => {
                        let help = concat!("write it in quotes, as in `\"", $example, "\"`");
                        return Err(Misread::new(format!("found {}", other.describe()), help));
                    }
                };
                Ok(())
            }

            fn write(&self) -> Option<String> {
                Some(quoted(&WriteQuantity::text(self)))
            }
        }
    };
}

trait WriteQuantity {
    fn text(&self) -> String;
}

macro_rules! write_quantity {
    ($type:ty, $self:ident => $text:expr) => {
        impl WriteQuantity for $type {
            fn text(&$self) -> String {
                $text
            }
        }
    };
}

quantity!(SimDuration, grammar::duration, "2.5s");
quantity!(Rate, grammar::rate, "60/min");
quantity!(Allowance, grammar::allowance, "60/min");
quantity!(Share, grammar::share, "0.5%");
quantity!(Money, grammar::money, "500 USD");
quantity!(TokenPrice, grammar::token_price, "3 USD/Mtok");
quantity!(RequestPrice, grammar::request_price, "0.002 USD/request");
quantity!(MonthlyFee, grammar::monthly_fee, "20 USD/month");
quantity!(HourlyPrice, grammar::hourly_price, "12 USD/h");

write_quantity!(SimDuration, self => self.to_string());
write_quantity!(Rate, self => self.to_string());
write_quantity!(Allowance, self => self.to_string());
write_quantity!(Share, self => self.to_string());
write_quantity!(Money, self => format!("{self} USD"));
write_quantity!(TokenPrice, self => format!("{} USD/Mtok", self.0 * 1_000_000));
write_quantity!(RequestPrice, self => format!("{} USD/request", self.0));
write_quantity!(MonthlyFee, self => format!("{} USD/month", self.0));
write_quantity!(HourlyPrice, self => format!("{} USD/h", self.0));

/// `text` as a TOML basic string, on one line, with nothing in it that a terminal would act on.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_unprintable(c) && u32::from(c) > 0xffff => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c if is_unprintable(c) => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a terminal might act on `c`, or show nothing, or show what follows in another order.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

impl Parameter for u64 {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        *self = match literal {
            Literal::Text(text) | Literal::Number(text) => grammar::count(text)?,
            other => return Err(not_a_count(other)),
        };
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

fn not_a_count(found: &Literal) -> Misread {
    Misread::new(format!("found {}", found.describe()), "write a whole number, as in `500` or `\"5k\"`")
}

impl Parameter for u32 {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let mut wide = u64::from(*self);
        wide.read(literal)?;
        *self = u32::try_from(wide)
            .map_err(|_| Misread::new(format!("`{wide}` is too large"), format!("write at most {}", u32::MAX)))?;
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Parameter for NonZeroU32 {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let mut narrow = self.get();
        narrow.read(literal)?;
        *self = NonZeroU32::new(narrow).ok_or_else(|| Misread::new("this is zero", "write at least 1"))?;
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Parameter for Tokens {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let mut count = self.get();
        count.read(literal)?;
        *self = Tokens::new(count);
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Parameter for f64 {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let help = "write a plain number, as in `1.5`";
        let Literal::Number(text) = literal else {
            return Err(Misread::new(format!("found {}", literal.describe()), help));
        };
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => *self = value,
            _ => return Err(Misread::new(format!("`{text}` is not a finite number"), help)),
        }
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

impl Parameter for bool {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let Literal::Boolean(value) = literal else {
            return Err(Misread::new(format!("found {}", literal.describe()), "write `true` or `false`"));
        };
        *self = *value;
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Parameter for String {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let Literal::Text(text) = literal else {
            return Err(Misread::new(format!("found {}", literal.describe()), "write a text in quotes"));
        };
        *self = (*text).to_owned();
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Parameter for Civil {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let help = "write a date and time with a zone, as in `\"2025-03-03T00:00:00[America/New_York]\"`";
        let (Literal::Text(text) | Literal::Datetime(text)) = literal else {
            return Err(Misread::new(format!("found {}", literal.describe()), help));
        };
        *self = Civil::parse(text).map_err(|why| Misread::new(why, help))?;
        Ok(())
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// Reads what is written as text, or bare where TOML has a literal for it.
macro_rules! on_the_calendar {
    ($type:ty, $example:literal) => {
        impl Parameter for $type {
            fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
                let (Literal::Text(text) | Literal::Datetime(text)) = literal else {
                    let help = concat!("write it in quotes, as in `\"", $example, "\"`");
                    return Err(Misread::new(format!("found {}", literal.describe()), help));
                };
                *self = <$type>::parse(text)?;
                Ok(())
            }

            fn write(&self) -> Option<String> {
                Some(quoted(&self.to_string()))
            }
        }
    };
}

on_the_calendar!(Moment, "3d9h");
on_the_calendar!(TimeOfDay, "14:00");
on_the_calendar!(Day, "2025-12-25");

impl<T: Parameter + Default> Parameter for Option<T> {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let mut value = T::default();
        value.read(literal)?;
        *self = Some(value);
        Ok(())
    }

    fn write(&self) -> Option<String> {
        self.as_ref().and_then(T::write)
    }
}

impl<T: Parameter + Default> Parameter for Vec<T> {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let Literal::List(items) = literal else {
            let help = match literal {
                Literal::Text(text) => format!("write a list, as in `[{}]`", quoted(text)),
                Literal::Number(number) => format!("write a list, as in `[{number}]`"),
                _ => "write a list, as in `[1, 2, 3]`".to_owned(),
            };
            return Err(Misread::new(format!("found {}", literal.describe()), help));
        };
        let read = |(at, item): (usize, &Literal)| {
            let mut value = T::default();
            value.read(item).map_err(|misread| Misread { item: Some(at), ..misread })?;
            Ok(value)
        };
        *self = items.iter().enumerate().map(read).collect::<Result<_, Misread>>()?;
        Ok(())
    }

    fn write(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(T::write).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

/// A closed set of words, read and written as text; with `#[derive(Default)]`, `#[default]` follows one word's doc.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $(#[doc = $doc:literal] $(#[$attribute:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $(#[doc = $doc] $(#[$attribute])* $variant,)+ }

        impl $name {
            /// The word as written.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl $crate::params::Parameter for $name {
            fn read(&mut self, literal: &$crate::params::Literal) -> Result<(), $crate::units::grammar::Misread> {
                let help = concat!("write one of:" $(, " `\"", $word, "\"`")+);
                let found = match literal {
                    $($crate::params::Literal::Text($word) => { *self = $name::$variant; return Ok(()) })+
                    other => other.describe(),
                };
                Err($crate::units::grammar::Misread::new(format!("found {found}"), help))
            }

            fn write(&self) -> Option<String> {
                Some($crate::params::quoted(self.word()))
            }
        }
    };
}

/// Refuses an allowance per calendar unit where only a fixed length makes sense.
pub fn fixed_period(key: &'static str, allowance: Allowance) -> Result<SimDuration, Invalid> {
    match allowance.period {
        Period::Fixed(length) => Ok(length),
        Period::Calendar(unit) => Err(Invalid::new(
            key,
            format!("a {} has no fixed length", unit.name()),
            format!("write the length, as in `{}/30d`, or use a `calendar-window`", allowance.amount),
        )),
    }
}
