//! Many TsFiles at once: folders and patterns, what is passed over, and what their columns may disagree about.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::cargo::cargo_bin_cmd;

fn run(dir: &Path, args: &[&str]) -> Output {
    cargo_bin_cmd!("tsfile-cli")
        .current_dir(dir)
        .args(args)
        .output()
        .unwrap()
}

/// Code, stdout and stderr.
fn outcome(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output = run(dir, args);
    let program = assert_cmd::cargo::cargo_bin!("tsfile-cli").display();
    let program = program.to_string();
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).replace(&program, "tsfile-cli");
        text.replace('\\', "/")
    };
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A TsFile out of CSV.
fn put(dir: &Path, name: &str, csv: &str, flags: &[&str]) {
    fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
    fs::write(dir.join("in.csv"), csv).unwrap();
    let args = [&["convert", "in.csv", "-o", name], flags].concat();
    let (code, _, stderr) = outcome(dir, &args);
    assert_eq!(code, 0, "{stderr}");
    fs::remove_file(dir.join("in.csv")).unwrap();
}

/// A data folder with two files of one device that overlap, and one of another.
fn data() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let (a, b) = (
        "time,device_name,x\n1,root.a,1\n5,root.a,5\n",
        "time,device_name,x\n1,root.b,7\n",
    );
    put(root, "data/sequence/0/1.tsfile", a, &[]);
    put(root, "data/sequence/0/2.tsfile", b, &[]);
    put(
        root,
        "data/unsequence/0/3.tsfile",
        "time,device_name,x\n3,root.a,3\n",
        &[],
    );
    fs::write(root.join("data/sequence/0/1.tsfile.resource"), "resource").unwrap();
    dir
}

#[test]
fn folders_and_patterns_are_their_files() {
    let dir = data();
    let listed = "\
file,model,object
data/sequence/0/1.tsfile,tree,root.a
data/sequence/0/2.tsfile,tree,root.b
data/unsequence/0/3.tsfile,tree,root.a
";
    for pattern in ["data", "data/*/0/*", "data/**/*.tsfile", "d*/[su]*"] {
        let (code, stdout, stderr) = outcome(dir.path(), &["ls", pattern, "-f", "csv"]);
        assert_eq!((code, stdout.as_str()), (0, listed), "{pattern}: {stderr}");
    }
    for (command, rows) in [("schema", 4), ("meta", 4), ("count", 4), ("stats", 4)] {
        let (code, stdout, stderr) = outcome(dir.path(), &[command, "data", "-f", "csv"]);
        assert_eq!(
            (code, stdout.lines().count()),
            (0, rows),
            "{command}: {stderr}"
        );
    }
    let (code, stdout, stderr) =
        outcome(dir.path(), &["cat", "data/u*", "data/**/2*", "-f", "csv"]);
    assert_eq!(
        (code, stdout.as_str()),
        (
            0,
            "file,time,x\ndata/unsequence/0/3.tsfile,3,3\ndata/sequence/0/2.tsfile,1,7\n"
        ),
        "{stderr}"
    );
    let (code, stdout, _) = outcome(dir.path(), &["inspect", "data"]);
    assert_eq!(
        (code, stdout.matches("data/").count() >= 3),
        (0, true),
        "{stdout}"
    );
    for (path, said) in [
        (
            "data/*.parquet",
            "data/*.parquet: nothing matches this pattern",
        ),
        ("data/gone", "data/gone: cannot open"),
    ] {
        let (code, stdout, stderr) = outcome(dir.path(), &["ls", path]);
        assert_eq!((code, stdout.contains("root")), (2, false));
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn files_that_overlap_are_warned_about() {
    let dir = data();
    let args = [
        "convert", "data", "-o", "-", "--to", "csv", "--form", "narrow",
    ];
    let (code, stdout, stderr) = outcome(dir.path(), &args);
    let rows = "time,device_name,x\n1,root.a,1\n5,root.a,5\n1,root.b,7\n3,root.a,3\n";
    assert_eq!((code, stdout.as_str()), (0, rows), "{stderr}");
    assert!(
        stderr.contains(
            "warning: data: 1 device is in several files at overlapping times, so that a time can come twice: \
             root.a in data/sequence/0/1.tsfile and data/unsequence/0/3.tsfile from 3 to 3"
        ),
        "{stderr}"
    );
    let (code, _, stderr) = outcome(dir.path(), &[&args[..], &["--end", "2"]].concat());
    assert_eq!((code, stderr.contains("warning")), (0, false), "{stderr}");
}

#[test]
fn what_is_passed_over_is_counted_on_stderr() {
    let dir = data();
    let root = dir.path();
    let sealed = fs::read(root.join("data/sequence/0/2.tsfile")).unwrap();
    fs::write(root.join("data/bad.tsfile"), "no TsFile").unwrap();
    fs::write(root.join("data/open.tsfile"), &sealed[..sealed.len() - 9]).unwrap();
    fs::write(root.join("data/sequence/0/2.tsfile.mods"), "deletions").unwrap();
    let convert = [
        "convert",
        "data",
        "gone.tsfile",
        "-o",
        "-",
        "--to",
        "csv",
        "--form",
        "narrow",
    ];
    let count = ["count", "data", "gone.tsfile", "-f", "csv"];
    let flags = [
        "--ignore-missing",
        "--ignore-corrupt",
        "--ignore-unsealed",
        "--ignore-mods",
    ];
    let said = "\
tsfile-cli: 1 file missing, passed over: gone.tsfile
tsfile-cli: 1 file corrupt, passed over: data/bad.tsfile: head: this is not a TsFile at byte 0; expected \"TsFile\", found \"no TsF\"
tsfile-cli: 1 file without a footer, passed over: data/open.tsfile
tsfile-cli: 1 file with deletions that were ignored, so that deleted rows reappear: data/sequence/0/2.tsfile
";
    for (command, lines) in [
        (&convert[..], 5),
        (&count[..], 4),
        (&["cat", "data", "gone.tsfile", "-f", "csv"], 5),
        (&["ls", "data", "gone.tsfile", "-f", "csv"], 4),
    ] {
        let (code, stdout, stderr) = outcome(root, &[command, &flags[..]].concat());
        assert_eq!(
            (code, stdout.lines().count()),
            (0, lines),
            "{command:?}: {stderr}"
        );
        assert!(stderr.starts_with(said), "{command:?}: {stderr}");
        // Each of them is an error without its flag.
        for left_out in 0..flags.len() {
            let some = flags.iter().enumerate().filter(|(i, _)| *i != left_out);
            let some: Vec<&str> = some.map(|(_, flag)| *flag).collect();
            let (code, _, stderr) = outcome(root, &[command, &some[..]].concat());
            assert_eq!(code, 2, "{command:?} {some:?}: {stderr}");
        }
    }
    let (code, _, stderr) = outcome(
        root,
        &[
            "convert",
            "gone",
            "-o",
            "-",
            "--to",
            "csv",
            "--ignore-missing",
        ],
    );
    assert_eq!(code, 2);
    assert!(
        stderr.ends_with("error: gone: no file is left to read\n"),
        "{stderr}"
    );
}

#[test]
fn columns_of_several_files_agree_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(
        root,
        "a.tsfile",
        "time,device_name,x\n1,root.a,1\n",
        &["--types", "x=INT32"],
    );
    put(
        root,
        "b.tsfile",
        "time,device_name,x\n1,root.b,2\n",
        &["--types", "x=INT64"],
    );
    put(
        root,
        "c.tsfile",
        "time,device_name,x\n1,root.c,2.5\n",
        &["--types", "x=DOUBLE"],
    );
    let narrow = ["-o", "-", "--to", "csv", "--form", "narrow"];
    let convert = |files: &[&str], flags: &[&str]| {
        outcome(root, &[&["convert"], files, &narrow[..], flags].concat())
    };
    let (code, stdout, stderr) = convert(&["b.tsfile", "a.tsfile"], &[]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert_eq!(
        stderr,
        "\
tsfile-cli: error: b.tsfile: schema: measurement \"x\" is INT32 in device root.a of a.tsfile and INT64 in device root.b of this file; \
`widen` (--schema widen) reads both as INT64
tsfile-cli: try:
  tsfile-cli convert b.tsfile a.tsfile -o - --to csv --form narrow --schema widen
  tsfile-cli convert b.tsfile -o - --to csv --form narrow
  tsfile-cli convert a.tsfile -o - --to csv --form narrow
"
    );
    let (code, stdout, stderr) = convert(&["b.tsfile", "a.tsfile"], &["--schema", "widen"]);
    let rows = "time,device_name,x\n1,root.b,2\n1,root.a,1\n";
    assert_eq!((code, stdout.as_str()), (0, rows), "{stderr}");
    let (code, _, stderr) = convert(&["*.tsfile"], &["--schema", "widen"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("\n  tsfile-cli convert '*.tsfile' -o - --to csv --form narrow --schema widen --lossy-types\n"),
        "{stderr}"
    );
    let (code, stdout, stderr) = convert(&["*.tsfile"], &["--schema", "widen", "--lossy-types"]);
    let rows = "time,device_name,x\n1,root.a,1.0\n1,root.b,2.0\n1,root.c,2.5\n";
    assert_eq!((code, stdout.as_str()), (0, rows), "{stderr}");
    let (code, _, stderr) = outcome(
        root,
        &["convert", "in.csv", "-o", "x.csv", "--schema", "union"],
    );
    assert_eq!(code, 2, "{stderr}");
}

#[test]
fn tables_of_several_files_are_the_same_or_united() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let table = ["-t", "t", "--tags", "site"];
    put(root, "b.tsfile", "time,site,v\n1,x,1\n", &table);
    put(root, "a.tsfile", "time,site,u,v\n1,y,true,2\n", &table);
    let convert = ["convert", "b.tsfile", "a.tsfile", "-o", "-", "--to", "csv"];
    let (code, _, stderr) = outcome(root, &convert);
    assert_eq!(code, 2);
    assert!(
        stderr.contains(
            "b.tsfile: table schema: table \"t\" differs from that in a.tsfile: column \"u\" (BOOLEAN FIELD) is only there; \
             `union` (--schema union) matches columns by name\ntsfile-cli: try:\n  \
             tsfile-cli convert b.tsfile a.tsfile -o - --to csv --schema union\n"
        ),
        "{stderr}"
    );
    let (code, stdout, stderr) = outcome(root, &[&convert[..], &["--schema", "union"]].concat());
    let rows = "time,site,u,v\n1,x,,1\n1,y,true,2\n";
    assert_eq!((code, stdout.as_str()), (0, rows), "{stderr}");
    // So is a TsFile made of them, which is no copy then.
    let args = [
        "convert",
        "b.tsfile",
        "a.tsfile",
        "-o",
        "all.tsfile",
        "--schema",
        "union",
    ];
    let (code, _, stderr) = outcome(root, &args);
    assert_eq!(code, 0, "{stderr}");
    let (_, stdout, _) = outcome(root, &["cat", "all.tsfile", "-f", "csv"]);
    assert_eq!(stdout.lines().count(), 3, "{stdout}");
}

#[test]
fn rows_of_several_files_are_one_stream_where_their_schemas_come_together() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let row = |time: &str, x: &str| format!("time,device_name,x\n{time},root.a,{x}\n");
    put(root, "a.tsfile", &row("1", "1"), &["--types", "x=INT32"]);
    put(root, "b.tsfile", &row("2", "2"), &["--types", "x=INT64"]);
    let put_table = |name: &str, csv: &str| put(root, name, csv, &["-t", "t", "--tags", "site"]);
    put_table("t1.tsfile", "time,site,v\n1,x,1\n2,x,3\n");
    put_table("t2.tsfile", "time,site,u,v\n1,y,true,2\n");
    let cat = |files: &[&str], flags: &[&str]| {
        outcome(root, &[&["cat", "-f", "csv"], files, flags].concat())
    };
    let devices = ["b.tsfile", "a.tsfile"];
    let (code, _, stderr) = cat(&devices, &[]);
    assert_eq!(code, 2);
    assert!(stderr.contains("column x has another type"), "{stderr}");
    for schema in ["strict", "union"] {
        let (code, stdout, stderr) = cat(&devices, &["--schema", schema]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains("--schema widen"), "{stderr}");
    }
    let (code, stdout, stderr) = cat(&devices, &["--schema", "widen"]);
    assert_eq!(
        (code, stdout.as_str()),
        (0, "time,x\n2,2\n1,1\n"),
        "{stderr}"
    );
    let tables = ["t1.tsfile", "t2.tsfile"];
    let (code, _, stderr) = cat(&tables, &["--schema", "strict"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("column \"u\" (BOOLEAN FIELD) is only here"),
        "{stderr}"
    );
    let (code, stdout, stderr) = cat(&tables, &["--schema", "union"]);
    let rows = "time,site,v,u\n1,x,1,\n2,x,3,\n1,y,2,true\n";
    assert_eq!(
        (code, stdout.replace("/N", "")),
        (0, rows.to_owned()),
        "{stderr}"
    );
    // One stream: passed over and counted as such, and a condition may name a column of any file.
    let some = [
        "head",
        "t1.tsfile",
        "t2.tsfile",
        "--schema",
        "union",
        "-f",
        "csv",
    ];
    let more = ["--offset", "1", "-n", "2", "--where", "v > 1 or u"];
    let (code, stdout, stderr) = outcome(root, &[&some[..], &more[..4]].concat());
    let rows = "time,site,v,u\n2,x,3,\n1,y,2,true\n";
    assert_eq!(
        (code, stdout.replace("/N", "")),
        (0, rows.to_owned()),
        "{stderr}"
    );
    let more = ["--where", "u = true"];
    let (code, stdout, stderr) = outcome(root, &[&some[..], &more].concat());
    let rows = "time,site,v,u\n1,y,2,true\n";
    assert_eq!((code, stdout.as_str()), (0, rows), "{stderr}");
    let (code, _, stderr) = cat(&["a.tsfile", "t1.tsfile"], &["--schema", "union"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("which --schema cannot join"), "{stderr}");
}

#[test]
fn devices_are_chosen_by_tags_in_what_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let csv = "time,site,v\n1,x,1\n2,y,3\n3,z,4\n";
    put(root, "t.tsfile", csv, &["-t", "t", "--tags", "site"]);
    let explain = |flags: &[&str]| {
        let (code, stdout, stderr) =
            outcome(root, &[&["explain", "t.tsfile", "--json"], flags].concat());
        assert_eq!(code, 0, "{stderr}");
        serde_json::from_str::<serde_json::Value>(&stdout).unwrap()
    };
    let tags = ["--tag-filter", "site", "neq", "y"];
    for flags in [&tags[..], &[&tags[..], &["-t", "T"]].concat()] {
        let explained = explain(flags);
        assert_eq!(explained["pruning"]["devices"]["read"], 2, "{explained}");
    }
    assert_eq!(explain(&[])["pruning"]["devices"]["read"], 3);
    let args = ["explain", "t.tsfile", "--tag-filter", "town", "eq", "y"];
    let (code, _, stderr) = outcome(root, &args);
    assert_eq!(code, 1);
    assert!(stderr.contains("has no tag town"), "{stderr}");
}
