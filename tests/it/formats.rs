//! Logs in other layouts, and packed.

use crate::traces::{Scratch, azure, azure_layout, complaint, csv, recorded, rows, undressed};
use flate2::Compression;
use flate2::write::GzEncoder;
use ratecast::traffic::replay::{Replay, RowOrder, TraceFormat, describe};
use std::io::Write;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn found(bytes: &[u8]) -> String {
    complaint(&Scratch::new("packed.csv", bytes).0, &azure_layout(), "log.csv")
}

#[test]
fn packed_logs_are_the_logs_inside() {
    let log = azure(&"2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:46.9951690,396,109\r\n".repeat(1_000));
    let plain: Vec<_> = log.split_inclusive(|&byte| byte == b'\n').take(3).flatten().copied().collect();
    let (front, back) = log.split_at(log.len() / 2 + 7);
    let sorted = plain.as_slice();
    let whole = rows(&Scratch::new("plain.csv", sorted).0, &Replay::default()).unwrap();
    for packed in [gzip(sorted), zstd(sorted)] {
        assert_eq!(rows(&Scratch::new("packed", &packed).0, &Replay::default()).as_deref(), Ok(&whole[..]));
    }
    // Several members, or frames, one after the other, with a frame between them that holds no data.
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    for packed in [[gzip(front), gzip(back)].concat(), [zstd(front), skipped, zstd(back)].concat()] {
        assert_eq!(found(&packed), found(&log));
    }
    let Some(path) = recorded("dresses/azure_conv_two_members.csv.gz") else { return };
    let summary = describe(&path, &Replay::default()).unwrap();
    assert_eq!((summary.rows, summary.span.as_secs_f64().round()), (19_366, 3_502.0));
}

/// Zstandard whose blocks each say "this byte, 128 KiB times".
fn zstd_bomb(blocks: usize) -> Vec<u8> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 0..blocks {
        let header = (128u32 * 1024) << 3 | 1 << 1 | u32::from(block + 1 == blocks);
        bytes.extend_from_slice(&header.to_le_bytes()[..3]);
        bytes.push(b'\n');
    }
    bytes
}

#[test]
fn bombs_and_damaged_files_stop_with_the_reason() {
    let line = "2023-11-16 18:15:46,1,2\n";
    let too_large = "it unpacks to more than 250 times its size; \
                     unpack it yourself if you trust it, and read what comes out";
    let blank = vec![b'\n'; 80 << 20];
    let complaint = found(&[gzip(&azure(line)), gzip(&blank)].concat());
    assert!(complaint.starts_with("`log.csv`, line ") && complaint.ends_with(too_large), "{complaint}");
    let complaint = found(&[zstd(&azure(line)), zstd_bomb(1_000)].concat());
    assert!(complaint.ends_with(too_large), "{complaint}");
    let log = azure(&line.repeat(3));
    let packed = gzip(&log);
    assert_eq!(
        found(&packed[..packed.len() - 4]),
        "`log.csv`, line 1: the gzip data is cut off; copy the file anew, or unpack it yourself"
    );
    let mut damaged = packed.clone();
    let end = damaged.len() - 6;
    damaged[end] ^= 0xff;
    assert_eq!(
        found(&damaged),
        "`log.csv`, line 1: the gzip data is damaged: corrupt gzip stream does not have a matching checksum; \
         copy the file anew, or unpack it yourself"
    );
    let packed = zstd(&log);
    let cut = found(&packed[..packed.len() - 6]);
    assert!(cut.starts_with("`log.csv`, line 1: the zstd data is damaged or cut off: "), "{cut}");
    let window = found(&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 1, 0, 0]);
    assert_eq!(
        window,
        "`log.csv`, line 1: the zstd data cannot be unpacked: its window of 2097152 MiB is larger than 32 MiB; \
         copy the file anew, or unpack it yourself"
    );
}

fn laid_out(format: TraceFormat) -> Replay {
    Replay { format, ..Replay::default() }
}

#[test]
fn published_layouts_agree_with_the_stretch_that_they_dress() {
    let Some(expected) = recorded("dresses/expected.csv") else { return };
    let expected = undressed(&expected);
    for (name, format, tolerance) in [
        ("azure_lmm2025.csv", TraceFormat::AzureLmm, 1_000_000),
        ("burstgpt3.csv", TraceFormat::BurstGpt, 1_000_000_000),
    ] {
        let Some(path) = recorded(&format!("dresses/{name}")) else { return };
        let found = rows(&path, &laid_out(format)).unwrap();
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found.at.as_nanos().abs_diff(expected.at.as_nanos()) <= tolerance, "{name}: {found:?}");
            assert_eq!((found.input, found.output), (expected.input, expected.output), "{name}");
        }
    }
}

#[test]
fn published_sets_have_their_figures() {
    let tenths = |mean: Option<f64>| (mean.unwrap() * 10.0).round();
    for (name, format, rows, span, input, output) in [
        ("vidur/splitwise_conv.csv", TraceFormat::Vidur, 19_366, 3_502.0, 11_547.0, 2_111.0),
        ("burstgpt/BurstGPT_1_head.csv", TraceFormat::BurstGpt, 400, 37_269.0, 5_205.0, 2_765.0),
    ] {
        let Some(path) = recorded(name) else { return };
        let summary = describe(&path, &laid_out(format)).unwrap();
        assert_eq!((summary.rows, summary.span.as_secs_f64().round()), (rows, span), "{name}");
        assert!((tenths(summary.input.mean()) - input).abs() <= 5.0, "{name}");
        assert_eq!((tenths(summary.output.mean()), summary.begins), (output, None), "{name}");
    }
}

#[test]
fn separators_are_told_from_the_header() {
    let log = "ts,input tokens,output\n1.5,2,3\n2.5,4,\n";
    let spec = csv("ts", Some(ratecast::traffic::replay::TimeUnit::Seconds), "input tokens", "output");
    let expected = rows(&Scratch::new("comma.csv", log.as_bytes()).0, &spec).unwrap();
    assert_eq!(expected.len(), 2);
    for separator in [";", "\t"] {
        let text = log.replace(',', separator);
        assert_eq!(rows(&Scratch::new("other.csv", text.as_bytes()).0, &spec).as_deref(), Ok(&expected[..]));
    }
    let quick = "TIMESTAMP;ContextTokens;GeneratedTokens\n2023-11-16 18:15:46,1,2\n";
    assert_eq!(
        found(quick.as_bytes()),
        "`log.csv`, line 2: found 1 field instead of 3: `2023-11-16 18:15:46,1,2`; \
         complete the row or delete it: the file may have been cut off here"
    );
}

#[test]
fn other_headers_are_refused_by_name() {
    let file = Scratch::new("log.csv", b"arrived,num_prefill_tokens,num_decode_tokens\n0.0,1,2\n");
    assert_eq!(
        complaint(&file.0, &laid_out(TraceFormat::Vidur), "log.csv"),
        "`log.csv`, line 1: the header is `arrived`, `num_prefill_tokens`, `num_decode_tokens`, \
         not `arrived_at`, `num_prefill_tokens`, `num_decode_tokens`; \
         set `format = \"csv\"` and name the columns, as in `time-column = \"created_at\"`"
    );
}

/// The instants of dates on the clocks of New York, in minutes after the first.
fn in_new_york(dates: &[&str], more: Replay) -> Vec<u64> {
    let log = azure(&dates.iter().map(|date| format!("{date},1,2\n")).collect::<String>());
    let spec = Replay { zone: Some("America/New_York".into()), ..more };
    let rows = rows(&Scratch::new("zone.csv", &log).0, &spec).unwrap();
    rows.iter().map(|row| row.at.as_nanos() / 60_000_000_000).collect()
}

#[test]
fn dates_without_a_zone_are_those_of_the_stated_one() {
    let auto = Replay::default;
    // Clocks go from 01:59 back to 01:00, and rows from one pass of the hour to the other.
    let autumn = ["00:50:00", "01:20:00", "01:45:00", "01:05:00", "01:30:00", "01:55:00.5", "02:30:00"];
    let autumn = autumn.map(|time| format!("2025-11-02 {time}"));
    let mut autumn: Vec<&str> = autumn.iter().map(String::as_str).collect();
    let minutes = [0, 30, 55, 75, 100, 125, 160];
    assert_eq!(in_new_york(&autumn, auto()), minutes);
    let ascending = || Replay { order: RowOrder::File, ..auto() };
    assert_eq!(in_new_york(&autumn, ascending()), minutes);
    autumn.reverse();
    assert_eq!(in_new_york(&autumn, auto()), minutes);
    // Rows more than half an hour apart do not tell, unless they are known to ascend.
    let sparse = ["2025-11-02 00:50:00", "2025-11-02 01:40:00", "2025-11-02 01:10:00", "2025-11-02 01:50:00"];
    assert_eq!(in_new_york(&sparse, ascending()), [0, 50, 80, 120]);
    assert_eq!(in_new_york(&sparse, auto()), [0, 20, 50, 60]);
    // A stamp with a zone of its own is of that zone: 06:10 in UTC is the second pass, too.
    let own = ["2025-11-02 00:50:00", "2025-11-02T06:10:00Z", "2025-11-02 07:10:00+00:00", "2025-11-02 03:10:00"];
    assert_eq!(in_new_york(&own, auto()), [0, 80, 140, 200]);
    // Clocks go from 01:59 on to 03:00.
    let spring = ["2025-03-09 01:30:00", "2025-03-09 02:15:00", "2025-03-09 03:20:00"];
    assert_eq!(in_new_york(&spring, auto()), [0, 45, 50]);
}

#[test]
fn what_a_zone_was_taken_for_is_said() {
    let log = azure("2025-11-02 01:40:00,1,2\n2025-11-02 01:10:00,1,2\n2025-11-02 03:10:00,1,2\n");
    let log = Scratch::new("said.csv", &log);
    let of = |zone: Option<&str>| Replay { zone: zone.map(str::to_owned), ..Replay::default() };
    let summary = describe(&log.0, &of(Some("America/New_York"))).unwrap();
    let told = summary.detected.to_string();
    assert!(told.contains("of America/New_York where no zone is stated"), "{told}");
    assert!(told.contains("2 stamps are of an hour that the clocks of `America/New_York` repeat"), "{told}");
    assert_eq!(summary.begins.unwrap().to_string(), "2025-11-02T05:10:00+00:00[UTC]");
    let told = describe(&log.0, &of(None)).unwrap().detected;
    assert!(told.to_string().contains("in UTC where no zone is stated"), "{told}");
    let lines = ratecast::report::trace::read_as(&told, false);
    assert!(lines.iter().any(|line| line.contains("taken for UTC (`zone` states another)")), "{lines:?}");
    // Where every date has its zone, nothing is taken for granted.
    let zoned = Scratch::new("zoned.csv", &azure("2025-11-02 01:40:00+09:00,1,2\n2025-11-02 01:50:00+09:00,1,2\n"));
    let told = describe(&zoned.0, &of(None)).unwrap().detected;
    assert!(!told.has_bare_dates, "{told}");
    let unix = Scratch::new("unix.csv", b"ts,in,out\n1700158546,1,2\n");
    let complaint = complaint(&unix.0, &of(Some("Europe/Berlin")), "log.csv");
    assert_eq!(
        complaint,
        "`log.csv`, line 1: `zone` is stated, and times are numbers of seconds, which have none; leave `zone` out"
    );
    let nowhere = describe(&log.0, &of(Some("Mars/Olympus"))).unwrap_err();
    assert!(nowhere.to_string().contains("Mars/Olympus"), "{nowhere}");
}
