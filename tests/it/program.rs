//! Runs the program itself: files in a folder of its own, arguments, environment; then what it printed and how it ended.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A call of the program in a fresh folder, which goes when the call does.
pub struct Program {
    folder: PathBuf,
    command: Command,
}

/// What a call printed and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// The result.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// The exit status.
    pub status: i32,
}

impl Program {
    /// `ratecast ARGUMENTS` in an empty folder.
    pub fn new<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ratecast-it-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ratecast"));
        command.args(arguments).current_dir(&folder).stdin(Stdio::null());
        command.env_remove("NO_COLOR").env_remove("CI");
        Program { folder, command }
    }

    /// With this file in its folder.
    pub fn file(self, name: &str, content: &str) -> Self {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// In this folder instead.
    pub fn inside(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With this variable set.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The command, for what this builder cannot do.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Runs it; may be asked again.
    pub fn ended(&mut self) -> Ended {
        let output = self.command.output().unwrap();
        Ended {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            status: output.status.code().unwrap_or(-1),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// `ratecast ARGUMENTS` in the package's own folder.
pub fn ratecast<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ended {
    Program::new(arguments).inside(Path::new(env!("CARGO_MANIFEST_DIR"))).ended()
}

/// The files in `scenarios/`, in order.
pub fn scenarios() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir("scenarios").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(files.len() >= 4);
    files
}
