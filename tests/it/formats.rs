//! Logs in other layouts, and packed.

use crate::traces::{Scratch, azure, complaint, recorded, rows};
use flate2::Compression;
use flate2::write::GzEncoder;
use ratecast::traffic::replay::{Replay, describe};
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
    complaint(&Scratch::new("packed.csv", bytes).0, &Replay::default(), "log.csv")
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
