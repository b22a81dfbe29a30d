//! When in the day and the week arrivals come.

const HOUR: u64 = 3_600_000_000_000;
const MINUTE: u64 = 60_000_000_000;
const HOURS_A_WEEK: u64 = 168;

/// Arrivals by hour of the week and by minute of the hour, on the log's own clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    first: u64, // ns from a Thursday's midnight (that of 1970-01-01) to the first arrival
    last: u64,  // ns from there to the latest
    hours: Box<[u64; HOURS_A_WEEK as usize]>,
    minutes: [u64; 60],
}

impl Hours {
    /// The first arrival is `first` nanoseconds after 1970-01-01T00:00:00Z, or after a midnight that nobody knows.
    pub fn new(first: u64) -> Self {
        Hours { first, last: first, hours: Box::new([0; HOURS_A_WEEK as usize]), minutes: [0; 60] }
    }

    /// Counts an arrival `nanos` after the first.
    #[inline]
    pub fn add(&mut self, nanos: u64) {
        let at = self.first.saturating_add(nanos);
        self.last = at;
        self.hours[(at / HOUR % HOURS_A_WEEK) as usize] += 1;
        self.minutes[(at / MINUTE % 60) as usize] += 1;
    }

    /// Nanoseconds of each hour of the week between the first arrival and the last.
    fn exposure(&self) -> [u128; HOURS_A_WEEK as usize] {
        let weeks = (self.last - self.first) / (HOUR * HOURS_A_WEEK);
        let mut exposure = [u128::from(weeks * HOUR); HOURS_A_WEEK as usize];
        let mut at = self.first + weeks * HOUR * HOURS_A_WEEK;
        while at < self.last {
            let until = ((at / HOUR + 1) * HOUR).min(self.last);
            exposure[(at / HOUR % HOURS_A_WEEK) as usize] += u128::from(until - at);
            at = until;
        }
        exposure
    }

    fn rate(&self, hours: impl Fn(usize) -> bool) -> Option<f64> {
        let exposure = self.exposure();
        let chosen = || (0..HOURS_A_WEEK as usize).filter(|&hour| hours(hour));
        let rows: u64 = chosen().map(|hour| self.hours[hour]).sum();
        let nanos: u128 = chosen().map(|hour| exposure[hour]).sum();
        (nanos > 0).then(|| rows as f64 / (nanos as f64 / 1e9))
    }

    /// The rate in each hour of the day over the mean of the 24; `None` unless there are two days.
    pub fn by_hour(&self) -> Option<[f64; 24]> {
        if self.last - self.first < 48 * HOUR {
            return None;
        }
        let mut rates = [0.0; 24];
        for (hour, rate) in rates.iter_mut().enumerate() {
            *rate = self.rate(|slot| slot % 24 == hour)?;
        }
        let mean = rates.iter().sum::<f64>() / 24.0;
        (mean > 0.0).then(|| rates.map(|rate| rate / mean))
    }

    /// The rate of Saturdays and Sundays over that of the other days; `None` unless there are two weeks.
    pub fn weekend_to_weekday(&self) -> Option<f64> {
        if self.last - self.first < 14 * 24 * HOUR {
            return None;
        }
        // 1970 began on a Thursday, so the second and the third day of a slot's week are Saturday and Sunday.
        let is_weekend = |slot: usize| matches!(slot / 24, 2 | 3);
        let (weekend, weekday) = (self.rate(is_weekend)?, self.rate(|slot| !is_weekend(slot))?);
        (weekday > 0.0).then(|| weekend / weekday)
    }

    /// Minutes of the hour in which there was ever an arrival.
    pub fn minutes_used(&self) -> usize {
        self.minutes.iter().filter(|&&rows| rows > 0).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_rates_over_their_mean() {
        // Three days from Friday noon, one arrival an hour, three in each hour from 14 to 15.
        let mut hours = Hours::new(36 * HOUR);
        for hour in 0..=72u64 {
            let more = if (12 + hour) % 24 == 14 { 3 } else { 1 };
            (0..more).for_each(|_| hours.add(hour * HOUR));
        }
        let weights = hours.by_hour().unwrap();
        assert!((weights.iter().sum::<f64>() - 24.0).abs() < 1e-9);
        // The last arrival ends the span, so noon has four in three hours.
        assert!((weights[14] / weights[3] - 3.0).abs() < 1e-9);
        assert_eq!((hours.weekend_to_weekday(), hours.minutes_used()), (None, 1));
    }

    #[test]
    fn weekends_are_saturday_and_sunday() {
        let mut hours = Hours::new(0);
        for hour in 0..20 * 24u64 {
            // 1970-01-03 and 04 were Saturday and Sunday.
            let more = if matches!(hour / 24 % 7, 2 | 3) { 1 } else { 4 };
            (0..more).for_each(|_| hours.add(hour * HOUR));
        }
        let ratio = hours.weekend_to_weekday().unwrap();
        assert!((ratio - 0.25).abs() < 0.01, "{ratio}");
    }

    #[test]
    fn less_than_two_days_have_no_profile() {
        let mut hours = Hours::new(0);
        (0..47).for_each(|hour| hours.add(hour * HOUR));
        assert_eq!(hours.by_hour(), None);
    }
}
