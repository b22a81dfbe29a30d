//! How fast logs are read: ours, with every field parsed and checked, against references that do less, in the same run: the
//! csv crate, which only finds the fields, serde_json, which only passes over each line, and flate2, which only unpacks.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ratecast::traffic::replay::{Replay, TimeUnit, TraceFormat, TraceReader};
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::PathBuf;

const ROWS: u64 = 500_000;

fn main() {
    divan::main();
}

/// A log on the disk, deleted when it is dropped.
struct Log {
    path: PathBuf,
    bytes: usize,
}

impl Log {
    /// A header, then what `row` writes for a time in units of 100 ns and two counts.
    fn new(name: &str, header: &str, row: impl Fn(&mut String, u64, u64, u64)) -> Self {
        let mut text = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        let mut draw = 1u64;
        let mut time = 0;
        for _ in 0..ROWS {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            time += (draw >> 40) % 3_600_000;
            row(&mut text, time, (draw >> 20) % 4_000, (draw >> 50) % 500);
        }
        let path = std::env::temp_dir().join(format!("ratecast-bench-{}-{name}.csv", std::process::id()));
        fs::write(&path, &text).expect("the temporary folder can be written");
        Log { path, bytes: text.len() }
    }

    fn azure(name: &str, quote: &str, zone: &str) -> Self {
        Log::new(name, "TIMESTAMP,ContextTokens,GeneratedTokens", |text, time, input, output| {
            let (second, fraction) = (time / 10_000_000, time % 10_000_000);
            let (day, hour, minute) = (16 + second / 86_400, second / 3_600 % 24, second / 60 % 60);
            let second = second % 60;
            let stamp = format_args!("2023-11-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction:07}").to_string();
            writeln!(text, "{quote}{stamp}{zone}{quote},{input},{output}\r").expect("a string takes all");
        })
    }

    fn millis(name: &str) -> Self {
        Log::new(name, "ts,input_tokens,output_tokens", |text, time, input, output| {
            writeln!(text, "{},{input},{output}\r", 1_700_158_546_680 + time / 10_000).expect("a string takes all");
        })
    }

    fn jsonl(name: &str) -> Self {
        Log::new(name, "", |text, time, input, output| {
            let millis = 1_700_158_546_680 + time / 10_000;
            let start =
                format_args!("{{\"ts\": {millis}, \"model\": \"gpt-4o-mini\", \"user\": \"u{output}\"").to_string();
            let usage =
                format_args!("\"usage\": {{\"prompt_tokens\": {input}, \"completion_tokens\": {output}}}").to_string();
            writeln!(text, "{start}, {usage}, \"status\": 200}}").expect("a string takes all");
        })
    }

    /// The same log packed by `pack`; its size is that of what it unpacks to.
    fn packed(self, pack: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let text = fs::read(&self.path).expect("the log was just written");
        fs::write(&self.path, pack(&text)).expect("the temporary folder can be written");
        self
    }

    fn bench<T>(&self, bencher: Bencher, read: impl Fn() -> T + Sync) {
        bencher.counter(BytesCount::new(self.bytes)).counter(ItemsCount::new(ROWS)).bench(|| black_box(read()));
    }

    fn replay(&self, spec: &Replay) -> u64 {
        let mut reader = TraceReader::open(&self.path, spec).expect("the log is well formed");
        let (mut rows, mut sum) = (Vec::with_capacity(256), 0);
        while reader.read(&mut rows, 256).expect("the log is well formed") > 0 {
            for row in rows.drain(..) {
                sum += row.at.as_nanos() / 1_000_000 + row.input.map_or(0, u64::from) + row.output.map_or(0, u64::from);
            }
        }
        sum
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // A file left behind in the temporary folder does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// The records of `log` by the csv crate, as bytes, no field parsed.
fn raw(bencher: Bencher, log: Log) {
    log.bench(bencher, || {
        let mut reader = csv::Reader::from_path(&log.path).expect("the log can be opened");
        let (mut record, mut rows) = (csv::ByteRecord::new(), 0u64);
        while reader.read_byte_record(&mut record).expect("the log is well formed") {
            rows += 1;
        }
        rows
    });
}

#[divan::bench]
fn azure_plain_csv_crate(bencher: Bencher) {
    raw(bencher, Log::azure("plain-raw", "", ""));
}

#[divan::bench]
fn azure_quoted_csv_crate(bencher: Bencher) {
    raw(bencher, Log::azure("quoted-raw", "\"", ""));
}

#[divan::bench]
fn csv_millis_csv_crate(bencher: Bencher) {
    raw(bencher, Log::millis("millis-raw"));
}

#[divan::bench]
fn azure_plain(bencher: Bencher) {
    let log = Log::azure("plain", "", "");
    log.bench(bencher, || log.replay(&Replay::default()));
}

#[divan::bench]
fn azure_plain_faster(bencher: Bencher) {
    let log = Log::azure("faster", "", "");
    log.bench(bencher, || log.replay(&Replay { speed: 2.5, ..Replay::default() }));
}

#[divan::bench]
fn azure_utc(bencher: Bencher) {
    let log = Log::azure("utc", "", "+00:00");
    log.bench(bencher, || log.replay(&Replay::default()));
}

#[divan::bench]
fn azure_quoted(bencher: Bencher) {
    let log = Log::azure("quoted", "\"", "");
    log.bench(bencher, || log.replay(&Replay::default()));
}

#[divan::bench]
fn csv_millis(bencher: Bencher) {
    let log = Log::millis("millis");
    let spec = Replay {
        format: TraceFormat::Csv,
        time_column: Some("ts".into()),
        time_unit: Some(TimeUnit::Millis),
        input_column: Some("input_tokens".into()),
        output_column: Some("output_tokens".into()),
        ..Replay::default()
    };
    log.bench(bencher, || log.replay(&spec));
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

#[divan::bench]
fn azure_gzip_flate2(bencher: Bencher) {
    let log = Log::azure("gzip-raw", "", "").packed(gzip);
    log.bench(bencher, || {
        let file = BufReader::new(File::open(&log.path).expect("the log can be opened"));
        io::copy(&mut MultiGzDecoder::new(file), &mut io::sink()).expect("the log is well packed")
    });
}

#[divan::bench]
fn azure_gzip(bencher: Bencher) {
    let log = Log::azure("gzip", "", "").packed(gzip);
    log.bench(bencher, || log.replay(&Replay::default()));
}

#[divan::bench]
fn azure_zstd_ruzstd(bencher: Bencher) {
    let log = Log::azure("zstd-raw", "", "").packed(zstd);
    log.bench(bencher, || {
        let file = BufReader::new(File::open(&log.path).expect("the log can be opened"));
        let mut decoder = ruzstd::decoding::StreamingDecoder::new(file).expect("the log is well packed");
        io::copy(&mut decoder, &mut io::sink()).expect("the log is well packed")
    });
}

#[divan::bench]
fn azure_zstd(bencher: Bencher) {
    let log = Log::azure("zstd", "", "").packed(zstd);
    log.bench(bencher, || log.replay(&Replay::default()));
}

#[divan::bench]
fn jsonl_serde_json(bencher: Bencher) {
    let log = Log::jsonl("jsonl-raw");
    log.bench(bencher, || {
        let mut file = BufReader::new(File::open(&log.path).expect("the log can be opened"));
        let (mut line, mut rows) = (Vec::new(), 0u64);
        while file.read_until(b'\n', &mut line).expect("the log can be read") > 0 {
            let _: serde::de::IgnoredAny = serde_json::from_slice(&line).expect("the log is well formed");
            line.clear();
            rows += 1;
        }
        rows
    });
}

#[divan::bench]
fn jsonl(bencher: Bencher) {
    let log = Log::jsonl("jsonl");
    log.bench(bencher, || log.replay(&Replay::default()));
}

#[divan::bench]
fn csv_millis_shuffled(bencher: Bencher) {
    let log = Log::new("shuffled", "ts,input_tokens,output_tokens", |text, time, input, output| {
        let millis = 1_700_158_546_680 + time % 7_919;
        writeln!(text, "{millis},{input},{output}\r").expect("a string takes all");
    });
    log.bench(bencher, || log.replay(&Replay::default()));
}
