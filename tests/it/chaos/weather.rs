//! Slow disks, failing writes and a wall clock that is off, for one process that is started under `shim.c`.
//!
//! The C file is compiled when it is needed; where there is no C compiler, that is said and the scenario left out. What the
//! weather is can be changed while the process runs, and nothing but that process sees it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/chaos/shim.c");

/// Writes fail with this where the disk is full.
pub(super) const FULL: i64 = 28;
/// Writes fail with this where the file system is read-only.
pub(super) const READ_ONLY: i64 = 30;

/// The weather of the processes that were given its environment.
pub(super) struct Weather {
    file: File,
    environment: Vec<(String, PathBuf)>,
}

impl Weather {
    /// Calm weather; nothing where no C compiler is there.
    pub(super) fn calm(folder: &Path) -> Option<Self> {
        let library = folder.join("weather.so");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([SOURCE, "-ldl"]);
        match compiler.output() {
            Ok(done) => assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr)),
            Err(_) => {
                super::skip("slow disks and clocks that jump need a C compiler (cc), which is not here");
                return None;
            }
        }
        let path = folder.join("weather");
        std::fs::write(&path, [0_u8; 24]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        let environment = vec![("LD_PRELOAD".into(), library), ("CROSSDOCK_CHAOS_WEATHER".into(), path)];
        Some(Self { file, environment })
    }

    /// What a process is started with that is to have this weather.
    pub(super) fn environment(&self) -> Vec<(String, PathBuf)> {
        self.environment.clone()
    }

    fn set(&self, place: u64, number: i64) {
        self.file.write_all_at(&number.to_ne_bytes(), place * 8).unwrap();
    }

    /// Each fsync takes so much longer.
    pub(super) fn slow_sync(&self, by: Duration) {
        self.set(0, by.as_micros().try_into().unwrap());
    }

    /// The wall clock is off by so many seconds.
    pub(super) fn clock_off(&self, seconds: i64) {
        self.set(1, seconds * 1_000_000);
    }

    /// Writes to files fail with this number; 0 for none.
    pub(super) fn writes_fail(&self, with: i64) {
        self.set(2, with);
    }
}
