//! The compatible `write` command: strict CSV into one table.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

mod feed;

use std::fs;
use std::path::Path;
use std::process::Output;

use feed::{feed, stderr, tool};

const PLANT: &str = "time,site,temperature\n1,north,20.5\n2,north,\n1,,-3.25\n";
const PLANT_FLAGS: [&str; 8] = [
    "--table",
    "plant",
    "--tag",
    "site",
    "STRING",
    "--field",
    "temperature",
    "DOUBLE",
];

fn pipe(dir: &Path, input: &[u8], args: &[&str]) -> Output {
    feed(tool(dir).args(args), input)
}

fn run(dir: &Path, args: &[&str]) -> Output {
    pipe(dir, b"", args)
}

fn stdout_of(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Fails with `code`, says `expected`, and leaves what was there.
fn fails(dir: &Path, args: &[&str], code: i32, expected: &str) {
    let entries = || {
        let mut all: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|e| {
                let path = e.unwrap().path();
                (path.clone(), fs::read(path).unwrap())
            })
            .collect();
        all.sort();
        all
    };
    let before = entries();
    let output = run(dir, &[&["write"], args].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert!(said.contains(expected), "{args:?}: {said}");
    assert!(output.stdout.is_empty());
    assert!(entries() == before, "{args:?}");
}

fn with(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x.csv"), text).unwrap();
    dir
}

#[test]
fn what_is_written_is_what_cat_prints() {
    let text = "time,site,room,b,i,l,f,d,t,s,bl,da,ts\n\
                2,\\N,1,false,-2147483648,-9223372036854775808,-0.0,inf,\"\",\"a,\"\"b\"\"\",0x,0001-01-01,-5\n\
                1,n,1,true,1,9007199254740993,0.1,nan,a,007,0x00ff,2024-01-31,1700000000000\n\
                3,n,1,\\N,\\N,\\N,\\N,\\N,\\N,\\N,\\N,\\N,\\N\n";
    let dir = with(text);
    let dir = dir.path();
    let output = run(
        dir,
        &[
            "write",
            "--table",
            "T1",
            "--tag",
            "site",
            "STRING",
            "--tag",
            "room",
            "string",
            "--field",
            "b",
            "BOOLEAN",
            "--field",
            "i",
            "INT32",
            "--field",
            "l",
            "INT64",
            "--field",
            "f",
            "FLOAT",
            "--field",
            "d",
            "DOUBLE",
            "--field",
            "t",
            "TEXT",
            "--field",
            "s",
            "STRING",
            "--field",
            "bl",
            "BLOB",
            "--field",
            "da",
            "DATE",
            "--field",
            "ts",
            "TIMESTAMP",
            "--encoding",
            "INT32",
            "RLE",
            "--encoding",
            "double",
            "chimp",
            "--compression",
            "INT64",
            "ZSTD",
            "--compression",
            "TEXT",
            "GZIP",
            "-i",
            "x.csv",
            "-o",
            "x.tsfile",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    assert_eq!(stdout_of(dir, &["cat", "x.tsfile", "-f", "csv"]), text);
    let schema = stdout_of(dir, &["schema", "x.tsfile", "-f", "csv"]);
    let columns: Vec<_> = schema
        .lines()
        .skip(1)
        .map(|l| l.split(',').skip(1).take(4).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        columns,
        [
            "t1 site TAG STRING",
            "t1 room TAG STRING",
            "t1 b FIELD BOOLEAN",
            "t1 i FIELD INT32",
            "t1 l FIELD INT64",
            "t1 f FIELD FLOAT",
            "t1 d FIELD DOUBLE",
            "t1 t FIELD TEXT",
            "t1 s FIELD STRING",
            "t1 bl FIELD BLOB",
            "t1 da FIELD DATE",
            "t1 ts FIELD TIMESTAMP",
        ]
    );
    for expected in [
        ",i,FIELD,INT32,RLE,",
        ",d,FIELD,DOUBLE,CHIMP,",
        "INT64,TS_2DIFF,ZSTD",
        ",TEXT,PLAIN,GZIP",
    ] {
        assert!(schema.contains(expected), "{expected}: {schema}");
    }
}

#[test]
fn rows_come_in_any_order_through_stdin_too() {
    let dir = with("");
    let dir = dir.path();
    let text = "temperature,time,site\n1,5,b\n2,4,a\n3,1,b\n";
    let args = [
        &["write"],
        &PLANT_FLAGS[..],
        &["--stdin", "-o", "x.tsfile", "-v"],
    ]
    .concat();
    let output = pipe(dir, text.as_bytes(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("tsfile-cli: 3 rows written to x.tsfile (3 points, 40 bytes in, "),
        "{said}"
    );
    assert_eq!(
        stdout_of(dir, &["cat", "x.tsfile", "-f", "csv"]),
        "time,site,temperature\n4,a,2.0\n1,b,3.0\n5,b,1.0\n"
    );
}

#[test]
fn cells_lines_and_columns_that_do_not_fit_are_input_errors() {
    for (text, expected) in [
        (
            "time,site,temperature\n1,a,warm\n",
            "x.csv: line 2, column temperature: \"warm\" is no DOUBLE",
        ),
        (
            "time,site,temperature\n1,a,2\nnoon,a,2\n",
            "x.csv: line 3, column time: \"noon\" is no INT64",
        ),
        (
            "time,site,temperature\n2024-01-31,a,2\n",
            "x.csv: line 2, column time: \"2024-01-31\" is no INT64",
        ),
        (
            "time,site,temperature\n1.5,a,2\n",
            "x.csv: line 2, column time: \"1.5\" is no INT64",
        ),
        (
            "time,site,temperature\n\\N,a,2\n",
            "x.csv: line 2, column time: a row without a time",
        ),
        (
            "time,site,temperature\n1,a,2\n2,a\n",
            "x.csv: line 3: expected 3 fields, found 2",
        ),
        (
            "time,site,temperature\n1,a,2,3\n",
            "x.csv: line 2: expected 3 fields, found 4",
        ),
        (
            "time,site,temperature\n1,\"a,2\n",
            "x.csv: line 2: a quote is opened and never closed",
        ),
        (
            "time,site,temperature,humidity\n1,a,2,3\n",
            "x.csv: line 1, column humidity: it was not declared; expected time, site, temperature, found time, site, temperature, humidity",
        ),
        (
            "time,temperature\n1,2\n",
            "x.csv: line 1, column site: it is missing; expected time, site, temperature, found time, temperature",
        ),
        (
            "site,temperature\na,2\n",
            "x.csv: line 1, column time: it is missing",
        ),
        (
            "time,site,site,temperature\n1,a,a,2\n",
            "x.csv: line 1, column site: it is there twice",
        ),
        (
            "Time,site,temperature\n1,a,2\n",
            "x.csv: line 1, column Time: it was not declared",
        ),
        ("", "x.csv: the file is empty; expected a header line"),
        (
            "time,site,temperature\n1,a,2\n1,a,3\n",
            "x.csv: row 2: the device has a row with this time already (device plant.a) at time 1",
        ),
    ] {
        let dir = with(text);
        let args = [&PLANT_FLAGS[..], &["-i", "x.csv", "-o", "x.tsfile"]].concat();
        fails(dir.path(), &args, 2, expected);
    }
    let dir = with("time,n\n1,2147483648\n");
    let args = [
        "--table", "t", "--field", "n", "INT32", "-i", "x.csv", "-o", "x.tsfile",
    ];
    fails(
        dir.path(),
        &args,
        2,
        "x.csv: line 2, column n: \"2147483648\" is no INT32",
    );
    let dir = with("time,n\n1,2024-01-31T00:00:00Z\n");
    let args = [
        "--table",
        "t",
        "--field",
        "n",
        "TIMESTAMP",
        "-i",
        "x.csv",
        "-o",
        "x.tsfile",
    ];
    fails(dir.path(), &args, 2, "x.csv: line 2, column n: ");
    let args = [&PLANT_FLAGS[..], &["-i", "no.csv", "-o", "x.tsfile"]].concat();
    fails(dir.path(), &args, 2, "no.csv: No such file");
}

#[test]
fn command_lines_that_make_no_sense_are_usage_errors() {
    let dir = with(PLANT);
    let io = ["-i", "x.csv", "-o", "x.tsfile"];
    let site = ["--table", "plant", "--tag", "site", "STRING"];
    for (args, expected) in [
        (&["--field", "temperature", "DOUBLE"][..], "--table <NAME>"),
        (&site, "--field <NAME> <TYPE>"),
        (
            &[&site[..], &["--field", "temperature"]].concat(),
            "2 values required",
        ),
        (
            &[&site[..], &["--field", "temperature", "REAL"]].concat(),
            "temperature: \"REAL\" is no type; there are BOOLEAN, INT32,",
        ),
        (
            &[
                "--table",
                "plant",
                "--tag",
                "site",
                "INT64",
                "--field",
                "temperature",
                "DOUBLE",
            ],
            "tag site: a tag is a STRING, found INT64",
        ),
        (
            &[&PLANT_FLAGS[..], &["--field", "site", "TEXT"]].concat(),
            "column site is declared twice",
        ),
        (
            &[&PLANT_FLAGS[..], &["--field", "time", "INT64"]].concat(),
            "column time is declared twice; it is always there",
        ),
        (
            &[&PLANT_FLAGS[..], &["--encoding", "DOUBLE", "BEST"]].concat(),
            "no encoding is called BEST; there are PLAIN,",
        ),
        (
            &[&PLANT_FLAGS[..], &["--encoding", "REAL", "PLAIN"]].concat(),
            "--encoding: \"REAL\" is no type",
        ),
        (
            &[&PLANT_FLAGS[..], &["--encoding", "DOUBLE", "RLE"]].concat(),
            "RLE is no encoding for DOUBLE here (measurement temperature); expected one of PLAIN,",
        ),
        (
            &[
                &PLANT_FLAGS[..],
                &[
                    "--encoding",
                    "DOUBLE",
                    "PLAIN",
                    "--encoding",
                    "DOUBLE",
                    "CHIMP",
                ],
            ]
            .concat(),
            "--encoding is given twice for DOUBLE",
        ),
        (
            &[&PLANT_FLAGS[..], &["--compression", "DOUBLE", "ZIP"]].concat(),
            "no compression is called ZIP",
        ),
        (
            &[&PLANT_FLAGS[..], &["--compression", "DOUBLE", "LZO"]].concat(),
            "LZO can be read, not written",
        ),
        (
            &[&PLANT_FLAGS[..], &["--stdin"]].concat(),
            "cannot be used with",
        ),
        (
            &[
                "--table",
                "root",
                "--tag",
                "site",
                "STRING",
                "--field",
                "temperature",
                "DOUBLE",
            ],
            "a table cannot be called root",
        ),
    ] {
        fails(dir.path(), &[args, &io].concat(), 1, expected);
    }
    fails(
        dir.path(),
        &[&PLANT_FLAGS[..], &["-o", "x.tsfile"]].concat(),
        1,
        "--input <FILE>",
    );
    fails(
        dir.path(),
        &[&PLANT_FLAGS[..], &["-i", "x.csv"]].concat(),
        1,
        "--output <FILE>",
    );
}

#[test]
fn outputs_are_not_replaced_unless_asked() {
    let dir = with(PLANT);
    let dir = dir.path();
    fs::write(dir.join("x.tsfile"), "old").unwrap();
    let args = [&PLANT_FLAGS[..], &["-i", "x.csv", "-o", "x.tsfile"]].concat();
    let again = "tsfile-cli write --table plant --tag site STRING --field temperature DOUBLE -i x.csv -o x.tsfile --force\n";
    fails(
        dir,
        &args,
        3,
        &format!("x.tsfile: exists already; --force replaces it\ntsfile-cli: try:\n  {again}"),
    );
    let forced = [&["write"], &args[..], &["--force"]].concat();
    assert_eq!(stdout_of(dir, &forced), "");
    assert_eq!(
        stdout_of(dir, &["cat", "x.tsfile", "-f", "csv"]),
        "time,site,temperature\n1,\\N,-3.25\n1,north,20.5\n2,north,\\N\n"
    );
    let args = |o| [&PLANT_FLAGS[..], &["-i", "x.csv", "-o", o, "--force"]].concat();
    fails(dir, &args("x.csv"), 3, "x.csv: is the input x.csv");
    fails(
        dir,
        &args("no/x.tsfile"),
        3,
        "no/x.tsfile: the directory no does not exist",
    );
}
