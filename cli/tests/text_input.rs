//! What `convert` makes of CSV, TSV and NDJSON: types, nulls, units, and lines that are bad.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(cargo_bin!("tsfile-cli"))
        .current_dir(dir)
        .arg("convert")
        .args(args)
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).replace(
        &cargo_bin!("tsfile-cli").display().to_string(),
        "tsfile-cli",
    )
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What `input` looks like as `to`, once through Parquet, where every type is a different one.
fn through_parquet(dir: &Path, input: &str, flags: &[&str], to: &str) -> String {
    let args = [&[input, "-o", "m.parquet", "--force"], flags].concat();
    let output = run(dir, &args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    let output = run(
        dir,
        &["m.parquet", "-o", "-", "--to", to, "--time", "timestamp"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

fn write(dir: &Path, name: &str, text: impl AsRef<[u8]>) {
    fs::write(dir.join(name), text).unwrap();
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn types_come_from_the_cells() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // NDJSON of the result tells numbers, truth values and strings apart, and Parquet dates and instants from strings.
    for (cells, expected) in [
        (["1", "-2"], ["1", "-2"]),
        (["1", "2.5"], ["1.0", "2.5"]),
        (["true", "false"], ["true", "false"]),
        (["true", "1"], ["\"true\"", "\"1\""]),
        (["", "\\N"], ["null", "null"]),
        (["\"\"", "\"\\N\""], ["\"\"", "\"\\\\N\""]),
        // As a double the first would be another number.
        (
            ["9007199254740993", "0.5"],
            ["\"9007199254740993\"", "\"0.5\""],
        ),
        (["9007199254740993", "1"], ["9007199254740993", "1"]),
        (["007", "8"], ["\"007\"", "\"8\""]),
        (["2024-01-31", ""], ["\"2024-01-31\"", "null"]),
        (
            ["2024-01-31T12:00:00Z", "2024-01-31 12:00:00.5+02:00"],
            [
                "\"2024-01-31T12:00:00.000Z\"",
                "\"2024-01-31T10:00:00.500Z\"",
            ],
        ),
        (
            ["2024-01-31T12:00:00.123456789Z", "1969-12-31T23:00:00-01"],
            [
                "\"2024-01-31T12:00:00.123456789Z\"",
                "\"1970-01-01T00:00:00.000000000Z\"",
            ],
        ),
        (
            ["2024-01-31T12:00:00.1234Z", "9999-12-31T23:59:59Z"],
            [
                "\"2024-01-31T12:00:00.123400Z\"",
                "\"9999-12-31T23:59:59.000000Z\"",
            ],
        ),
        // Without a zone it is no instant.
        (
            ["2024-01-31 12:00:00", "x"],
            ["\"2024-01-31 12:00:00\"", "\"x\""],
        ),
    ] {
        let [a, b] = cells;
        write(dir, "in.csv", format!("k,v\r\n1,{a}\r\n2,{b}\r\n"));
        let [x, y] = expected;
        assert_eq!(
            through_parquet(dir, "in.csv", &[], "ndjson"),
            format!("{{\"k\":1,\"v\":{x}}}\n{{\"k\":2,\"v\":{y}}}\n"),
            "{cells:?}"
        );
    }
}

#[test]
fn what_was_written_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let text = "\
time,b,i,d,day,at,fine,s,e,n
1,true,-9223372036854775808,0.1,2024-02-29,2024-02-29T23:59:59.000Z,1970-01-01T00:00:00.000000001Z,\"a,\"\"b\"\"\",\"\",
2,,9223372036854775807,nan,,,,\"\\N\",,
3,false,0,-inf,0001-01-01,0001-01-01T00:00:00.000Z,1677-09-21T00:12:43.145224192Z,é,x,
";
    write(dir, "in.csv", text);
    for format in ["csv", "tsv", "ndjson", "parquet", "arrow"] {
        let middle = format!("middle.{format}");
        let output = run(dir, &["in.csv", "-o", &middle]);
        assert!(output.status.success(), "{format}: {}", stderr(&output));
        let again = run(dir, &[&middle, "-o", "-", "--to", "csv"]);
        assert_eq!(stdout(&again), text, "{format}: {}", stderr(&again));
    }
}

#[test]
fn nulls_types_and_zones_can_be_given() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(
        dir,
        "in.csv",
        "time,a,b,c,d,e\n2024-01-31 12:00:00,-999,007,TRUE,0x00ff,1.5\n2024-02-01,\"NA\",+1,0,,.5\n",
    );
    let flags = [
        "--null",
        "NA",
        "--null",
        "-999",
        "--tz",
        "+02:00",
        "--types",
        "time=timestamp,b=INT32",
        "--types",
        "c=Boolean",
        "--types",
        "d=BLOB",
        "--types",
        "e=float",
    ];
    assert_eq!(
        through_parquet(dir, "in.csv", &flags, "ndjson"),
        "{\"time\":\"2024-01-31T10:00:00.000Z\",\"a\":null,\"b\":7,\"c\":true,\"d\":\"0x00ff\",\"e\":1.5}\n\
         {\"time\":\"2024-01-31T22:00:00.000Z\",\"a\":null,\"b\":1,\"c\":false,\"d\":null,\"e\":0.5}\n"
    );
    write(
        dir,
        "in.ndjson",
        "{\"a\":\"NA\",\"b\":-999}\n{\"a\":\"5\",\"b\":0}\n",
    );
    let flags = ["--null=NA", "--null=-999", "--types", "a=INT64"];
    assert_eq!(
        through_parquet(dir, "in.ndjson", &flags, "ndjson"),
        "{\"a\":null,\"b\":null}\n{\"a\":5,\"b\":0}\n"
    );
    for (flags, expected) in [
        (
            &["--types", "a=INT"][..],
            "\"INT\" is no type; there are BOOLEAN, INT32",
        ),
        (
            &["--types", "z=INT32"],
            "no column is called z; there are a, b",
        ),
        (
            &["--tz", "Berlin"],
            "expected UTC or an offset such as +02:00",
        ),
        (
            &["--rejects", "x.csv"],
            "--rejects takes what --on-error skip passes over",
        ),
        (
            &["--rejects", "o.csv", "--on-error", "skip"],
            "--rejects needs a file of its own",
        ),
        (
            &["--time-column", "z"],
            "no column is called z; there are a, b",
        ),
        (
            &["--device-column", "z"],
            "no column is called z; there are a, b",
        ),
    ] {
        let output = run(dir, &[&["in.ndjson", "-o", "o.csv"], flags].concat());
        assert_eq!(output.status.code(), Some(1), "{flags:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    let output = run(dir, &["m.parquet", "-o", "o.csv", "--null", "x"]);
    assert_eq!(
        stderr(&output),
        "tsfile-cli: error: m.parquet: --null is for CSV, TSV and NDJSON; leave it out\n"
    );
}

#[test]
fn the_unit_of_time_comes_from_the_cells_or_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(
        dir,
        "us.csv",
        "time,x\n2024-01-31T12:00:00Z,1\n2024-01-31T12:00:00.0005Z,2\n",
    );
    write(dir, "n.csv", "time,x\n1500,1\n");
    let raw = |input: &str, flags: &[&str]| {
        let args = [&[input, "-o", "-", "--to", "csv", "--time", "raw"], flags].concat();
        stdout(&run(dir, &args))
    };
    let us = "time,x\n1706702400000000,1\n1706702400000500,2\n";
    assert_eq!(raw("us.csv", &[]), us);
    assert_eq!(raw("us.csv", &["--time-unit", "us"]), us);
    assert_eq!(
        raw("us.csv", &["--time-unit", "ns"]),
        "time,x\n1706702400000000000,1\n1706702400000500000,2\n"
    );
    let output = run(dir, &["us.csv", "-o", "x.csv", "--time-unit", "ms"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).starts_with(
            "tsfile-cli: error: us.csv: line 3, column time: \"2024-01-31T12:00:00.0005Z\" is no whole number of ms"
        ),
        "{}",
        stderr(&output)
    );
    let at = |flags: &[&str]| {
        let args = [
            &["n.csv", "-o", "-", "--to", "csv", "--time", "timestamp"],
            flags,
        ]
        .concat();
        stdout(&run(dir, &args))
    };
    assert_eq!(at(&[]), "time,x\n1970-01-01T00:00:01.500Z,1\n");
    assert_eq!(
        at(&["--time-unit", "ns"]),
        "time,x\n1970-01-01T00:00:00.000001500Z,1\n"
    );
}

const BAD: &[u8] = b"time,x\r\n1,2\r\n2,three\r\n4\r\n5,6,7\r\n6,\"a\"b\r\n7,8\r\n8,\xff\xfe\r\n9,\"open\r\n10,11\r\n";

#[test]
fn bad_lines_are_errors_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let head = b"time,x\r\n1,2\r\n".as_slice();
    for (line, expected) in [
        (
            b"2,three".as_slice(),
            "line 3, column x: \"three\" is no INT64\n",
        ),
        (b"4", "line 3: expected 2 fields, found 1\n"),
        (b"5,6,7", "line 3: expected 2 fields, found 3\n"),
        (
            b"6,\"a\"b",
            "line 3: a quote inside a quoted field is not doubled\n",
        ),
        (
            b"8,\xff\xfe",
            "line 3, column x: \"\u{fffd}\u{fffd}\" is not UTF-8\n",
        ),
        (b"9,\"open", "line 3: a quote is opened and never closed\n"),
    ] {
        write(dir, "bad.csv", [head, line, b"\r\n3,4\r\n"].concat());
        let output = run(dir, &["bad.csv", "-o", "out.csv", "--types", "x=INT64"]);
        assert_eq!(output.status.code(), Some(2));
        let try_this = "tsfile-cli: try:\n  tsfile-cli convert bad.csv -o out.csv --types x=INT64 --on-error skip --rejects out.rejects.csv\n";
        assert_eq!(
            stderr(&output),
            format!("tsfile-cli: error: bad.csv: {expected}{try_this}")
        );
        assert!(!dir.join("out.csv").exists());
    }
    for (line, expected) in [
        (
            "{\"a\":1",
            "line 2: expected one JSON object: EOF while parsing an object at byte 6\n",
        ),
        (
            "[1]",
            "line 2: expected one JSON object: invalid type: sequence, expected a map at byte 0\n",
        ),
        (
            "{\"a\":[1]}",
            "line 2, column a: is nested; expected null, a number, a string or a truth value\n",
        ),
        ("{\"a\":\"x\"}", "line 2, column a: \"x\" is no INT64\n"),
    ] {
        write(dir, "bad.ndjson", format!("{{\"a\":0}}\n{line}\n"));
        let output = run(
            dir,
            &["bad.ndjson", "-o", "-", "--to", "csv", "--types", "a=INT64"],
        );
        assert_eq!(output.status.code(), Some(2));
        let error = format!("tsfile-cli: error: bad.ndjson: {expected}");
        assert!(stderr(&output).starts_with(&error), "{}", stderr(&output));
        assert!(stderr(&output).ends_with("--on-error skip --rejects rejects.ndjson\n"));
    }
}

#[test]
fn a_bad_cell_is_told_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (text, flags, expected) in [
        (
            "x\n1\nx\n",
            ["--types", "x=INT64"],
            "line 3, column x: \"x\" is no INT64\n",
        ),
        (
            "x\n1\nx\n1,2\n",
            ["--types", "x=DATE"],
            "line 2, column x: \"1\" is no DATE\n",
        ),
        (
            "time\n1970-01-01T00:00:00Z\n1970-01-01T00:00:00.0001Z\n",
            ["--time-unit", "ms"],
            "line 3, column time: \"1970-01-01T00:00:00.0001Z\" is no whole number of ms that 64 bits can count\n",
        ),
    ] {
        write(dir, "in.csv", text);
        let output = run(
            dir,
            &[&["in.csv", "-o", "-", "--to", "csv"], flags.as_slice()].concat(),
        );
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(stdout(&output), "");
        let error = format!("tsfile-cli: error: in.csv: {expected}");
        assert!(stderr(&output).starts_with(&error), "{}", stderr(&output));
    }
}

#[test]
fn bad_lines_are_skipped_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(dir, "bad.csv", BAD);
    let flags = [
        "--types",
        "x=INT64",
        "--on-error",
        "skip",
        "--rejects",
        "r.csv",
    ];
    let args = [&["bad.csv", "-o", "out.csv"], flags.as_slice()].concat();
    let output = run(dir, &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(read(dir, "out.csv"), "time,x\n1,2\n7,8\n10,11\n");
    let said = stderr(&output);
    assert!(
        said.starts_with("tsfile-cli: 3 rows written to out.csv (3 points, 67 bytes in, 21 bytes out, ratio 3.2, "),
        "{said}"
    );
    assert!(
        said.ends_with(" s), 6 lines skipped (see r.csv)\n"),
        "{said}"
    );
    let rejects = fs::read(dir.join("r.csv")).unwrap();
    assert_eq!(
        rejects,
        b"file,line,column,reason,text\n\
          bad.csv,3,x,\"\"\"three\"\" is no INT64\",\"2,three\"\n\
          bad.csv,4,,\"expected 2 fields, found 1\",4\n\
          bad.csv,5,,\"expected 2 fields, found 3\",\"5,6,7\"\n\
          bad.csv,6,,a quote inside a quoted field is not doubled,\"6,\"\"a\"\"b\"\n\
          bad.csv,8,x,\"\"\"\xef\xbf\xbd\xef\xbf\xbd\"\" is not UTF-8\",\"8,\xff\xfe\"\n\
          bad.csv,9,,a quote is opened and never closed,\"9,\"\"open\"\n"
    );
    // As every output, the file is not written over another, and never over an input.
    let again = run(dir, &[args.as_slice(), &["--force"]].concat());
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    fs::remove_file(dir.join("out.csv")).unwrap();
    let again = run(dir, &args);
    assert_eq!(again.status.code(), Some(3));
    assert!(stderr(&again).starts_with("tsfile-cli: error: r.csv: exists already"));
    let flags = ["--on-error", "skip", "--rejects", "bad.csv", "--force"];
    let onto = run(
        dir,
        &[&["bad.csv", "-o", "out.csv"], flags.as_slice()].concat(),
    );
    assert_eq!(onto.status.code(), Some(3));
    assert_eq!(fs::read(dir.join("bad.csv")).unwrap(), BAD);
    assert!(!dir.join("out.csv").exists());
    // What cannot be converted leaves none.
    let flags = [
        "--on-error",
        "skip",
        "--rejects",
        "none.csv",
        "-m",
        "nothing",
    ];
    let failed = run(
        dir,
        &[&["bad.csv", "-o", "out.csv"], flags.as_slice()].concat(),
    );
    assert_eq!(failed.status.code(), Some(1));
    assert!(!dir.join("none.csv").exists());
}

#[test]
fn no_bad_line_makes_an_empty_file_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (format, text, empty) in [
        ("csv", "a,b\n1,2\n", "file,line,column,reason,text\n"),
        ("tsv", "a\tb\n1\t2\n", "file\tline\tcolumn\treason\ttext\n"),
        ("ndjson", "{\"a\":1,\"b\":2}\n", ""),
    ] {
        let (input, rejects) = (format!("in.{format}"), format!("r.{format}"));
        write(dir, &input, text);
        let flags = [
            "-o",
            "-",
            "--to",
            "csv",
            "--on-error",
            "skip",
            "--rejects",
            &rejects,
        ];
        let output = run(dir, &[&[input.as_str()], flags.as_slice()].concat());
        assert_eq!(stdout(&output), "a,b\n1,2\n", "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
        assert_eq!(read(dir, &rejects), empty);
    }
}

#[test]
fn rejected_json_is_an_object_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(
        dir,
        "in.ndjson",
        "{\"a\":1}\n{\"new\":[1]}\nno\n\n{\"a\":2}\n",
    );
    let flags = ["--on-error", "skip", "--rejects", "r.ndjson"];
    let output = run(
        dir,
        &[&["in.ndjson", "-o", "-", "--to", "csv"], flags.as_slice()].concat(),
    );
    assert_eq!(stdout(&output), "a\n1\n2\n");
    assert_eq!(
        stderr(&output),
        "tsfile-cli: 2 lines skipped (see r.ndjson)\n"
    );
    assert_eq!(
        read(dir, "r.ndjson"),
        "{\"file\":\"in.ndjson\",\"line\":2,\"column\":\"new\",\"reason\":\"is nested; expected null, a number, a string or a truth value\",\"text\":\"{\\\"new\\\":[1]}\"}\n\
         {\"file\":\"in.ndjson\",\"line\":3,\"column\":null,\"reason\":\"expected one JSON object: expected ident at byte 2\",\"text\":\"no\"}\n"
    );
}

#[test]
fn what_many_rows_agree_on_one_cell_does_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let rows = |n: usize, last: &str| {
        let mut text = String::from("time,x\n");
        for i in 1..=n {
            text.push_str(&format!("{i},{i}\n"));
        }
        text.push_str(last);
        text
    };
    // Numbers may become wider at any time.
    write(dir, "wide.csv", rows(2000, "2001,0.5\n"));
    let output = run(dir, &["wide.csv", "-o", "wide.parquet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    // Within the first rows a word makes text of a column, and is told.
    write(dir, "few.csv", rows(999, "1000,word\n"));
    let output = run(dir, &["few.csv", "-o", "few.parquet"]);
    assert!(output.status.success());
    assert!(
        stderr(&output).starts_with(
            "tsfile-cli: few.csv: column x is text: line 1001 holds \"word\" after INT64 cells (--types x=TYPE decides)\n"
        ),
        "{}",
        stderr(&output)
    );
    // Behind them it does not fit.
    write(
        dir,
        "many.csv",
        rows(1000, "1001,word\n1002,007\n1003,1003\n"),
    );
    let output = run(dir, &["many.csv", "-o", "many.parquet"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "tsfile-cli: error: many.csv: line 1002, column x: \"word\" is no INT64, unlike the rows before\n\
         tsfile-cli: try:\n  \
         tsfile-cli convert many.csv -o many.parquet --types x=STRING\n  \
         tsfile-cli convert many.csv -o many.parquet --on-error skip --rejects many.rejects.csv\n"
    );
    let output = run(
        dir,
        &["many.csv", "-o", "text.parquet", "--types", "x=STRING"],
    );
    assert!(stderr(&output).contains(" 1003 rows written to text.parquet (1003 points, "));
    let flags = ["--on-error", "skip", "--rejects", "many.rejects.csv"];
    let output = run(
        dir,
        &[&["many.csv", "-o", "many.parquet"], flags.as_slice()].concat(),
    );
    assert!(stderr(&output).contains(" 1001 rows written to many.parquet (1001 points, "));
    assert_eq!(
        read(dir, "many.rejects.csv"),
        "file,line,column,reason,text\n\
         many.csv,1002,x,\"\"\"word\"\" is no INT64\",\"1001,word\"\n\
         many.csv,1003,x,\"\"\"007\"\" is no INT64\",\"1002,007\"\n"
    );
}

#[test]
fn a_time_that_is_none_is_an_error_from_the_second_row_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(dir, "in.csv", "when,x\n1,2\nnoon,3\n");
    let output = run(dir, &["in.csv", "-o", "x.csv", "--time-column", "when"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).starts_with(
            "tsfile-cli: error: in.csv: line 3, column when: \"noon\" is no INT64, unlike the rows before\n"
        ),
        "{}",
        stderr(&output)
    );
    let output = run(dir, &["in.csv", "-o", "x.csv"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_zone_that_is_missing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let text = "time,x\n2024-01-31 12:00:00,1\n";
    write(dir, "in.csv", text);
    let output = run(dir, &["in.csv", "-o", "-", "--to", "csv"]);
    assert_eq!(stdout(&output), text);
    assert_eq!(
        stderr(&output),
        "tsfile-cli: in.csv: column time is text: \"2024-01-31 12:00:00\" names no zone (--tz UTC or --tz +02:00 would)\n"
    );
    let output = run(dir, &["in.csv", "-o", "-", "--to", "csv", "--tz", "-01:00"]);
    assert_eq!(stdout(&output), "time,x\n2024-01-31T13:00:00.000Z,1\n");
    assert_eq!(stderr(&output), "");
}

#[test]
fn key_columns_of_any_name() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(dir, "in.csv", "at,who,x\n1,root.d1,5\n2,root.d2,6\n");
    let keys = ["--time-column", "at", "--device-column", "who"];
    let convert = |flags: &[&str]| {
        let args = [
            &["in.csv", "-o", "-", "--to", "csv"],
            keys.as_slice(),
            flags,
        ]
        .concat();
        let output = run(dir, &args);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    assert_eq!(convert(&["--start", "2"]), "at,who,x\n2,root.d2,6\n");
    assert_eq!(
        convert(&["--time", "timestamp", "--end", "1"]),
        "at,who,x\n1970-01-01T00:00:00.001Z,root.d1,5\n"
    );
    write(dir, "y.csv", "at,who,x,y\n1,root.d1,5,7\n");
    let output = run(
        dir,
        &[
            &["y.csv", "-o", "-", "--to", "csv", "-m", "y"],
            keys.as_slice(),
        ]
        .concat(),
    );
    assert_eq!(stdout(&output), "at,who,y\n1,root.d1,7\n");
    let wide = "at,root.d1.x,root.d2.x\n1,5,\n2,,6\n";
    assert_eq!(convert(&["--form", "wide"]), wide);
    assert_eq!(
        convert(&["--form", "table", "--tags", "d"]),
        "at,d,x\n1,d1,5\n2,d2,6\n"
    );
    // Of wide rows the name is one to be given.
    write(dir, "wide.csv", wide);
    let output = run(
        dir,
        &[
            &["wide.csv", "-o", "-", "--to", "csv", "--form", "narrow"],
            keys.as_slice(),
        ]
        .concat(),
    );
    assert_eq!(stdout(&output), read(dir, "in.csv"), "{}", stderr(&output));
}
