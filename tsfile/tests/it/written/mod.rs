//! Random files that we write are read by the references (`.ci/test` drives it; testdata/oracle/README.md, "Dumps").
//!
//! In three phases, since the readers are other programs: [`files_are_written`] makes the files and what is expected of them,
//! `.ci/oracle-read` has every reader dump what it finds, [`readers_find_what_was_written`] compares. Without `.ci/test` a few files are
//! written and read by ourselves.

mod compare;
mod dump;
mod layers;
mod own;
pub mod plan;
pub mod random;
mod values;

use crate::expected::{count_cases, tsfiles};
use compare::{Reader, differences};
use dump::Dump;
use plan::Plan;
use random::Random;
use std::path::{Path, PathBuf};

pub const SEED: u64 = 20_261_121;

pub fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |v| {
        v.parse().unwrap_or_else(|e| panic!("{variable}: {e}"))
    })
}

/// File number `n` of a seed, with `x.expect` and `x.only` beside it.
pub fn write_one(folder: &Path, seed: u64, n: u64) -> String {
    let file = folder.join(format!("w{n:05}.tsfile"));
    let mut plan = Plan::new(&mut Random::new(seed, n));
    let written = plan.write(&file);
    std::fs::write(file.with_extension("expect"), written.expect.text()).unwrap();
    if let Some(only) = written.only {
        std::fs::write(file.with_extension("only"), only).unwrap();
    }
    format!(
        "{} seed={seed} {} bytes={}",
        file.display(),
        written.line,
        file.metadata().unwrap().len()
    )
}

#[test]
fn files_are_written() {
    let Some(folder) = std::env::var_os("TSFILE_WRITE_FILES").map(PathBuf::from) else {
        println!("`make test` runs this first of all");
        return;
    };
    let seed = number("TSFILE_ORACLE_SEED", SEED);
    let mut failed = Vec::new();
    let mut lines = String::new();
    for n in 0..number("TSFILE_WRITTEN_COUNT", 500) {
        match std::panic::catch_unwind(|| write_one(&folder, seed, n)) {
            Ok(line) => lines.push_str(&(line + "\n")),
            Err(_) => failed.push(n),
        }
    }
    std::fs::write(folder.join("files.txt"), lines).unwrap();
    assert!(
        failed.is_empty(),
        "seed {seed}: files {failed:?} cannot be written"
    );
}

/// Differences of what one reader found, or `None` where the file is not for it.
fn check(file: &Path, reader: Reader) -> Option<Vec<String>> {
    let expect = Dump::parse(&std::fs::read_to_string(file.with_extension("expect")).unwrap());
    let got = if reader == Reader::Own {
        own::read(file)
    } else {
        let dump = file.with_extension(format!("{}.dump", reader.name()));
        Dump::parse(&std::fs::read_to_string(dump).ok()?)
    };
    let version3 = std::fs::read(file).unwrap()[6] == 3;
    Some(differences(&expect, &got, reader, version3))
}

fn check_all(folder: &Path, reader: Reader) {
    let mut failed = Vec::new();
    let mut cases = 0;
    for file in tsfiles(folder) {
        let found = std::panic::catch_unwind(|| check(&file, reader));
        let found = found.unwrap_or_else(|_| Some(vec!["a panic, see above".to_string()]));
        let Some(found) = found else { continue };
        cases += 1;
        if !found.is_empty() {
            failed.push(format!("{}:\n    {}", file.display(), found.join("\n    ")));
        }
    }
    let some = &failed[..failed.len().min(30)];
    assert!(
        failed.is_empty(),
        "{}: {} of {cases} files differ:\n{}",
        reader.name(),
        failed.len(),
        some.join("\n")
    );
    assert!(cases > 0, "{} has read no file", reader.name());
    count_cases(&format!("written-{}", reader.name()), cases);
}

#[test]
fn we_find_what_was_written() {
    let here = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("TSFILE_WRITTEN_DIR").map_or_else(
        || {
            for n in 0..60 {
                write_one(here.path(), SEED, n);
            }
            here.path().to_path_buf()
        },
        PathBuf::from,
    );
    check_all(&folder, Reader::Own);
}

#[test]
fn readers_find_what_was_written() {
    let Some(folder) = std::env::var_os("TSFILE_WRITTEN_DIR").map(PathBuf::from) else {
        println!("no dumps; run `make test` to have them made");
        return;
    };
    let mut failed = Vec::new();
    for reader in Reader::REFERENCES {
        if std::panic::catch_unwind(|| check_all(&folder, reader)).is_err() {
            failed.push(reader.name());
        }
    }
    assert!(failed.is_empty(), "see above: {failed:?}");
}
