//! A progress bar on stderr, where somebody sees it, and the wish to stop.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C was pressed.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// From now on the first Ctrl-C asks to stop politely, and a second one stops at once.
pub fn watch_interrupt() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler Ctrl-C just ends the process, as it does everywhere.
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::exit(super::Status::Interrupted as i32);
            }
        });
    });
}

/// A bar for so many runs; hidden unless stderr is a terminal, and outside of CI.
pub fn bar(runs: u64, wanted: bool) -> ProgressBar {
    styled(ProgressBar::with_draw_target(Some(runs), target(wanted)), "{bar:30} {pos}/{len} runs, {eta} left")
}

/// A count of `things`, of which nobody knows how many there will be; hidden likewise.
pub fn spinner(things: &str, wanted: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, target(wanted));
    styled(bar, &format!("{{spinner}} {{human_pos}} {things}, {{per_sec}}"))
}

fn target(wanted: bool) -> ProgressDrawTarget {
    let in_ci = std::env::var_os("CI").is_some();
    if wanted && !in_ci && std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
