//! What a month costs: allowances, steps and contracts, none of which is proportional to use.

use crate::params::{Invalid, Parameters, Visitor};
use crate::protocol::Uptime;
use crate::units::{Money, MonthlyFee, RequestPrice, Share};

/// What is free in every calendar month.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Free {
    /// The first so many calls, at what a call costs on average that month.
    pub requests: Option<u64>,
    /// Use that would have cost so much.
    pub spend: Option<Money>,
}

impl Parameters for Free {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("requests", &mut self.requests);
        visitor.optional("spend", &mut self.spend);
    }
}

/// A price from a certain use in a month on. What was used before it is not charged anew (graduated prices).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Step {
    /// It holds for the calls after so many.
    pub requests: Option<u64>,
    /// What each of them costs, in place of the tier's price per request.
    pub request: Option<RequestPrice>,
    /// It holds for use after so much was spent.
    pub spend: Option<Money>,
    /// What the use after that is multiplied by.
    pub factor: Option<Share>,
}

impl Parameters for Step {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("requests", &mut self.requests);
        visitor.optional("request", &mut self.request);
        visitor.optional("spend", &mut self.spend);
        visitor.optional("factor", &mut self.factor);
    }

    fn check(&self) -> Result<(), Invalid> {
        let help = "write `requests` and `request`, or `spend` and `factor`";
        let stated = [self.requests.is_some(), self.request.is_some(), self.spend.is_some(), self.factor.is_some()];
        super::rates::check_factor("factor", self.factor)?;
        match stated {
            [true, true, false, false] | [false, false, true, true] => Ok(()),
            [true, false, false, false] => Err(Invalid::new("request", "the price of the calls is missing", help)),
            [false, false, true, false] => Err(Invalid::new("factor", "the factor is missing", help)),
            [false, _, false, _] => Err(Invalid::new("requests", "it is not stated where the step is", help)),
            _ => Err(Invalid::new("requests", "a step has one measure and its price", help)),
        }
    }
}

/// What is given back of a month in which the service was there too seldom.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Credit {
    /// It is given where less than this share of the month's calls was answered, of those that no limit refused; above 0
    /// and at most 1.
    pub below: Share,
    /// The share of the month's bill, in 0..=1.
    pub credit: Share,
}

impl Parameters for Credit {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.required("below", &mut self.below);
        visitor.required("credit", &mut self.credit);
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.below > Share::ONE || self.below == Share::default() {
            let message = format!("no service can answer fewer or more than all calls, and `{}` is stated", self.below);
            return Err(Invalid::new("below", message, "write a share above 0 and up to 100%, as in `99.5%`"));
        }
        if self.credit > Share::ONE {
            let message = format!("a credit of {} is more than the bill", self.credit);
            return Err(Invalid::new("credit", message, "write a share up to 100%, as in `10%`"));
        }
        Ok(())
    }
}

/// What was agreed for a month.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Contract {
    /// What is paid at least.
    pub commitment: Option<MonthlyFee>,
    /// The share by which use is cheaper than listed, in 0..=1.
    pub discount: Option<Share>,
    /// What use beyond the commitment is multiplied by.
    pub overage: Option<Share>,
    /// What is given back where the service was there too seldom, by name; of several that apply the largest.
    pub credits: Vec<(String, Credit)>,
}

impl Parameters for Contract {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.optional("commitment", &mut self.commitment);
        visitor.optional("discount", &mut self.discount);
        visitor.optional("overage", &mut self.overage);
        visitor.named("credits", &mut self.credits);
    }

    fn check(&self) -> Result<(), Invalid> {
        super::rates::check_factor("overage", self.overage)?;
        if let Some(discount) = self.discount
            && discount > Share::ONE
        {
            let message = format!("a discount of {discount} is more than the price");
            return Err(Invalid::new("discount", message, "write a share up to 100%, as in `10%`"));
        }
        if self.overage.is_some() && self.commitment.is_none() {
            let help = "state the `commitment` that use goes beyond, as in `commitment = \"1000 USD/month\"`";
            return Err(Invalid::new("overage", "there is no commitment", help));
        }
        Ok(())
    }
}

/// All of them together.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct MonthTerms {
    /// What is free.
    pub free: Free,
    /// Prices from a certain use on, by name.
    pub steps: Vec<(String, Step)>,
    /// What was agreed.
    pub contract: Contract,
}

impl MonthTerms {
    /// Whether a month costs just what its calls do.
    pub fn are_none(&self) -> bool {
        *self == MonthTerms::default()
    }

    /// What `calls` in a calendar month cost together which cost `listed` one by one, at `request` each apart from their
    /// tokens. In this order: the free calls, the steps on calls, those on spend, the discount, the free spend, and the
    /// commitment with what goes beyond.
    pub fn bill(&self, calls: u64, listed: Money, request: Money) -> Money {
        let free = self.free.requests.unwrap_or(0).min(calls);
        let charged = if free == 0 { listed } else { listed.prorate(calls - free, calls) };
        let spent = self.by_spend(self.by_calls(calls, free, charged, request));
        let discount = self.contract.discount.unwrap_or_default();
        let due = spent.less(spent.share(discount)).less(self.free.spend.unwrap_or_default());
        let committed = self.contract.commitment.unwrap_or_default().0;
        committed.saturating_add(due.less(committed).share(self.contract.overage.unwrap_or(Share::ONE)))
    }

    /// The share of all that is paid for a month which is given back after such an `uptime`.
    pub fn credit(&self, uptime: Uptime) -> Share {
        let due = self.contract.credits.iter().filter(|(_, credit)| uptime.is_below(credit.below));
        due.map(|(_, credit)| credit.credit).max().unwrap_or_default()
    }

    /// `spent`, with the calls of each step at its price in place of `request`; the first `free` ones cost nothing.
    fn by_calls(&self, calls: u64, free: u64, spent: Money, request: Money) -> Money {
        let mut steps: Vec<(u64, Money)> =
            self.steps.iter().filter_map(|(_, step)| Some((step.requests?, step.request?.0))).collect();
        steps.sort_unstable_by_key(|(from, _)| *from);
        let ends = steps.iter().skip(1).map(|(from, _)| *from).chain([u64::MAX]);
        steps.iter().zip(ends).fold(spent, |spent, (&(from, price), end)| {
            let within = calls.min(end).saturating_sub(from.max(free));
            spent.saturating_add(price.saturating_mul(within)).less(request.saturating_mul(within))
        })
    }

    /// `spent`, with what lies beyond each step multiplied by its factor.
    fn by_spend(&self, spent: Money) -> Money {
        let mut steps: Vec<(Money, Share)> =
            self.steps.iter().filter_map(|(_, step)| Some((step.spend?, step.factor?))).collect();
        steps.sort_unstable_by_key(|(from, _)| *from);
        let Some(&(first, _)) = steps.first() else { return spent };
        let ends = steps.iter().skip(1).map(|(from, _)| *from).chain([spent]);
        steps.iter().zip(ends).fold(spent.min(first), |sum, (&(from, factor), end)| {
            sum.saturating_add(spent.min(end).less(from).share(factor))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(dollars: i64) -> Money {
        Money::from_usd(dollars)
    }

    fn percent(percent: u64) -> Option<Share> {
        Some(Share::from_hundred_millionths(1_000_000 * percent))
    }

    fn call_step(from: u64, price: i64) -> (String, Step) {
        let step = Step { requests: Some(from), request: Some(RequestPrice(usd(price))), ..Step::default() };
        (format!("from-{from}"), step)
    }

    fn spend_step(from: i64, factor: u64) -> (String, Step) {
        (format!("from-{from}"), Step { spend: Some(usd(from)), factor: percent(factor), ..Step::default() })
    }

    #[test]
    fn the_first_calls_and_the_first_dollars_are_free() {
        let free = MonthTerms { free: Free { requests: Some(100), spend: Some(usd(5)) }, ..MonthTerms::default() };
        // 150 calls at 2 USD: 50 of them are charged, less 5 USD.
        assert_eq!(free.bill(150, usd(300), usd(2)), usd(95));
        assert_eq!(free.bill(102, usd(204), usd(2)), Money::ZERO);
        assert_eq!(free.bill(100, usd(200), usd(2)), Money::ZERO);
        assert_eq!(free.bill(0, Money::ZERO, usd(2)), Money::ZERO);
    }

    #[test]
    fn calls_cost_what_their_step_says() {
        let terms =
            |free, steps| MonthTerms { free: Free { requests: free, spend: None }, steps, ..MonthTerms::default() };
        // 100 at 4, 100 at 3, 50 at 1, in whatever order the steps are stated.
        let graduated = terms(None, vec![call_step(200, 1), call_step(100, 3)]);
        assert_eq!(graduated.bill(250, usd(1_000), usd(4)), usd(400 + 300 + 50));
        assert_eq!(graduated.bill(100, usd(400), usd(4)), usd(400));
        // 30 free, 20 at 4, 50 at 3: a free call is not charged by its step either.
        let both = terms(Some(30), vec![call_step(50, 3)]);
        assert_eq!(both.bill(100, usd(400), usd(4)), usd(80 + 150));
        let free_beyond = terms(Some(60), vec![call_step(50, 3)]);
        assert_eq!(free_beyond.bill(100, usd(400), usd(4)), usd(40 * 3));
    }

    #[test]
    fn spend_costs_what_its_step_says() {
        let terms = MonthTerms { steps: vec![spend_step(1_000, 80), spend_step(3_000, 50)], ..MonthTerms::default() };
        assert_eq!(terms.bill(1, usd(900), Money::ZERO), usd(900));
        assert_eq!(terms.bill(1, usd(2_000), Money::ZERO), usd(1_000 + 800));
        assert_eq!(terms.bill(1, usd(5_000), Money::ZERO), usd(1_000 + 1_600 + 1_000));
    }

    #[test]
    fn a_commitment_is_paid_and_what_goes_beyond_it_costs_its_factor() {
        let contract = Contract {
            commitment: Some(MonthlyFee(usd(1_000))),
            discount: percent(10),
            overage: percent(120),
            credits: Vec::new(),
        };
        let terms = MonthTerms { contract, ..MonthTerms::default() };
        assert_eq!(terms.bill(0, Money::ZERO, Money::ZERO), usd(1_000));
        assert_eq!(terms.bill(1, usd(1_000), Money::ZERO), usd(1_000));
        // 2,000 less 10 % are 1,800, of which 800 are beyond.
        assert_eq!(terms.bill(1, usd(2_000), Money::ZERO), usd(1_000 + 960));
    }

    #[test]
    fn of_several_credits_the_largest_is_given() {
        let credit = |below: u64, credit: u64| {
            let share = |tenths: u64| Share::from_hundred_millionths(100_000 * tenths);
            (format!("below-{below}"), Credit { below: share(below), credit: share(credit) })
        };
        let contract = Contract { credits: vec![credit(950, 250), credit(995, 100)], ..Contract::default() };
        let terms = MonthTerms { contract, ..MonthTerms::default() };
        let given = |answered, failed| terms.credit(Uptime { answered, failed });
        // 99.5 % of 1,000 are 995: one less is too few.
        assert_eq!([given(0, 0), given(995, 5), given(994, 6)].map(Some), [percent(0), percent(0), percent(10)]);
        assert_eq!([given(950, 50), given(949, 51), given(0, 1)].map(Some), [percent(10), percent(25), percent(25)]);
        assert_eq!(given(u64::MAX, u64::MAX), percent(25).unwrap());
    }

    #[test]
    fn absurd_use_ends_at_the_most_that_fits() {
        let most = Money::from_picos(i128::MAX);
        let contract =
            Contract { overage: percent(10_000), commitment: Some(MonthlyFee(usd(1))), ..Contract::default() };
        let terms =
            MonthTerms { contract, steps: vec![call_step(1, 1_000_000), spend_step(1, 10_000)], free: Free::default() };
        assert_eq!(terms.bill(u64::MAX, most, Money::ZERO), most);
    }
}
