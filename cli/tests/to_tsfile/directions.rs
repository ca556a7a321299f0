//! Between TsFile and every other format, and back.

use crate::dump::dump;
use crate::*;

const FORMATS: [&str; 5] = ["parquet", "arrow", "csv", "tsv", "ndjson"];

/// Real samples in every form, through every format into a TsFile: its rows are those of the sample.
#[test]
fn samples_go_through_every_format() {
    let dir = with(&[]);
    let dir = dir.path();
    let narrow = ["--form", "narrow"];
    let wide = ["--form", "wide"];
    for (sample, from, to) in [
        ("java-2.4.0/types_tree.tsfile", &narrow[..], &[][..]),
        (
            "java-2.4.0/types_tree.tsfile",
            &wide,
            &["--input-form", "wide"],
        ),
        ("cpp-2.5.0/tree_all_types_plain.tsfile", &narrow, &[]),
        (
            "cpp-2.5.0/tree_all_types_plain.tsfile",
            &wide,
            &["--aligned", "false"],
        ),
        (
            "java-1.1.3/types_tree.tsfile",
            &narrow,
            &["--format-version", "3"],
        ),
        ("cpp-2.5.0/table_all_types.tsfile", &[], &[]),
        ("cpp-2.5.0/table_nulls_multipage.tsfile", &[], &[]),
        ("java-v4/table.tsfile", &[], &[]),
    ] {
        let file = golden(sample);
        let file = file.to_str().unwrap();
        let expected = csv(dir, file, from);
        let tags = tags(dir, file);
        for format in FORMATS {
            let middle = format!("m.{format}");
            let last = ["--force", "--verify"];
            ok(dir, &[&[file, "-o", &middle, "--force"], from].concat());
            // What Parquet and Arrow files record, text does not.
            let text = !matches!(format, "parquet" | "arrow");
            let mut args = [&[&middle, "-o", "x.tsfile"], to, &last].concat();
            if let Some(tags) = tags.as_deref().filter(|_| text) {
                args.extend(["--tags", tags]);
            }
            ok(dir, &args);
            let found = csv(dir, "x.tsfile", from);
            let lines = || expected.lines().zip(found.lines());
            assert_eq!(
                lines().find(|(a, b)| a != b),
                None,
                "{sample} {from:?} {format}"
            );
            assert_eq!(expected.len(), found.len(), "{sample} {from:?} {format}");
            if !text && from != wide {
                let (mut a, mut b) = (
                    dump(Path::new(file)).without_alignment(),
                    dump(&dir.join("x.tsfile")).without_alignment(),
                );
                // A table is called after its file here.
                let only = |d: &mut crate::dump::Dump| std::mem::take(&mut d.tables).into_values();
                assert!(only(&mut a).eq(only(&mut b)), "{sample} {format}");
                assert_eq!(a, b, "{sample} {format}");
            }
        }
    }
}

/// The tags of the table that a file is.
fn tags(dir: &Path, file: &str) -> Option<String> {
    let all = schema(dir, file);
    let tags: Vec<_> = all
        .iter()
        .filter(|l| l.contains(",TAG,"))
        .map(|l| l.split(',').nth(2).unwrap())
        .collect();
    (!tags.is_empty()).then(|| tags.join(","))
}

#[test]
fn through_pipes() {
    let dir = with(&[]);
    let dir = dir.path();
    let tags = ["--tags", "site,device"];
    let args = [
        &["convert", "-", "-o", "t.tsfile", "--from", "csv"],
        &tags[..],
    ]
    .concat();
    let output = pipe(dir, TABLE.as_bytes(), &args);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(csv(dir, "t.tsfile", &[]), TABLE);
    // To stdout, and that into the next.
    let args = [
        "convert", "-", "-o", "-", "--from", "csv", "--to", "tsfile", "-t", "t",
    ];
    let output = pipe(dir, TABLE.as_bytes(), &[&args, &tags[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    assert_eq!(output.stdout, fs::read(dir.join("t.tsfile")).unwrap());
    let args = ["convert", "-", "-o", "-", "--to", "csv"];
    let output = pipe(dir, &output.stdout, &args);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), TABLE);
    let args = ["convert", "-", "-o", "-", "--from", "csv", "--to", "tsfile"];
    let unnamed = pipe(dir, TABLE.as_bytes(), &[&args, &tags[..]].concat());
    fs::write(dir.join("u.tsfile"), &unnamed.stdout).unwrap();
    assert!(schema(dir, "u.tsfile")[0].starts_with("table,table,site,"));
    // A TsFile through both ends.
    let bytes = fs::read(dir.join("t.tsfile")).unwrap();
    let output = pipe(dir, &bytes, &["convert", "-", "-o", "-", "--to", "tsfile"]);
    fs::write(dir.join("u.tsfile"), &output.stdout).unwrap();
    assert_eq!(dump(&dir.join("u.tsfile")), dump(&dir.join("t.tsfile")));
    let args = [
        "convert", "-", "-o", "-", "--from", "csv", "--to", "tsfile", "--verify",
    ];
    let output = pipe(dir, TABLE.as_bytes(), &[&args, &tags[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--verify reads the file back, which stdout does not allow"));
}

/// Who reads only the beginning has had enough.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_success_and_a_full_disk_is_not() {
    use std::io::Read as _;

    let rows: String = (0..200_000).map(|i| format!("{i},a,{i}.25\n")).collect();
    let dir = with(&[("x.csv", &format!("time,site,x\n{rows}"))]);
    let dir = dir.path();
    let tags = [
        "--tags",
        "site",
        "--memory-limit",
        "100kB",
        "--encoding",
        "x=PLAIN",
        "--compression",
        "UNCOMPRESSED",
    ];
    ok(dir, &[&["x.csv", "-o", "x.tsfile"], &tags[..]].concat());
    let args = ["convert", "x.csv", "-o", "-", "--to", "tsfile"];
    let from_text = [&args[..], &tags].concat();
    let copy = [
        "convert",
        "x.tsfile",
        "-o",
        "-",
        "--to",
        "tsfile",
        "--memory-limit",
        "100kB",
        "--encoding",
        "x=PLAIN",
        "--compression",
        "UNCOMPRESSED",
    ];
    for args in [&from_text[..], &copy] {
        let mut child = Command::new(cargo_bin!("tsfile-cli"))
            .current_dir(dir)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 6];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(&first, b"TsFile");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
        let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
            continue;
        };
        let output = Command::new(cargo_bin!("tsfile-cli"))
            .current_dir(dir)
            .args(args)
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert!(
            stderr(&output).starts_with("tsfile-cli: error: stdout: cannot append: No space left")
        );
    }
}
