//! `convert` of what comes through stdin, in every format.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

mod feed;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use assert_cmd::cargo::cargo_bin;

use feed::{feed, stderr, tool};

const CSV: &str = "time,device_name,s,x\n1,root.d1,\"\",0.5\n2,root.d1,,nan\n1,root.d2,a,\n";

fn pipe(dir: &Path, input: &[u8], args: &[&str]) -> Output {
    let mut command = tool(dir);
    command.env("TMPDIR", dir.join("tmp"));
    feed(command.arg("convert").args(args), input)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn directory() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("tmp")).unwrap();
    dir
}

#[test]
fn every_format_through_stdin() {
    let dir = directory();
    let dir = dir.path();
    for format in ["csv", "tsv", "ndjson", "parquet", "arrow"] {
        let name = format!("x.{format}");
        let from = ["--from", "csv"];
        let output = pipe(
            dir,
            CSV.as_bytes(),
            &[&["-", "-o", &name], from.as_slice()].concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(
            stderr(&output).contains(&format!(
                "3 rows written to {name} (4 points, 66 bytes in, "
            )),
            "{}",
            stderr(&output)
        );
        let bytes = fs::read(dir.join(&name)).unwrap();
        let args = ["-", "-o", "-", "--to", "csv", "--from", format];
        let output = pipe(dir, &bytes, &args);
        assert_eq!(stdout(&output), CSV, "{format}: {}", stderr(&output));
        // Formats that begin with their name need none.
        let output = pipe(dir, &bytes, &args[..5]);
        if matches!(format, "parquet" | "arrow") {
            assert_eq!(stdout(&output), CSV, "{}", stderr(&output));
        } else {
            assert_eq!(output.status.code(), Some(2));
            assert_eq!(
                stderr(&output),
                "tsfile-cli: error: stdin: unknown format; expected a TsFile, Parquet or Arrow file, or the extension .csv, .tsv or .ndjson, or --from FORMAT\n\
                 tsfile-cli: try:\n  tsfile-cli convert - -o - --to csv --from csv\n"
            );
        }
    }
    assert_eq!(fs::read_dir(dir.join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_tsfile_through_stdin_is_that_tsfile() {
    let dir = directory();
    let dir = dir.path();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden/java-2.4.0");
    let bytes = fs::read(golden.join("mixed_tree_table.tsfile")).unwrap();
    fs::write(dir.join("x.tsfile"), &bytes).unwrap();
    for part in [&["-t", "tab"][..], &["--form", "narrow"]] {
        let of = |input| [&[input, "-o", "-", "--to", "csv"], part].concat();
        let piped = pipe(dir, &bytes, &of("-"));
        let read = pipe(dir, b"", &of("x.tsfile"));
        assert_eq!(piped.status.code(), Some(0), "{}", stderr(&piped));
        assert!(!piped.stdout.is_empty());
        assert_eq!(stdout(&piped), stdout(&read));
    }
    let output = pipe(dir, &bytes, &["-", "--output-dir", "all", "--to", "csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_dir(dir.join("all")).unwrap().count(), 2);
    let cut = pipe(dir, &bytes[..300], &["-", "-o", "x.csv"]);
    assert_eq!(cut.status.code(), Some(2));
    assert!(
        stderr(&cut).starts_with("tsfile-cli: error: stdin: footer: "),
        "{}",
        stderr(&cut)
    );
    assert!(stderr(&cut).ends_with("tsfile-cli convert - -o x.csv --recover\n"));
}

#[test]
fn an_arrow_stream_is_read_as_it_comes() {
    let dir = directory();
    let dir = dir.path();
    let times: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![1, 2]));
    let batch = RecordBatch::try_from_iter([("time", times)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    // Nothing is put aside: there is no place for it.
    fs::remove_dir(dir.join("tmp")).unwrap();
    let output = pipe(dir, &bytes, &["-", "-o", "x.csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        fs::read_to_string(dir.join("x.csv")).unwrap(),
        "time\n1\n2\n"
    );
    let said = format!(
        "2 rows written to x.csv (0 points, {} bytes in, 9 bytes out, ",
        bytes.len()
    );
    assert!(stderr(&output).contains(&said), "{}", stderr(&output));
    // Everything else does need a place.
    let output = pipe(dir, CSV.as_bytes(), &["-", "-o", "y.csv", "--from", "csv"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn stdin_among_files_and_twice() {
    let dir = directory();
    let dir = dir.path();
    fs::write(dir.join("a.csv"), "time,x\n1,1\n").unwrap();
    let args = ["a.csv", "-", "-o", "-", "--to", "csv", "--from", "csv"];
    let output = pipe(dir, b"time,x\n2,2.5\n", &args);
    assert_eq!(
        stdout(&output),
        "time,x\n1,1.0\n2,2.5\n",
        "{}",
        stderr(&output)
    );
    let output = pipe(dir, b"", &["-", "-", "-o", "-", "--to", "csv"]);
    assert_eq!(output.status.code(), Some(1));
    // A file on stdin is read from where it stands.
    let output = Command::new(cargo_bin!("tsfile-cli"))
        .current_dir(dir)
        .args(["convert", "-", "-o", "-", "--to", "ndjson", "--from", "csv"])
        .stdin(File::open(dir.join("a.csv")).unwrap())
        .output()
        .unwrap();
    assert_eq!(stdout(&output), "{\"time\":1,\"x\":1}\n");
}

#[test]
fn a_format_by_name_is_stronger_than_what_it_looks_like() {
    let dir = directory();
    let dir = dir.path();
    fs::write(dir.join("a.log"), "time\tx\n1\t2\n").unwrap();
    let args = ["a.log", "-o", "-", "--to", "csv"];
    assert_eq!(pipe(dir, b"", &args).status.code(), Some(2));
    let output = pipe(dir, b"", &[args.as_slice(), &["--from", "tsv"]].concat());
    assert_eq!(stdout(&output), "time,x\n1,2\n");
    let output = pipe(dir, b"", &[args.as_slice(), &["--from", "tsfile"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("tsfile-cli: error: a.log: "));
}
