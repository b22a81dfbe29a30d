//! Logs that are made to cost memory or time, or are merely large: neither must grow with them.

#![cfg(target_os = "linux")]

use crate::traces::{Scratch, complaint};
use flate2::Compression;
use flate2::write::GzEncoder;
use ratecast::traffic::replay::{Replay, TraceReader};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `start`, then a gibibyte of `byte`, in about one megabyte.
fn gibibyte(start: &str, byte: u8) -> Vec<u8> {
    let mebibyte = gzip(&vec![byte; 1 << 20]);
    let mut packed = gzip(start.as_bytes());
    (0..1_024).for_each(|_| packed.extend_from_slice(&mebibyte));
    packed
}

/// Rows in an order that is none, and their number.
fn shuffled(rows: u64) -> Vec<u8> {
    let mut text = b"timestamp,input_tokens,output_tokens\n".to_vec();
    for number in 0..rows {
        // A prime step visits every place once.
        let millis = 1_700_000_000_000 + number * 1_000_003 % rows;
        writeln!(text, "{millis},{},2", number % 1_000).unwrap();
    }
    text
}

/// The bytes of a log, what is said about it, and the most memory in KiB that reading it may take.
type Case = (&'static str, Vec<u8>, &'static str, u64);

fn cases() -> Vec<Case> {
    let object = r#"{"timestamp":"2023-11-16T18:15:46Z","input_tokens":374,"output_tokens":44}"#;
    let line = "::1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5\n";
    let too_large = "it unpacks to more than 250 times its size; \
                     unpack it yourself if you trust it, and read what comes out";
    vec![
        (
            "a text without an end",
            gibibyte(&format!("{object}\n{{\"prompt\":\""), b'x'),
            "`log`, line 2: the object is longer than 16 MiB; close every object, and leave out prompts and answers",
            64 * 1024,
        ),
        (
            "a text without an end in an envelope",
            gibibyte(&format!("{{\"data\":[{object}],\"x\":\""), b'x'),
            too_large,
            32 * 1024,
        ),
        (
            "lists without an end in an envelope",
            gibibyte(&format!("{{\"data\":[{object}],\"x\":"), b'['),
            too_large,
            32 * 1024,
        ),
        ("blanks behind an object", gibibyte(&format!("{object}\n"), b' '), too_large, 32 * 1024),
        (
            "NUL behind an object",
            gibibyte(&format!("{object}\n"), 0),
            "`log`, line 2: there is a NUL byte; the file is damaged or not UTF-8: save it anew, as CSV in UTF-8",
            32 * 1024,
        ),
        (
            "digits without an end",
            gibibyte(&format!("{object}\n{{\"timestamp\":\"2023-11-16T18:15:46Z\",\"input_tokens\":"), b'9'),
            "`log`, line 2: the object is longer than 16 MiB; close every object, and leave out prompts and answers",
            64 * 1024,
        ),
        (
            "a line of an access log without an end",
            gibibyte(line, b'x'),
            "`log`, line 2: the line is longer than 1 MiB; end every record with a line end",
            32 * 1024,
        ),
        ("empty lines of an access log", gibibyte(line, b'\n'), too_large, 32 * 1024),
        (
            "a row of a table without an end",
            gibibyte("timestamp,input_tokens\n2023-11-16 18:15:46,1\n", b'x'),
            "`log`, line 3: the line, from byte 45 on, is longer than 16 MiB; \
             end every record with a line end, and leave out long columns such as prompts",
            64 * 1024,
        ),
        (
            "a quote without an end",
            gibibyte("timestamp,input_tokens,messages\n2023-11-16 18:15:46,1,\"", b'x'),
            "`log`, line 2: a quote in the record from byte 32 on is not closed within 16 MiB; \
             close the field with `\"`, and write a quote inside it as `\"\"`",
            64 * 1024,
        ),
        ("a long log in order", format!("{object}\n").repeat(1_000_000).into_bytes(), "1000000 rows", 32 * 1024),
        ("a long log out of order", shuffled(2_500_000), "2500000 rows", 96 * 1024),
        (
            "many ids",
            {
                let row = |id: u32| {
                    format!(
                        "{{\"type\":\"assistant\",\"timestamp\":\"2023-11-16T18:15:46Z\",\"message\":{{\"id\":\"{id}\",\
                         \"usage\":{{\"input_tokens\":1,\"output_tokens\":2}}}}}}\n"
                    )
                };
                (0..300_000).map(row).collect::<String>().into_bytes()
            },
            "300000 rows",
            48 * 1024,
        ),
    ]
}

#[test]
fn memory_stays_small_whatever_the_log_holds() {
    const CHILD: &str = "RATECAST_TEST_HOSTILE_LOG";
    if let Some(path) = std::env::var_os(CHILD) {
        let found = complaint(Path::new(&path), &Replay::default(), "log");
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        println!("<{found}|{}>", peak.trim().trim_end_matches(" kB"));
        return;
    }
    let folder = std::env::temp_dir().join(format!("ratecast-hostile-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes, expected, most) in cases() {
        let file = Scratch::new("hostile.log", &bytes);
        drop(bytes);
        let start = Instant::now();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hostile_logs::memory_stays_small_whatever_the_log_holds", "--nocapture"])
            .env(CHILD, &file.0)
            .env("TMPDIR", &folder)
            .output()
            .unwrap();
        let output = String::from_utf8(child.stdout).unwrap();
        let (_, answer) = output.split_once('<').unwrap();
        let (found, peak) = answer.split_once('>').unwrap().0.rsplit_once('|').unwrap();
        assert!(found == expected || (!expected.starts_with('`') && found.ends_with(expected)), "{name}: {found}");
        let peak: u64 = peak.parse().unwrap();
        println!("{name}: {} KiB, {:?}", peak, start.elapsed());
        assert!(peak < most, "{name}: {peak} KiB");
        assert!(start.elapsed().as_secs() < 20, "{name}: {:?}", start.elapsed());
    }
    // Nothing is left of what was sorted.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    fs::remove_dir(&folder).unwrap();
}

#[test]
fn a_large_log_out_of_order_is_sorted() {
    let file = Scratch::new("shuffled.csv", &shuffled(1_200_000));
    let mut reader = TraceReader::open(&file.0, &Replay::default()).unwrap();
    let (mut rows, mut count) = (Vec::new(), 0u64);
    while reader.read(&mut rows, 4_096).unwrap() > 0 {
        for row in rows.drain(..) {
            assert_eq!(row.at.as_nanos(), count * 1_000_000);
            count += 1;
        }
    }
    assert_eq!(count, 1_200_000);
    assert!(reader.detected().steps_back > 0);
}
