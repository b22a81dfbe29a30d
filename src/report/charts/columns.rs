//! Long series made short: some intervals become one column that keeps their mean and their extremes.

/// What a run of intervals had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    /// The first interval, and the one after the last.
    pub from: usize,
    pub to: usize,
    pub mean: f64,
    pub least: f64,
    pub most: f64,
}

/// Lengths of time that a column may cover, in seconds.
const ROUND: [f64; 21] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 14_400.0,
    21_600.0, 28_800.0, 43_200.0, 86_400.0, 604_800.0,
];

/// How many intervals of `interval_s` seconds one column takes so that `intervals` of them make at most `most`: a round
/// length of time if there is one, else what is needed.
pub(super) fn group(intervals: usize, interval_s: f64, most: usize) -> usize {
    let least = intervals.div_ceil(most).max(1);
    if least == 1 {
        return 1;
    }
    // Up to twice what is needed: longer columns would hide more than the round number explains.
    let round = ROUND.into_iter().map(|length| length / interval_s);
    let whole = round.filter(|count| count.fract() == 0.0 && *count >= least as f64 && *count <= 2.0 * least as f64);
    whole.map(|count| count as usize).next().unwrap_or(least)
}

/// The columns of `values`, each of `group` intervals; one without a single usable value is left out.
pub(super) fn columns(values: &[f64], group: usize) -> Vec<Column> {
    let group = group.max(1);
    values.chunks(group).enumerate().filter_map(|(i, chunk)| column(i * group, chunk)).collect()
}

fn column(from: usize, values: &[f64]) -> Option<Column> {
    let good = || values.iter().copied().filter(|value| super::axis::usable(*value));
    let count = good().count();
    (count > 0).then(|| Column {
        from,
        to: from + values.len(),
        mean: good().sum::<f64>() / count as f64,
        least: good().fold(f64::INFINITY, f64::min),
        most: good().fold(f64::NEG_INFINITY, f64::max),
    })
}

/// The columns in runs without a gap.
pub(super) fn runs(columns: &[Column]) -> impl Iterator<Item = &[Column]> {
    columns.chunk_by(|a, b| a.to == b.from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_of_minutes_becomes_hours() {
        assert_eq!(group(43_200, 60.0, 1000), 60);
        assert_eq!(group(3600, 1.0, 1000), 5);
        assert_eq!(group(1000, 60.0, 1000), 1);
    }

    #[test]
    fn an_odd_interval_is_grouped_as_needed() {
        assert_eq!(group(5000, 7.3, 1000), 5);
        assert_eq!(group(0, 60.0, 1000), 1);
        assert_eq!(group(5000, f64::NAN, 1000), 5);
    }

    #[test]
    fn a_column_keeps_the_busiest_minute() {
        let mut values = vec![1.0; 120];
        values[77] = 100.0;
        let columns = columns(&values, 60);
        assert_eq!(columns.len(), 2);
        assert_eq!(columns[0], Column { from: 0, to: 60, mean: 1.0, least: 1.0, most: 1.0 });
        assert_eq!((columns[1].most, columns[1].mean), (100.0, 159.0 / 60.0));
    }

    #[test]
    fn values_that_are_none_leave_a_gap() {
        let columns = columns(&[1.0, f64::NAN, 1e308, 2.0, 3.0], 1);
        assert_eq!(runs(&columns).map(<[Column]>::len).collect::<Vec<_>>(), [1, 2]);
    }
}
