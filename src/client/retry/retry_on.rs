//! Which answers a client tries again after.

use crate::params::{Literal, Parameter};
use crate::protocol::Fault;
use crate::units::grammar::Misread;

/// A set of answers: 429, and faults of the provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryOn {
    /// Whether a 429 is tried again.
    pub refusals: bool,
    faults: [bool; Fault::COUNT],
}

impl RetryOn {
    /// Whatever went wrong.
    pub const ALL: RetryOn = RetryOn { refusals: true, faults: [true; Fault::COUNT] };
    /// Nothing.
    pub const NOTHING: RetryOn = RetryOn { refusals: false, faults: [false; Fault::COUNT] };

    /// 429 where `refusals` says so, and `faults`.
    pub const fn of(refusals: bool, faults: &[Fault]) -> RetryOn {
        let mut set = RetryOn { refusals, ..RetryOn::NOTHING };
        let mut at = 0;
        while at < faults.len() {
            set.faults[faults[at] as usize] = true;
            at += 1;
        }
        set
    }

    /// Whether a call that failed so is tried again.
    pub fn has(self, fault: Fault) -> bool {
        self.faults[fault as usize]
    }

    fn add(&mut self, word: &str) -> Result<(), Misread> {
        let faults: &[Fault] = match word {
            "429" => {
                self.refusals = true;
                return Ok(());
            }
            "5xx" => &[Fault::Internal, Fault::Unavailable, Fault::Timeout, Fault::Overloaded],
            _ => {
                let named = Fault::ALL.iter().position(|fault| fault.word() == word);
                let at = named.ok_or_else(|| Misread::new(format!("found the text `{word}`"), HELP))?;
                &Fault::ALL[at..=at]
            }
        };
        faults.iter().for_each(|fault| self.faults[*fault as usize] = true);
        Ok(())
    }
}

const HELP: &str = "write some of: `\"429\"`, `\"5xx\"`, `\"500\"`, `\"503\"`, `\"504\"`, `\"529\"`, `\"dropped\"`";

impl Parameter for RetryOn {
    fn read(&mut self, literal: &Literal) -> Result<(), Misread> {
        let Literal::List(items) = literal else {
            return Err(Misread::new(
                format!("found {}", literal.describe()),
                "write a list, as in `[\"429\", \"5xx\"]`",
            ));
        };
        let mut stated = RetryOn::NOTHING;
        for (at, item) in items.iter().enumerate() {
            let misread = |misread| Misread { item: Some(at), ..misread };
            match item {
                Literal::Text(word) | Literal::Number(word) => stated.add(word).map_err(misread)?,
                other => return Err(misread(Misread::new(format!("found {}", other.describe()), HELP))),
            }
        }
        *self = stated;
        Ok(())
    }

    fn write(&self) -> Option<String> {
        let refusals = self.refusals.then_some("429");
        let faults = Fault::ALL.iter().filter(|fault| self.has(**fault)).map(|fault| fault.word());
        let words: Vec<String> = refusals.into_iter().chain(faults).map(crate::params::quoted).collect();
        Some(format!("[{}]", words.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<RetryOn, Misread> {
        let mut set = RetryOn::ALL;
        set.read(&Literal::List(words.iter().map(|word| Literal::Text(word)).collect()))?;
        Ok(set)
    }

    #[test]
    fn words_name_answers() {
        let set = read(&["429", "5xx"]).unwrap();
        assert!(set.refusals && set.has(Fault::Overloaded) && set.has(Fault::Timeout) && !set.has(Fault::Dropped));
        assert_eq!(set.write().unwrap(), r#"["429", "500", "503", "504", "529"]"#);
        assert_eq!(read(&["dropped"]).unwrap().write().unwrap(), r#"["dropped"]"#);
        assert_eq!(read(&[]).unwrap(), RetryOn::NOTHING);
        let misread = read(&["429", "4xx"]).unwrap_err();
        assert_eq!((misread.item, misread.message.as_str()), (Some(1), "found the text `4xx`"));
    }
}
