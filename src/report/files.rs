//! Results as files that appear whole or not at all.
//!
//! A file is written beside its final name, flushed to the disk, and renamed; then the folder is flushed, because a rename
//! alone does not outlive a power cut. Whatever fails on the way, the old file or the new one is there, never a piece.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What the disk does, so that a test can let the n-th thing fail.
pub trait FileSystem {
    /// Makes a folder with all those above it.
    fn create_folder(&mut self, path: &Path) -> io::Result<()>;
    /// Writes a new file and flushes it to the disk.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Renames a file over another.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Flushes a folder's list of files to the disk.
    fn flush_folder(&mut self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
}

/// The disk itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl FileSystem for Disk {
    fn create_folder(&mut self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn flush_folder(&mut self, path: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot be opened as a file, and the rename is as durable as it gets.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// Why a file was not written.
#[derive(Debug)]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub cause: String,
}

/// Writes `bytes` to `path` whole or not at all.
pub fn write_whole(disk: &mut dyn FileSystem, path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let attempt = (|| {
        disk.write(&beside, bytes)?;
        disk.rename(&beside, path)
    })();
    if attempt.is_err() {
        // What could not be finished is in nobody's way; that it cannot be removed either adds nothing.
        let _ = disk.remove(&beside);
    }
    let flushed =
        attempt.and_then(|()| disk.flush_folder(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }));
    flushed.map_err(|error| WriteError { path: path.to_owned(), cause: error.to_string() })
}

/// Writes what `write` puts out to `path`, whole or not at all, without holding it in memory.
pub fn write_stream(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), WriteError> {
    let failed = |error: io::Error| WriteError { path: path.to_owned(), cause: error.to_string() };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let attempt = (|| {
        let mut out = BufWriter::with_capacity(1 << 16, File::create(&beside)?);
        write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&beside, path)
    })();
    if attempt.is_err() {
        // As in `write_whole`: a piece is in nobody's way.
        let _ = fs::remove_file(&beside);
    }
    attempt.map_err(failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Disk.flush_folder(folder).map_err(failed)
}

/// The file that says that a folder is ours.
const MARKER: &str = ".ratecast";

/// Makes the folder of the scenario called `name` below `out`, unless one is there that is not ours (`force` takes it all
/// the same).
pub fn prepare_folder(disk: &mut dyn FileSystem, out: &Path, name: &str, force: bool) -> Result<PathBuf, WriteError> {
    let folder = out.join(slug(name));
    let refuse = |cause: &str| Err(WriteError { path: folder.clone(), cause: cause.to_owned() });
    if folder.is_symlink() {
        return refuse("it is a link to somewhere else");
    }
    let holds_files = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if holds_files && !folder.join(MARKER).is_file() && !force {
        return refuse("it holds files that ratecast did not write (`--force` writes all the same)");
    }
    disk.create_folder(&folder).map_err(|error| WriteError { path: folder.clone(), cause: error.to_string() })?;
    write_whole(disk, &folder.join(MARKER), b"This folder is written by ratecast.\n")?;
    Ok(folder)
}

/// A name as one harmless part of a path.
pub fn slug(name: &str) -> String {
    let harmless = |c: char| if c.is_ascii_alphanumeric() || "_-.+".contains(c) { c } else { '-' };
    let slug: String = name.chars().take(80).map(harmless).collect();
    let slug = slug.trim_start_matches('.');
    if slug.is_empty() { "scenario".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A disk in memory whose `fails_at`-th operation fails, having done its work by half.
    #[derive(Default)]
    struct Failing {
        files: BTreeMap<PathBuf, Vec<u8>>,
        operations: usize,
        fails_at: usize,
    }

    impl Failing {
        fn step(&mut self) -> io::Result<()> {
            self.operations += 1;
            if self.operations == self.fails_at { Err(io::Error::other("no space left on device")) } else { Ok(()) }
        }
    }

    impl FileSystem for Failing {
        fn create_folder(&mut self, _path: &Path) -> io::Result<()> {
            self.step()
        }
        fn write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
            let done = self.step();
            let written = if done.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
            self.files.insert(path.to_owned(), written.to_vec());
            done
        }
        fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
            self.step()?;
            let file = self.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
            self.files.insert(to.to_owned(), file);
            Ok(())
        }
        fn flush_folder(&mut self, _path: &Path) -> io::Result<()> {
            self.step()
        }
        fn remove(&mut self, path: &Path) -> io::Result<()> {
            self.step()?;
            self.files.remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
        }
    }

    #[test]
    fn whatever_fails_the_old_file_or_the_new_one_is_there() {
        let path = Path::new("folder/result.json");
        for fails_at in 1.. {
            let mut disk = Failing { fails_at, ..Failing::default() };
            disk.files.insert(path.to_owned(), b"old content".to_vec());
            let result = write_whole(&mut disk, path, b"new content");
            let content = disk.files[path].as_slice();
            assert!(content == b"old content" || content == b"new content", "operation {fails_at}");
            if result.is_ok() {
                assert_eq!((content, disk.files.len()), (b"new content".as_slice(), 1));
                assert!(fails_at > 3, "three operations were to fail");
                return;
            }
        }
    }

    #[test]
    fn a_folder_name_stays_in_its_place() {
        assert_eq!(slug("../../etc/passwd"), "-..-etc-passwd");
        assert_eq!(slug("chat launch"), "chat-launch");
        assert_eq!(slug("..."), "scenario");
    }
}
