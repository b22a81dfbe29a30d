//! When an account is moved up to the next tier.

use crate::provider::Price;
use crate::units::{CalendarUnit, Money};

/// Months that are looked ahead.
pub const HORIZON: u32 = 12;

/// A tier that an account is moved up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Its name.
    pub tier: String,
    /// By the end of which month, from 1, if that is within [`HORIZON`].
    pub month: Option<u32>,
}

/// The tiers that an account comes to which begins with `price` and pays `monthly` at the end of each month, in order;
/// the last one may be out of reach. `price_of` knows the prices of the other tiers. What is paid stays as it is at first,
/// whatever the later tiers charge.
pub(super) fn promotions(price: &Price, monthly: Money, price_of: impl Fn(&str) -> Option<Price>) -> Vec<Promotion> {
    let entry = price.entry.unwrap_or_default();
    let mut promotions: Vec<Promotion> = Vec::new();
    let (mut present, mut begin) = (price.clone(), 1);
    while let Some(tier) = present.next.tier.clone() {
        let month = (begin..=HORIZON).find(|&month| is_reached(&present, entry, monthly, month));
        promotions.push(Promotion { tier: tier.clone(), month });
        let (Some(month), Some(price)) = (month, price_of(&tier)) else { break };
        // Tiers that lead to each other lead nowhere.
        if promotions.iter().any(|promotion| Some(&promotion.tier) == price.next.tier.as_ref()) {
            break;
        }
        (present, begin) = (price, month);
    }
    promotions
}

/// Whether the account is moved up from `price` by the end of the `month`-th month.
fn is_reached(price: &Price, entry: Money, monthly: Money, month: u32) -> bool {
    let paid = entry.saturating_add(monthly.saturating_mul(u64::from(month)));
    let age = CalendarUnit::Month.mean_length().saturating_mul(u64::from(month));
    let days = CalendarUnit::Day.mean_length().saturating_mul(u64::from(price.next.days.unwrap_or(0)));
    paid >= price.next.paid.unwrap_or_default() && age >= days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Next;

    fn price(next: &str, paid: i64, days: u32) -> Price {
        let next = Next { tier: Some(next.to_owned()), paid: Some(Money::from_usd(paid)), days: Some(days) };
        Price { next, ..Price::default() }
    }

    /// OpenAI's tiers as they were with waiting times: 50 USD and 7 days, 100 USD and 7 days, 250 USD and 14 days.
    fn known(tier: &str) -> Option<Price> {
        match tier {
            "tier-2" => Some(price("tier-3", 100, 7)),
            "tier-3" => Some(price("tier-4", 250, 14)),
            _ => None,
        }
    }

    fn months(first: &Price, monthly: i64) -> Vec<(String, Option<u32>)> {
        let found = promotions(first, Money::from_usd(monthly), known);
        found.into_iter().map(|promotion| (promotion.tier, promotion.month)).collect()
    }

    fn tiers(found: &[(&str, Option<u32>)]) -> Vec<(String, Option<u32>)> {
        found.iter().map(|(tier, month)| ((*tier).to_owned(), *month)).collect()
    }

    #[test]
    fn an_account_moves_up_as_it_pays() {
        let first = Price { entry: Some(Money::from_usd(5)), ..price("tier-2", 50, 7) };
        // 5 + 15 a month: 50 after three months, 110 after seven (95 after six), 185 after twelve.
        assert_eq!(months(&first, 15), tiers(&[("tier-2", Some(3)), ("tier-3", Some(7)), ("tier-4", None)]));
        // Several in one month.
        assert_eq!(months(&first, 300), tiers(&[("tier-2", Some(1)), ("tier-3", Some(1)), ("tier-4", Some(1))]));
        assert_eq!(months(&first, 0), tiers(&[("tier-2", None)]));
        assert_eq!(months(&Price::default(), 300), []);
    }

    #[test]
    fn an_account_waits_until_it_is_old_enough() {
        // 61 days are more than two months of 30.44 days.
        assert_eq!(months(&price("tier-4", 50, 61), 1_000), tiers(&[("tier-4", Some(3))]));
        assert_eq!(months(&price("tier-4", 50, 60), 1_000), tiers(&[("tier-4", Some(2))]));
    }

    #[test]
    fn tiers_that_lead_to_each_other_end() {
        let around = |tier: &str| Some(if tier == "a" { price("b", 1, 0) } else { price("a", 1, 0) });
        let found = promotions(&price("b", 1, 0), Money::from_usd(9), around);
        assert_eq!(found.len(), 2);
    }
}
