//! Every sample file comes back as the contents written beside it, in every form it supports.

use crate::expected::{check_file, count_cases, tsfiles};
use std::path::{Path, PathBuf};
use tsfile::format::FormatVersion;
use tsfile::io::{AtomicFile, Overwrite};
use tsfile::scan::{PiecesRequest, pieces};
use tsfile::{ReadOptions, TsFileReader, TsFileWriter, WriteOptions, WriteSummary};

pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden")
}

#[test]
fn every_sample_comes_back_as_written() {
    let mut failed = Vec::new();
    let mut cases = 0;
    let mut writers: Vec<_> = std::fs::read_dir(golden())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    writers.sort();
    for writer in writers {
        for file in tsfiles(&writer) {
            cases += 1;
            if std::panic::catch_unwind(|| check_file(&file)).is_err() {
                failed.push(file.display().to_string());
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {cases} files differ:\n{}",
        failed.len(),
        failed.join("\n")
    );
    assert_eq!(cases, 128);
    count_cases("samples", cases);
}

/// Everything that a sample holds, written anew.
fn rewritten(file: &Path, to: &Path, options: WriteOptions) -> tsfile::Result<WriteSummary> {
    let reader = TsFileReader::open(file, ReadOptions::default())?;
    let sink = AtomicFile::create(to, Overwrite::Replace)?;
    let mut writer = TsFileWriter::start_devices(Box::new(sink), options)?;
    for piece in pieces(vec![reader], PiecesRequest::default())? {
        let piece = piece?;
        writer.set_layout(piece.scan.schema(), piece.layout)?;
        for batch in piece.scan {
            writer.write(&batch?)?;
        }
    }
    writer.finish()
}

#[test]
fn every_sample_that_is_written_anew_keeps_its_contents() {
    let dir = std::env::temp_dir().join(format!("tsfile-rewritten-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let mut failed = Vec::new();
    let (mut cases, mut refused) = (0, Vec::new());
    let mut writers: Vec<_> = std::fs::read_dir(golden())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    writers.sort();
    for writer in writers {
        for file in tsfiles(&writer) {
            for version in [FormatVersion::V4, FormatVersion::V3] {
                // Under its own name, since what is known of some samples goes by it.
                let own = dir.join(writer.file_name().unwrap());
                std::fs::create_dir_all(&own).unwrap();
                let to = own.join(file.file_name().unwrap());
                let options = WriteOptions::default().with_format_version(version);
                let name = format!("{} as version {version}", file.display());
                match rewritten(&file, &to, options) {
                    Ok(_) => {}
                    Err(e) => {
                        refused.push(format!("{name}: {e}"));
                        continue;
                    }
                }
                std::fs::copy(file.with_extension("json"), to.with_extension("json")).unwrap();
                cases += 1;
                if std::panic::catch_unwind(|| check_file(&to)).is_err() {
                    failed.push(name);
                }
            }
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(
        failed.is_empty(),
        "{} of {cases} differ:\n{}",
        failed.len(),
        failed.join("\n")
    );
    println!("{}", refused.join("\n"));
    // What cannot be: tables in version 3, and OBJECT, which points outside the file.
    assert!(
        refused
            .iter()
            .all(|r| r.contains("version 3 has no tables") || r.contains("OBJECT")),
        "{}",
        refused.join("\n")
    );
    count_cases("rewritten", cases);
}
