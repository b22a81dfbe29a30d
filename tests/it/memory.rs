//! A run takes the same memory whatever its length.

use crate::program::Program;
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

/// The most memory that the process `id` has held so far, in KiB; `None` once it has ended.
fn peak_kib(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse().ok()
}

#[test]
fn two_million_requests_stay_below_50_mb() {
    if !cfg!(target_os = "linux") {
        println!("skipped: the peak of a process is read on Linux only");
        return;
    }
    let workload = fs::read_to_string("benches/workloads/w1.toml").unwrap();
    let arguments = ["run", "w1.toml", "--set", "traffic.app.requests=2M", "--format", "json"];
    let mut program = Program::new(arguments).file("w1.toml", &workload);
    let mut child = program.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (mut peak, mut looks) = (0, 0);
    let status = loop {
        if let Some(kib) = peak_kib(child.id()) {
            (peak, looks) = (kib, looks + 1);
        }
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        sleep(Duration::from_millis(5));
    };
    assert_eq!(status.code(), Some(0));
    assert!(looks > 10 && peak > 1_000, "only {looks} looks, the last at {peak} KiB");
    assert!(peak < 50_000_000 / 1_024, "{peak} KiB");
}
