//! The tool is killed at any moment of a conversion over an existing file: afterwards that file is the old one or the new one, whole.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The format that is written.
const EXTENSION: &str = "tsfile";
/// Rows of the input: a conversion of 100 to 300 ms in a debug build.
const ROWS: u64 = 300_000;

/// Kills that count, and how many of them are in the last tenth of the conversion.
const KILLS: usize = 100;
const LATE_KILLS: usize = 40;
/// More than that many runs are not tried. Those after the kills that count come right after the rename, if none has met it.
const MAX_RUNS: usize = 300;
/// A conversion in this many is left alone: it meets what the killed ones left, and says how long one takes.
const UNDISTURBED: usize = 4;
const SEED: u64 = 0x5eed_0005;
const SIGKILL: i32 = 9;

/// What may be in the directory.
struct Place {
    dir: tempfile::TempDir,
    target: String,
    temporary: String,
}

impl Place {
    fn new() -> Self {
        let target = format!("out.{EXTENSION}");
        Self {
            dir: tempfile::tempdir().unwrap(),
            temporary: format!(".{target}.tmp"),
            target,
        }
    }

    fn target(&self) -> PathBuf {
        self.dir.path().join(&self.target)
    }

    fn start(&self, input: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_tsfile-cli"))
            .args(["convert", input, "-o", &self.target, "--force"])
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// A conversion that is left alone: how long it took, and what is there then.
    fn whole(&self, input: &str) -> (Duration, Vec<u8>) {
        let begun = Instant::now();
        assert!(self.start(input).wait().unwrap().success());
        let took = begun.elapsed();
        assert_eq!(self.others(), [""; 0]);
        (took, fs::read(self.target()).unwrap())
    }

    /// Which file has the name of the target.
    fn identity(&self) -> u64 {
        fs::metadata(self.target()).unwrap().ino()
    }

    /// What is in the directory besides inputs and target.
    fn others(&self) -> Vec<String> {
        fs::read_dir(self.dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|name| *name != self.target && !name.ends_with(".csv"))
            .collect()
    }
}

fn csv(rows: u64, factor: u64) -> String {
    let mut csv = String::from("time,device_name,s,x\n");
    for i in 0..rows {
        let (s, x) = (i * factor % 100_003, i % 977);
        csv.push_str(&format!("{i},root.d{},{s},{x}.5\n", i % 7));
    }
    csv
}

/// SplitMix64, so that every run tries the same fractions; a number from 0 to 1.
fn fraction(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// The middle one of the last few.
fn typical(durations: &[Duration]) -> Duration {
    let mut last = durations[durations.len().saturating_sub(5)..].to_vec();
    last.sort();
    last[last.len() / 2]
}

/// For the table at the end of `make test`: what could not be tried is missing there.
fn count(name: &str, cases: usize) {
    if let Some(file) = std::env::var_os("TSFILE_ORACLE_COUNTS") {
        let mut file = fs::OpenOptions::new().append(true).open(file).unwrap();
        writeln!(file, "{name} {cases}").unwrap();
    }
}

#[test]
fn a_killed_conversion_leaves_the_old_file_or_the_new_one() {
    let place = Place::new();
    fs::write(place.dir.path().join("old.csv"), csv(ROWS / 2, 13)).unwrap();
    fs::write(place.dir.path().join("new.csv"), csv(ROWS, 7919)).unwrap();
    let (_, old) = place.whole("old.csv");
    let (took, new) = place.whole("new.csv");
    assert!(old != new);
    let mut durations = vec![took];
    for _ in 0..2 {
        let (took, again) = place.whole("new.csv");
        assert!(again == new, "the same conversion gives other bytes");
        durations.push(took);
    }

    let begun = Instant::now();
    let mut state = SEED;
    let (mut early, mut late, mut were_old, mut were_new) = (0, 0, 0, 0);
    let (mut ended, mut leftovers) = (0, 0);
    for run in 0..MAX_RUNS {
        if early + late >= KILLS && were_old > 0 && were_new > 0 {
            break;
        }
        if run % UNDISTURBED == 0 {
            leftovers += usize::from(!place.others().is_empty());
            let (took, found) = place.whole("new.csv");
            assert!(found == new);
            durations.push(took);
        }
        let at = if early < KILLS - LATE_KILLS {
            0.9 * fraction(&mut state)
        } else {
            0.9 + 0.1 * fraction(&mut state)
        };
        fs::write(place.target(), &old).unwrap();
        let before = place.identity();
        let mut child = place.start("new.csv");
        if early + late < KILLS {
            thread::sleep(typical(&durations).mul_f64(at));
        } else {
            let patience = Instant::now() + Duration::from_secs(60);
            while place.identity() == before && Instant::now() < patience {}
        }
        child.kill().unwrap();
        let status = child.wait().unwrap();
        let found = fs::read(place.target()).unwrap();
        let is_old = found == old;
        let said = format!("run {run}, at {at:.4}, {status}");
        assert!(
            is_old || found == new,
            "{said}: neither the old file nor the new one"
        );
        let others = place.others();
        let fine = others.is_empty() || (is_old && others == [place.temporary.as_str()]);
        assert!(fine, "{said}: {others:?}");
        if status.signal() != Some(SIGKILL) {
            // Too late: this one does not count.
            assert!(status.success() && !is_old && others.is_empty(), "{said}");
            ended += 1;
            continue;
        }
        if at < 0.9 {
            early += 1;
        } else {
            late += 1;
        }
        if is_old {
            were_old += 1;
        } else {
            were_new += 1;
        }
    }
    let (_, found) = place.whole("new.csv");
    assert!(found == new);
    println!(
        "{early} kills before the last tenth and {late} in it, {ended} runs ended first; old file {were_old}, new file {were_new}; \
         {leftovers} of the undisturbed runs met a leftover; a conversion takes {:?}, all of them {:?}",
        typical(&durations),
        begun.elapsed()
    );
    assert!(early + late >= KILLS && late >= 30, "{early} {late}");
    assert!(were_old > 0 && were_new > 0, "{were_old} {were_new}");
    assert!(leftovers > 0);
    count("kills", early + late);
}
