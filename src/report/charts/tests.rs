//! Every figure with every kind of data that a run, or a hostile scenario, may put into it.

use super::*;

/// Markup, escapes, every control character, and far too long.
fn hostile() -> String {
    let controls: String = (0..=0xa0).filter_map(char::from_u32).collect();
    format!("<script>alert('1')</script> & \" ]]> \u{202e}{controls}\u{ffff} {}", "long ".repeat(200))
}

fn odd_numbers() -> Vec<f64> {
    vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 1e-308, -1.0, 0.0, 1.0, 1e15]
}

/// All figures with `text` as every string and `numbers` as every series.
struct Figures {
    over_time: OverTime,
    latency: CumulativeLatency,
    tail: CumulativeLatency,
    comparison: Comparison,
    breakdown: Breakdown,
    quota: QuotaUse,
    likeness: Likeness,
    amplification: Amplification,
    learnt: Learnt,
}

impl Figures {
    fn new(text: &str, numbers: &[f64]) -> Self {
        Figures {
            over_time: over_time(text, numbers),
            latency: latency(text, numbers),
            tail: CumulativeLatency { view: LatencyView::Waiting, ..latency(text, numbers) },
            comparison: comparison(text, numbers),
            breakdown: breakdown(text, numbers),
            quota: quota(text, numbers),
            likeness: likeness(text, numbers),
            amplification: amplification(text, numbers),
            learnt: learnt(text, numbers),
        }
    }

    fn render(&self, format: Format) -> Result<Vec<Vec<u8>>, ChartError> {
        Ok(vec![
            render(&self.over_time, format)?,
            render(&self.latency, format)?,
            render(&self.tail, format)?,
            render(&self.comparison, format)?,
            render(&self.breakdown, format)?,
            render(&self.quota, format)?,
            render(&self.likeness, format)?,
            render(&self.amplification, format)?,
            render(&self.learnt, format)?,
        ])
    }

    fn svgs(&self) -> Result<Vec<String>, ChartError> {
        Ok(self.render(Format::Svg)?.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect())
    }
}

fn amplification(text: &str, numbers: &[f64]) -> Amplification {
    let calls = numbers.iter().rev().copied().collect();
    let cell = AmplifiedCell { label: text.into(), requests: numbers.to_vec(), calls };
    let curves = vec![cell; numbers.len()];
    Amplification { title: text.into(), subtitle: text.into(), start: text.into(), interval_s: 1.0, curves }
}

fn learnt(text: &str, numbers: &[f64]) -> Learnt {
    let curve = LearntCurve { label: text.into(), levels: numbers.to_vec() };
    let limit = numbers.last().map(|n| LimitLine { per_interval: *n, label: text.into() });
    let panel = |kind| LearntPanel { kind, limit: limit.clone(), curves: vec![curve.clone(); numbers.len()] };
    let panels = [LearntKind::Rate, LearntKind::Window, LearntKind::Refusal].map(panel).into();
    Learnt { title: text.into(), subtitle: text.into(), start: text.into(), interval_s: 1.0, panels }
}

fn likeness(text: &str, numbers: &[f64]) -> Likeness {
    let point = |&at: &f64| LikenessPoint { window_s: at, observed: at, model: [at, at, 2.0], simple: [1.0, at, at] };
    let panel = LikenessPanel { title: text.into(), points: numbers.iter().map(point).collect() };
    let panels = vec![panel.clone(), panel.clone(), panel];
    Likeness { title: text.into(), subtitle: text.into(), model: text.into(), panels }
}

fn breakdown(text: &str, numbers: &[f64]) -> Breakdown {
    let cell = |&at: &f64| BrokenDown { label: text.into(), recommended: at > 1.0, times_s: [at; 6], fates: [at; 7] };
    Breakdown { title: text.into(), subtitle: text.into(), cells: numbers.iter().map(cell).collect() }
}

fn over_time(text: &str, numbers: &[f64]) -> OverTime {
    OverTime {
        title: text.into(),
        subtitle: text.into(),
        start: text.into(),
        interval_s: numbers.first().copied().filter(|n| *n > 0.0).unwrap_or(60.0),
        arrived: numbers.to_vec(),
        admitted: numbers.to_vec(),
        rejected: numbers.iter().rev().copied().collect(),
        faulted: numbers.to_vec(),
        limit: numbers.last().map(|n| LimitLine { per_interval: *n, label: text.into() }),
    }
}

fn latency(text: &str, numbers: &[f64]) -> CumulativeLatency {
    let points: Vec<(f64, f64)> = numbers.iter().copied().zip(numbers.iter().rev().copied()).collect();
    CumulativeLatency {
        title: text.into(),
        subtitle: text.into(),
        view: LatencyView::Answered,
        curves: vec![LatencyCurve { label: text.into(), points }; numbers.len()],
        objectives: numbers
            .iter()
            .map(|n| LatencyObjective { label: text.into(), latency_s: *n, share: Some(*n) })
            .collect(),
    }
}

fn comparison(text: &str, numbers: &[f64]) -> Comparison {
    let known = |mean: f64| Measured::Known(Estimate { mean, interval: Some((-mean, mean)) });
    let cell = |n: &f64| ComparedCell {
        label: text.into(),
        recommended: *n == 0.0,
        rejection_rate: known(*n),
        failure_rate: Measured::Unknown,
        p95_latency_s: if *n == 1.0 { Measured::Never } else { known(*n) },
        monthly_cost_usd: known(*n),
    };
    Comparison {
        title: text.into(),
        subtitle: text.into(),
        cells: numbers.iter().map(cell).collect(),
        bounds: Bounds { failure_rate: numbers.first().copied(), p95_latency_s: Some(1e308), ..Bounds::default() },
    }
}

fn quota(text: &str, numbers: &[f64]) -> QuotaUse {
    let curve = QuotaCurve {
        label: text.into(),
        points: numbers.iter().map(|n| (*n, *n)).collect(),
        band: numbers.iter().map(|n| (*n, -*n, *n)).collect(),
        exhausted: numbers.iter().map(|n| Exhaustion { day: *n, date: text.into() }).collect(),
    };
    QuotaUse {
        title: text.into(),
        subtitle: text.into(),
        start: text.into(),
        curves: vec![curve; numbers.len()],
        resets: numbers.iter().map(|n| QuotaReset { day: *n, label: text.into() }).collect(),
    }
}

/// What is wrong with `svg` as XML, as far as our figures use it.
fn fault(svg: &str) -> Option<String> {
    if let Some(c) = svg.chars().find(|c| c.is_control() && *c != '\n') {
        return Some(format!("control character {c:?}"));
    }
    let mut open: Vec<&str> = Vec::new();
    for piece in svg.split('<').skip(1) {
        let Some((tag, content)) = piece.split_once('>') else { return Some(format!("tag without end: {piece}")) };
        if content.contains('>') || tag.matches('"').count() % 2 != 0 {
            return Some(format!("unescaped: {piece}"));
        }
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(name), _) if open.pop() != Some(name) => return Some(format!("closes what is not open: {name}")),
            (None, false) => open.extend(tag.split_whitespace().next()),
            _ => {}
        }
    }
    open.pop().map(|name| format!("never closed: {name}"))
}

#[test]
fn the_test_of_xml_finds_faults() {
    assert_eq!(fault("<svg a=\"1\"><rect/><text>a &lt; b</text></svg>"), None);
    for broken in ["<svg>", "<svg></text>", "<a>\u{1b}</a>", "<a>1 > 0</a>", "<a"] {
        assert!(fault(broken).is_some(), "{broken}");
    }
}

#[test]
fn odd_data_gives_a_figure() -> Result<(), ChartError> {
    let mut cases = vec![vec![], vec![f64::NAN; 3], vec![1e308; 3], odd_numbers()];
    cases.extend(odd_numbers().into_iter().map(|n| vec![n]));
    for numbers in cases {
        for svg in Figures::new("figure", &numbers).svgs()? {
            assert_eq!(fault(&svg), None, "{numbers:?}");
        }
    }
    for numbers in [vec![], vec![2.0], odd_numbers()] {
        for png in Figures::new("figure", &numbers).render(Format::Png)? {
            assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        }
    }
    Ok(())
}

#[test]
fn hostile_strings_stay_text() -> Result<(), ChartError> {
    for svg in Figures::new(&hostile(), &[1.0, 2.0, 3.0]).svgs()? {
        assert_eq!(fault(&svg), None);
        assert!(!svg.contains("<script"));
        assert!(svg.contains("&lt;script&gt;"));
    }
    Figures::new(&hostile(), &[1.0, 2.0]).render(Format::Png)?;
    Ok(())
}

#[test]
fn a_figure_without_data_says_so() -> Result<(), ChartError> {
    for svg in Figures::new("figure", &[]).svgs()? {
        assert!(svg.contains("no data"));
    }
    Ok(())
}

#[test]
fn the_same_figure_gives_the_same_bytes() -> Result<(), ChartError> {
    let figures = Figures::new("figure", &[1.0, 3.0, 2.0, 5.0]);
    for format in [Format::Svg, Format::Png] {
        assert!(figures.render(format)? == figures.render(format)?);
    }
    Ok(())
}

#[test]
fn a_month_of_minutes_stays_small() -> Result<(), ChartError> {
    let minutes: Vec<f64> = (0..43_200).map(|i| f64::from(i % 97)).collect();
    let mut chart = over_time("a month", &minutes);
    chart.interval_s = 60.0;
    assert!(render(&chart, Format::Svg)?.len() < 200_000);
    Ok(())
}

#[test]
fn a_tiny_area_is_no_reason_to_panic() -> Result<(), ChartError> {
    let figures = Figures::new("figure", &[1.0, 3.0, 2.0]);
    for size in [(1, 1), (30, 30), (400, 200)] {
        let mut samples = Raster::buffer(size);
        let area = Raster::new(&mut samples, size).into_drawing_area();
        figures.over_time.draw(&area)?;
        figures.latency.draw(&area)?;
        figures.comparison.draw(&area)?;
        figures.breakdown.draw(&area)?;
        figures.quota.draw(&area)?;
        figures.tail.draw(&area)?;
        figures.amplification.draw(&area)?;
        figures.learnt.draw(&area)?;
    }
    Ok(())
}

#[test]
fn a_png_has_the_size_that_was_announced() -> Result<(), ChartError> {
    let chart = comparison("figure", &[1.0, 2.0, 3.0]);
    let png = render(&chart, Format::Png)?;
    let number = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    assert_eq!((number(16), number(20)), chart.size());
    Ok(())
}

#[test]
fn text_in_a_png_comes_from_the_embedded_font() -> Result<(), ChartError> {
    let drawn = |title: &str| render(&OverTime { title: title.into(), ..over_time("", &[]) }, Format::Png);
    assert!(drawn("★ ≤ π")? != drawn("")?);
    Ok(())
}

#[test]
fn a_screen_reader_hears_the_title() -> Result<(), ChartError> {
    let svg = String::from_utf8_lossy(&render(&over_time("R&D", &[1.0]), Format::Svg)?).into_owned();
    assert!(svg.contains("role=\"img\">\n<title>R&amp;D</title>"));
    Ok(())
}
