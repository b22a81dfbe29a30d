//! `ratecast report`.

use super::simulation::{Outcome, simulate, verdict};
#[cfg(feature = "charts")]
use super::tables::failed;
use super::tables::write_tables;
use super::{Report, Status, output};
use std::path::Path;

/// Runs the scenario and writes everything about it; prints what was written.
pub fn run(arguments: &Report) -> Status {
    let outcome = match simulate(&arguments.scenario, &arguments.simulation) {
        Ok(outcome) => outcome,
        Err(status) => return status,
    };
    let (written, mut status) = write_tables(&outcome, &arguments.out, arguments.force);
    let mut lines = String::new();
    if let Some(folder) = written {
        status = status.worst(write_charts(&outcome, &folder));
        lines = listing(&folder);
    }
    status.worst(output::result(&lines)).worst(verdict(&outcome.forecast))
}

/// The names of the files in `folder`, in order.
fn listing(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    let folder = folder.display();
    names.iter().map(|name| crate::scenario::diagnostic::printable(&format!("{folder}/{name}")) + "\n").collect()
}

#[cfg(not(feature = "charts"))]
fn write_charts(_outcome: &Outcome, _folder: &Path) -> Status {
    output::note("note: this build draws no charts (feature `charts`)");
    Status::Done
}

#[cfg(feature = "charts")]
fn write_charts(outcome: &Outcome, folder: &Path) -> Status {
    use crate::report::charts::LatencyView;
    use crate::report::figures;
    use crate::report::files::slug;
    let Outcome { ready, forecast, .. } = outcome;
    let scenario = &ready.scenario;
    let mut status = write_chart(&figures::comparison(scenario, forecast), folder, "comparison");
    status = status.worst(write_chart(&figures::breakdown(scenario, forecast), folder, "breakdown"));
    for (view, name) in [(LatencyView::Answered, "latency"), (LatencyView::Waiting, "tail")] {
        status = status.worst(write_chart(&figures::latency(scenario, forecast, view), folder, name));
    }
    if let Some(amplification) = figures::amplification(scenario, forecast) {
        status = status.worst(write_chart(&amplification, folder, "amplification"));
    }
    if let Some(learnt) = figures::learnt(scenario, forecast) {
        status = status.worst(write_chart(&learnt, folder, "learnt"));
    }
    if let Some(quota) = figures::quota(scenario, forecast) {
        status = status.worst(write_chart(&quota, folder, "quota"));
    }
    for cell in &forecast.cells {
        let name = format!("over-time-{}-{}", slug(&cell.tier), slug(&cell.strategy));
        status = status.worst(write_chart(&figures::over_time(scenario, forecast, cell), folder, &name));
    }
    status
}

#[cfg(feature = "charts")]
fn write_chart(chart: &impl crate::report::charts::Chart, folder: &Path, name: &str) -> Status {
    use crate::report::charts::{Format, render};
    use crate::report::files::{Disk, WriteError, write_whole};
    let write = |format: Format| {
        let path = folder.join(format!("{name}.{}", format.extension()));
        let bytes =
            render(chart, format).map_err(|error| WriteError { path: path.clone(), cause: error.to_string() })?;
        write_whole(&mut Disk, &path, &bytes)
    };
    let results = [Format::Svg, Format::Png].map(write);
    results.iter().filter_map(|result| result.as_ref().err()).map(failed).fold(Status::Done, Status::worst)
}
