//! The one grammar for what people write: `60/min`, `5k/month`, `2.5s`, `3 USD/Mtok`, `0.5%`.
//!
//! Nothing is guessed: `m` is a minute, `month` is a month, `M` is a million, and a quantity without its unit is refused
//! with the text that would have been right. Numbers are decimals and are never rounded on the way in.

use super::calendar::CalendarUnit;
use super::money::{Money, MonthlyFee, RequestPrice, TokenPrice};
use super::rate::{Allowance, Period, Rate};
use super::share::Share;
use super::time::{NANOS_PER_SECOND, SimDuration};

/// Why a text is not the quantity that it should be, and how to mend it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misread {
    /// What was found, in lower case without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Which element of a list is meant.
    pub item: Option<usize>,
}

impl Misread {
    /// A misreading of the whole value.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Misread { message: message.into(), help: help.into(), item: None }
    }
}

type Result<T> = std::result::Result<T, Misread>;

const DURATION_HELP: &str = "write a duration with its unit, as in `250ms`, `2.5s`, `15min`, `1h30m` or `30d`";
const RATE_HELP: &str = "write a rate as a count per period, as in `3/s`, `60/min`, `1.5k/h` or `5k/month`";
const ALLOWANCE_HELP: &str = "write a count per period, as in `60/min`, `100/10s`, `1k/day` or `5k/month`";
const COUNT_HELP: &str = "write a whole number, as in `500`, `5k` or `1M`";
const COMMA_HELP: &str = "write a point before decimals, as in `1.5`, and thousands as in `1_000` or `1k`";
const SHARE_HELP: &str = "write a share as a percentage, as in `0.5%` or `100%`";
const TOKEN_PRICE_HELP: &str = "write a price per million tokens, as in `3 USD/Mtok`";
const REQUEST_PRICE_HELP: &str = "write a price per request, as in `0.002 USD/request`";
const FEE_HELP: &str = "write a fee per month, as in `20 USD/month`";
const MONEY_HELP: &str = "write an amount in US dollars, as in `500 USD`";

/// A decimal number as written: `digits * 10^-scale`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u128,
    scale: u32,
}

impl Decimal {
    /// `self * factor` as a whole number, `None` where it is not whole or does not fit.
    fn times(self, factor: u128) -> Option<u128> {
        let product = self.digits.checked_mul(factor)?;
        let divisor = 10u128.checked_pow(self.scale)?;
        product.is_multiple_of(divisor).then_some(product / divisor)
    }

    /// `self * factor` rounded to the nearest whole number.
    fn times_rounded(self, factor: u128) -> Option<u128> {
        let product = self.digits.checked_mul(factor)?;
        let divisor = 10u128.checked_pow(self.scale)?;
        Some((product + divisor / 2) / divisor)
    }
}

/// Splits a leading decimal number from the rest of `text`.
fn leading_number(text: &str) -> Option<(Decimal, &str)> {
    let (mut digits, mut scale, mut seen_point, mut any) = (0u128, 0u32, false, false);
    let mut end = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits = digits.checked_mul(10)?.checked_add(u128::from(byte - b'0'))?;
                scale += u32::from(seen_point);
                any = true;
            }
            b'_' if any => {}
            b'.' if any && !seen_point => seen_point = true,
            _ => break,
        }
        end = at + 1;
    }
    let number = &text[..end];
    (any && !number.ends_with(['.', '_'])).then_some((Decimal { digits, scale }, &text[end..]))
}

fn signless<'t>(text: &'t str, help: &str) -> Result<&'t str> {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(_) => Err(Misread::new(format!("`{text}` is negative"), help)),
        None => Ok(text),
    }
}

fn multiplier(suffix: &str) -> Option<u128> {
    match suffix {
        "" => Some(1),
        "k" => Some(1_000),
        "M" => Some(1_000_000),
        "G" => Some(1_000_000_000),
        _ => None,
    }
}

/// What is wrong with `suffix` behind a number.
fn not_a_multiplier(suffix: &str, help: &str) -> Misread {
    match suffix.strip_prefix(',') {
        Some(_) => Misread::new("there is a comma in the number", COMMA_HELP),
        None => Misread::new(format!("`{suffix}` is none of k, M, G"), help),
    }
}

/// A whole number of things: `500`, `1_000`, `5k`, `1.5M`.
pub fn count(text: &str) -> Result<u64> {
    let text = signless(text, COUNT_HELP)?;
    let (number, rest) =
        leading_number(text).ok_or_else(|| Misread::new(format!("`{text}` is not a number"), COUNT_HELP))?;
    let factor = multiplier(rest.trim()).ok_or_else(|| not_a_multiplier(rest.trim(), COUNT_HELP))?;
    let whole =
        number.times(factor).ok_or_else(|| Misread::new(format!("`{text}` is not a whole number"), COUNT_HELP))?;
    u64::try_from(whole)
        .map_err(|_| Misread::new(format!("`{text}` is too large"), format!("write at most {}", u64::MAX)))
}

fn time_unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" | "sec" | "second" | "seconds" => NANOS_PER_SECOND,
        "m" | "min" | "minute" | "minutes" => 60 * NANOS_PER_SECOND,
        "h" | "hour" | "hours" => 3_600 * NANOS_PER_SECOND,
        "d" | "day" | "days" => 86_400 * NANOS_PER_SECOND,
        "w" | "week" | "weeks" => 7 * 86_400 * NANOS_PER_SECOND,
        _ => return None,
    })
}

fn is_month(name: &str) -> bool {
    matches!(name, "month" | "months" | "mo")
}

/// A span of time of at most 100 years: `2.5s`, `1h30m`, `30d`.
pub fn duration(text: &str) -> Result<SimDuration> {
    let text = signless(text, DURATION_HELP)?;
    let (mut rest, mut total) = (text, 0u128);
    loop {
        let (number, tail) =
            leading_number(rest).ok_or_else(|| Misread::new(format!("`{text}` is not a duration"), DURATION_HELP))?;
        let tail = tail.trim_start();
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        if unit.starts_with(',') {
            return Err(Misread::new("there is a comma in the number", COMMA_HELP));
        }
        if unit.is_empty() {
            return Err(Misread::new(format!("`{text}` has no unit"), DURATION_HELP));
        }
        if is_month(unit) {
            let help = "a month has 28 to 31 days: write the days, as in `30d`";
            return Err(Misread::new(format!("`{text}` has no fixed length"), help));
        }
        let nanos =
            time_unit(unit).ok_or_else(|| Misread::new(format!("`{unit}` is not a unit of time"), DURATION_HELP))?;
        let part = number
            .times_rounded(u128::from(nanos))
            .ok_or_else(|| Misread::new(format!("`{text}` is too long"), DURATION_HELP))?;
        total = total.saturating_add(part);
        rest = next.trim_start();
        if rest.is_empty() {
            break;
        }
    }
    match u64::try_from(total).map(SimDuration::from_nanos) {
        Ok(span) if span <= SimDuration::HORIZON => Ok(span),
        _ => Err(Misread::new(format!("`{text}` is longer than 100 years"), "write a shorter duration, as in `30d`")),
    }
}

/// Splits `COUNT/PERIOD`.
fn per<'t>(text: &'t str, help: &str) -> Result<(Decimal, u128, &'t str)> {
    let text = signless(text, help)?;
    let (number, rest) =
        leading_number(text).ok_or_else(|| Misread::new(format!("`{text}` does not begin with a number"), help))?;
    let Some((suffix, period)) = rest.split_once('/') else {
        return Err(Misread::new(format!("`{text}` has no period"), help));
    };
    let factor = multiplier(suffix.trim()).ok_or_else(|| not_a_multiplier(suffix.trim(), help))?;
    Ok((number, factor, period.trim()))
}

fn period(text: &str, help: &str) -> Result<SimDuration> {
    match time_unit(text) {
        Some(nanos) => Ok(SimDuration::from_nanos(nanos)),
        None => match duration(text) {
            Ok(span) if !span.is_zero() => Ok(span),
            Ok(_) => Err(Misread::new(format!("the period `{text}` is zero"), help)),
            Err(_) => Err(Misread::new(format!("`{text}` is not a period of time"), help)),
        },
    }
}

/// How often something happens: `3/s`, `0.4/min`, `5k/month` (a month at its mean length of 30.436875 days).
pub fn rate(text: &str) -> Result<Rate> {
    let (number, factor, unit) = per(text, RATE_HELP)?;
    let period = if is_month(unit) { CalendarUnit::Month.mean_length() } else { period(unit, RATE_HELP)? };
    // number * factor events per period = digits * factor events per (period * 10^scale).
    let too_large = || Misread::new(format!("`{text}` has too many digits"), RATE_HELP);
    let events = number.digits.checked_mul(factor).ok_or_else(too_large)?;
    let nanos = 10u128.checked_pow(number.scale).and_then(|p| p.checked_mul(u128::from(period.as_nanos())));
    let nanos = nanos.ok_or_else(too_large)?;
    if events == 0 {
        return Err(Misread::new("the rate is zero", "write a rate above zero, or leave the source out"));
    }
    // Reduced before each half has to fit its type.
    let divisor = gcd(events, nanos);
    let events = u64::try_from(events / divisor).map_err(|_| too_large())?;
    let nanos = u64::try_from(nanos / divisor).map_err(|_| too_large())?;
    if SimDuration::from_nanos(nanos) > SimDuration::HORIZON {
        return Err(Misread::new(format!("`{text}` is not a whole number in any period up to 100 years"), RATE_HELP));
    }
    Ok(Rate::new(events, SimDuration::from_nanos(nanos)).expect("neither half is zero"))
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// What a limit allows: `60/min`, `100/10s`, `5k/month`.
pub fn allowance(text: &str) -> Result<Allowance> {
    let is_money = text.contains("USD") || text.contains('$');
    let (number, factor, unit) = if is_money { dollars_per(text)? } else { per(text, ALLOWANCE_HELP)? };
    let whole = number.times(factor).ok_or_else(|| {
        Misread::new(format!("`{text}` does not allow a whole number"), "write a longer period, as in `1/2min`")
    })?;
    let amount = u64::try_from(whole).map_err(|_| Misread::new(format!("`{text}` is too large"), ALLOWANCE_HELP))?;
    if amount == 0 {
        return Err(Misread::new(format!("`{text}` allows nothing"), ALLOWANCE_HELP));
    }
    let period = match unit {
        _ if is_month(unit) => Period::Calendar(CalendarUnit::Month),
        "day" => Period::Calendar(CalendarUnit::Day),
        _ => Period::Fixed(period(unit, ALLOWANCE_HELP)?),
    };
    Ok(Allowance { amount, is_money, period })
}

/// Splits `AMOUNT USD/PERIOD`; the factor is that to billionths.
fn dollars_per(text: &str) -> Result<(Decimal, u128, &str)> {
    let (number, rest) = dollars(text, ALLOWANCE_HELP)?;
    match rest.strip_prefix('/') {
        Some(period) => Ok((number, 1_000_000_000, period.trim())),
        None => Err(Misread::new(format!("`{}` has no period", text.trim()), ALLOWANCE_HELP)),
    }
}

/// A share of a whole: `0.5%`.
pub fn share(text: &str) -> Result<Share> {
    let text = signless(text, SHARE_HELP)?;
    let (number, rest) =
        leading_number(text).ok_or_else(|| Misread::new(format!("`{text}` is not a share"), SHARE_HELP))?;
    match rest.trim() {
        "%" => {}
        "" => return Err(Misread::new(format!("`{text}` has no unit"), SHARE_HELP)),
        other => return Err(Misread::new(format!("`{other}` is not `%`"), SHARE_HELP)),
    }
    let parts = number.times(1_000_000).and_then(|p| u64::try_from(p).ok());
    parts
        .map(Share::from_hundred_millionths)
        .ok_or_else(|| Misread::new(format!("`{text}` has too many digits"), SHARE_HELP))
}

/// `AMOUNT USD` or `$AMOUNT`, with what follows.
fn dollars<'t>(text: &'t str, help: &str) -> Result<(Decimal, &'t str)> {
    let text = signless(text, help)?;
    let (bare, is_marked) = match text.strip_prefix('$') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (number, rest) =
        leading_number(bare).ok_or_else(|| Misread::new(format!("`{text}` is not an amount of money"), help))?;
    let rest = rest.trim_start();
    match (is_marked, rest.strip_prefix("USD")) {
        (true, None) => Ok((number, rest)),
        (false, Some(tail)) => Ok((number, tail.trim_start())),
        (true, Some(_)) => Err(Misread::new(format!("`{text}` names the currency twice"), help)),
        (false, None) if rest.starts_with(char::is_alphabetic) => {
            let unit = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            Err(Misread::new(format!("`{unit}` is not `USD`"), help))
        }
        (false, None) => Err(Misread::new(format!("`{text}` has no currency"), help)),
    }
}

/// The highest price, a million dollars: times any count of 64 bits it is still an exact [`Money`].
const MOST_PICOS: u128 = super::money::PICOS as u128 * 1_000_000;

fn priced(text: &str, help: &str, units: &[(&str, u128)]) -> Result<Money> {
    let (number, rest) = dollars(text, help)?;
    let Some(unit) = rest.strip_prefix('/').map(str::trim) else {
        return Err(Misread::new(format!("`{}` does not say per what", text.trim()), help));
    };
    let Some(&(_, per)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(Misread::new(format!("`{unit}` is not what this price is per"), help));
    };
    let picos = number.times(super::money::PICOS as u128);
    let too_large = picos.is_none() && number.digits >= 10u128.saturating_pow(number.scale + 12);
    match picos.filter(|p| p.is_multiple_of(per)).map(|p| p / per) {
        Some(picos) if picos <= MOST_PICOS => Ok(Money::from_picos(picos as i128)),
        None if !too_large => Err(Misread::new(format!("`{}` is finer than a picodollar", text.trim()), help)),
        _ => Err(Misread::new(format!("`{}` is too large", text.trim()), help)),
    }
}

/// An amount of money: `500 USD`.
pub fn money(text: &str) -> Result<Money> {
    let (number, rest) = dollars(text, MONEY_HELP)?;
    if !rest.is_empty() {
        return Err(Misread::new(format!("`{rest}` follows the amount"), MONEY_HELP));
    }
    let picos = number.times(super::money::PICOS as u128).filter(|&p| p < 1u128 << 100);
    match picos {
        Some(picos) => Ok(Money::from_picos(picos as i128)),
        None => Err(Misread::new(format!("`{}` is too large or too fine", text.trim()), MONEY_HELP)),
    }
}

/// A price per token: `3 USD/Mtok`, `0.02 USD/ktok`.
pub fn token_price(text: &str) -> Result<TokenPrice> {
    priced(text, TOKEN_PRICE_HELP, &[("Mtok", 1_000_000), ("ktok", 1_000), ("tok", 1)]).map(TokenPrice)
}

/// A price per request: `0.002 USD/request`.
pub fn request_price(text: &str) -> Result<RequestPrice> {
    priced(text, REQUEST_PRICE_HELP, &[("request", 1), ("krequest", 1_000)]).map(RequestPrice)
}

/// A subscription: `20 USD/month`.
pub fn monthly_fee(text: &str) -> Result<MonthlyFee> {
    priced(text, FEE_HELP, &[("month", 1)]).map(MonthlyFee)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let secs = |text: &str| duration(text).map(|d| d.as_secs_f64());
        assert_eq!(secs("2.5s"), Ok(2.5));
        assert_eq!(secs("1h30m"), Ok(5_400.0));
        assert_eq!(secs("1h 30min"), Ok(5_400.0));
        assert_eq!(secs("5m"), Ok(300.0));
        assert_eq!(secs("30d"), Ok(2_592_000.0));
        assert_eq!(secs("0s"), Ok(0.0));
        assert_eq!(duration("1.5ns").unwrap().as_nanos(), 2);
        for bad in
            ["", "30", "-3s", "5 fortnights", "1e3s", "2month", "101y", "9999999999h", "NaN", "inf", ".5s", "5.s"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(duration("36525d").unwrap(), SimDuration::HORIZON);
        assert!(duration("36525d1ns").is_err());
    }

    #[test]
    fn rates_and_allowances() {
        assert_eq!(rate("60/min").unwrap(), Rate::new(1, SimDuration::from_secs(1)).unwrap());
        assert_eq!(rate("1.2/s").unwrap(), Rate::new(6, SimDuration::from_secs(5)).unwrap());
        assert_eq!(rate("1.5k/h").unwrap(), Rate::new(5, SimDuration::from_secs(12)).unwrap());
        assert!((rate("5k/month").unwrap().per_second() - 5_000.0 / 2_629_746.0).abs() < 1e-15);
        assert_eq!(allowance("5k/month").unwrap().period, Period::Calendar(CalendarUnit::Month));
        assert_eq!(allowance("100/10s").unwrap(), Allowance::per(100, SimDuration::from_secs(10)));
        assert_eq!(allowance("1M/m").unwrap(), Allowance::per(1_000_000, SimDuration::from_secs(60)));
        for bad in ["60", "0/min", "60/", "60/parsec", "60 /0s", "m/min", "6K/min", "-1/s", "99999999999999999999/s"] {
            assert!(rate(bad).is_err() && allowance(bad).is_err(), "{bad}");
        }
        assert!(allowance("0.5/min").is_err());
        // Whatever a rate prints is a rate again.
        for text in ["18446744073709551615/7ns", "9223372036854775809/8ns", "0.001/month", "0.0125/d", "1/36525d"] {
            let read = rate(text).unwrap();
            assert_eq!(rate(&read.to_string()), Ok(read), "{text}");
        }
        assert!(rate("0.0001/month").is_err() && rate("0.0005/month").is_err());
    }

    #[test]
    fn money_and_shares() {
        assert_eq!(token_price("3 USD/Mtok").unwrap().0, Money::from_picos(3_000_000));
        assert_eq!(token_price("$0.0375/Mtok").unwrap().0, Money::from_picos(37_500));
        assert_eq!(token_price("0.06 USD/ktok").unwrap().0, Money::from_picos(60_000_000));
        assert_eq!(monthly_fee("20 USD/month").unwrap().0, Money::from_usd(20));
        assert_eq!(request_price("0.002 USD/request").unwrap().0, Money::from_picos(2_000_000_000));
        assert_eq!(money("$500").unwrap(), Money::from_usd(500));
        assert_eq!(share("0.5%").unwrap().as_f64(), 0.005);
        for bad in ["3", "3 EUR/Mtok", "$3 USD/Mtok", "3 USD", "3 USD/token", "-3 USD/Mtok", "1e3 USD/Mtok"] {
            assert!(token_price(bad).is_err(), "{bad}");
        }
        for bad in ["0.5", "50 percent", "-1%", "%"] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn counts() {
        assert_eq!(count("5k"), Ok(5_000));
        assert_eq!(count("1.5M"), Ok(1_500_000));
        assert_eq!(count("1_000"), Ok(1_000));
        for bad in ["1.5", "5K", "5m", "", "-1", "1e6", "18446744073709551616"] {
            assert!(count(bad).is_err(), "{bad}");
        }
    }
}
