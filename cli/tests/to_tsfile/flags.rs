//! The flags that say how a file is written.

use crate::expected::open;
use crate::*;

const X: &str = "time,site,x,n,name\n1,a,0.1,1,u\n2,a,0.2,2,v\n3,a,0.3,3,u\n";
const THIRDS: &str = "time,site,x\n1,a,0.3333333333333333\n2,a,0.6666666666666666\n";

fn column(dir: &Path, file: &str, name: &str) -> Vec<String> {
    let all = schema(dir, file);
    let line = all
        .iter()
        .find(|l| l.split(',').nth(2) == Some(name))
        .unwrap();
    line.split(',').skip(4).map(str::to_owned).collect()
}

#[test]
fn encodings_and_compressions() {
    let dir = with(&[("x.csv", X)]);
    let dir = dir.path();
    let base = [
        "x.csv", "-o", "x.tsfile", "--tags", "site", "--force", "--verify",
    ];
    for encoding in [
        "PLAIN", "TS_2DIFF", "GORILLA", "CHIMP", "SPRINTZ", "RLBE", "camel",
    ] {
        ok(
            dir,
            &[&base[..], &["--encoding", &format!("x={encoding}")]].concat(),
        );
        assert_eq!(column(dir, "x.tsfile", "x")[1], encoding.to_uppercase());
        assert_eq!(csv(dir, "x.tsfile", &[]), X);
    }
    for compression in ["UNCOMPRESSED", "SNAPPY", "GZIP", "LZ4", "ZSTD", "lzma2"] {
        let all = [
            &base[..],
            &["--compression", compression, "--compression", "n=SNAPPY"],
        ]
        .concat();
        ok(dir, &all);
        assert_eq!(column(dir, "x.tsfile", "x")[2], compression.to_uppercase());
        assert_eq!(column(dir, "x.tsfile", "n")[2], "SNAPPY");
        assert_eq!(csv(dir, "x.tsfile", &[]), X);
    }
    // Only Java reads RLE of doubles.
    let rle = [&base[..], &["--encoding", "x=RLE"]].concat();
    fails(
        dir,
        &rle,
        1,
        "x.csv: RLE is no encoding for DOUBLE here (measurement x); expected one of PLAIN, TS_2DIFF, GORILLA, CHIMP, SPRINTZ, RLBE, CAMEL; only Java reads it: `java_only` (--java-only) allows it",
    );
    ok(dir, &[&rle[..], &["--java-only"]].concat());
    assert_eq!(column(dir, "x.tsfile", "x")[1], "RLE");
    for (args, said) in [
        (
            &["--encoding", "name=GORILLA"][..],
            "GORILLA is no encoding for STRING here (measurement name); expected one of PLAIN, DICTIONARY\n",
        ),
        (
            &["--encoding", "x=FASTEST"],
            "no encoding is called FASTEST; there are PLAIN, DICTIONARY,",
        ),
        (
            &["--encoding", "PLAIN"],
            "expected COLUMN=ENCODING, such as temperature=GORILLA",
        ),
        (
            &["--encoding", "y=PLAIN"],
            "an encoding or compression is for no column; expected one of x, n, name, found y",
        ),
        (
            &["--encoding", "site=PLAIN"],
            "an encoding or compression is for no column",
        ),
        (
            &["--compression", "LZO"],
            "LZO can be read, not written; expected one of UNCOMPRESSED, SNAPPY,",
        ),
        (
            &["--compression", "x=ZIP"],
            "no compression is called ZIP; there are UNCOMPRESSED,",
        ),
        (
            &["--compat", "broad", "--encoding", "x=TS_2DIFF"],
            "TS_2DIFF is no encoding for DOUBLE here (measurement x); expected one of PLAIN, GORILLA, CHIMP, SPRINTZ, RLBE, CAMEL\n",
        ),
    ] {
        let old = fs::read(dir.join("x.tsfile")).unwrap();
        fails(dir, &[&base[..], args].concat(), 1, said);
        assert_eq!(fs::read(dir.join("x.tsfile")).unwrap(), old);
    }
}

#[test]
fn names_of_tables_are_found_in_any_case() {
    let dir = with(&[("x.csv", "time,Site,Temp\n1,a,0.5\n")]);
    let dir = dir.path();
    for name in ["Temp", "temp"] {
        let encoding = format!("{name}=CHIMP");
        let compression = format!("{name}=ZSTD");
        let flags = ["--encoding", &encoding, "--compression", &compression];
        ok(
            dir,
            &[
                &[
                    "x.csv", "-o", "x.tsfile", "--tags", "Site", "--force", "--verify",
                ],
                &flags[..],
            ]
            .concat(),
        );
        assert_eq!(column(dir, "x.tsfile", "temp"), ["DOUBLE", "CHIMP", "ZSTD"]);
    }
}

#[test]
fn broad_compatibility_has_no_scaled_floats() {
    let dir = with(&[("x.csv", X)]);
    let dir = dir.path();
    let base = [
        "x.csv",
        "-o",
        "x.tsfile",
        "--tags",
        "site",
        "--force",
        "--compression",
        "UNCOMPRESSED",
    ];
    for (args, expected) in [
        (&[][..], "TS_2DIFF"),
        (&["--compat", "current"], "TS_2DIFF"),
        (&["--compat", "broad"], "GORILLA"),
    ] {
        let tens: String = (0..200)
            .map(|i| format!("{i},a,{}.5,1,u\n", i * 10))
            .collect();
        fs::write(dir.join("x.csv"), format!("time,site,x,n,name\n{tens}")).unwrap();
        ok(dir, &[&base[..], args].concat());
        assert_eq!(column(dir, "x.tsfile", "x")[1], expected, "{args:?}");
    }
}

#[test]
fn losses_have_to_be_allowed_and_verify_finds_them() {
    let dir = with(&[("x.csv", THIRDS)]);
    let dir = dir.path();
    let base = ["x.csv", "-o", "x.tsfile", "--tags", "site"];
    ok(dir, &base);
    let old = fs::read(dir.join("x.tsfile")).unwrap();
    let forced = [&base[..], &["--force", "--encoding", "x=TS_2DIFF"]].concat();
    let said = "TS_2DIFF does not keep every value (device x.a, measurement x); leave the encoding out, or allow losses with `lossy` (--lossy)";
    fails(dir, &forced, 2, said);
    // The old file stays, and no other one.
    let lossy = [&forced[..], &["--lossy"]].concat();
    let said = "the file does not give back what was put into it: column x: another value came back than went in; nothing was kept";
    fails(dir, &[&lossy[..], &["--verify"]].concat(), 3, said);
    assert_eq!(fs::read(dir.join("x.tsfile")).unwrap(), old);
    // The same for a copy.
    let copy = [
        "x.tsfile",
        "-o",
        "y.tsfile",
        "--encoding",
        "x=TS_2DIFF",
        "--lossy",
        "--verify",
    ];
    fails(dir, &copy, 3, "another value came back than went in");
    assert_eq!(entries(dir), ["x.csv", "x.tsfile"]);
    ok(dir, &lossy);
    assert_eq!(
        csv(dir, "x.tsfile", &[]),
        "time,site,x\n1,a,0.33\n2,a,0.67\n"
    );
}

#[test]
fn files_are_replaced_only_by_force() {
    let dir = with(&[("x.csv", X), ("x.tsfile", "old")]);
    let dir = dir.path();
    let args = ["x.csv", "-o", "x.tsfile", "--tags", "site"];
    let said = fails(
        dir,
        &args,
        3,
        "x.tsfile: exists already; --force replaces it",
    );
    assert_eq!(fs::read(dir.join("x.tsfile")).unwrap(), b"old");
    assert_eq!(
        suggested(&said),
        ["tsfile-cli convert x.csv -o x.tsfile --tags site --force"]
    );
    shell(dir, suggested(&said)[0]);
    assert_eq!(csv(dir, "x.tsfile", &[]), X);
    fails(
        dir,
        &["x.tsfile", "-o", "x.tsfile", "--force"],
        3,
        "is the input",
    );
    fails(
        dir,
        &["x.csv", "-o", "no/x.tsfile", "--tags", "site"],
        3,
        "the directory no does not exist",
    );
    // An input that breaks half-way leaves the old one.
    let broken = format!("{X}9,a,word,1,u\n");
    fs::write(dir.join("x.csv"), broken).unwrap();
    let typed = [&args[..], &["--force", "--types", "x=DOUBLE"]].concat();
    fails(
        dir,
        &typed,
        2,
        "x.csv: line 5, column x: \"word\" is no DOUBLE",
    );
    assert_eq!(csv(dir, "x.tsfile", &[]), X);
    assert_eq!(entries(dir), ["x.csv", "x.tsfile"]);
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let dir = with(&[("x.csv", X), ("x.tsfile", "old")]);
    let dir = dir.path();
    let base = ["convert", "x.csv", "-o", "x.tsfile", "--dry-run"];
    let plan = |args: &[&str]| {
        let output = run(dir, &[&base[..], args].concat());
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        let said = stderr(&output);
        (String::from_utf8(output.stdout).unwrap(), said)
    };
    let (out, said) = plan(&[
        "--tags",
        "site",
        "--encoding",
        "n=PLAIN",
        "--compression",
        "ZSTD",
    ]);
    assert_eq!(
        said,
        "tsfile-cli: x.tsfile: format version 4, table x, times in ms; nothing was written\n"
    );
    assert_eq!(
        out,
        "\
column  category  data_type  encoding                          compression
time    TIME      INT64      TS_2DIFF                          ZSTD
site    TAG       STRING     -                                 -
x       FIELD     DOUBLE     auto: TS_2DIFF, GORILLA or PLAIN  ZSTD
n       FIELD     INT64      PLAIN                             ZSTD
name    FIELD     STRING     auto: DICTIONARY or PLAIN         ZSTD
"
    );
    let (out, said) = plan(&[
        "--device-column",
        "site",
        "--input-form",
        "narrow",
        "--format-version",
        "3",
        "--aligned",
        "false",
        "--compat",
        "broad",
    ]);
    assert_eq!(
        said,
        "tsfile-cli: x.tsfile: format version 3, non-aligned tree devices from rows in the form narrow, times in ms; nothing was written\n"
    );
    assert!(out.contains("\nsite    DEVICE    STRING "), "{out}");
    assert!(
        out.contains("\nx       FIELD     DOUBLE     GORILLA "),
        "{out}"
    );
    // Names are those that the writer takes too, and the last one counts.
    let encodings = [
        "--encoding",
        "X=GORILLA",
        "--encoding",
        "N=PLAIN",
        "--encoding",
        "N=RLE",
    ];
    let (out, _) = plan(&[&["--tags", "site"], &encodings[..]].concat());
    assert!(
        out.contains("\nx       FIELD     DOUBLE     GORILLA ") && out.contains("INT64      RLE "),
        "{out}"
    );
    let encodings = ["--encoding", "x=GORILLA", "--encoding", "root.d.n=RLE"];
    let (out, _) = plan(&[&["-d", "root.d"], &encodings[..]].concat());
    assert!(
        out.contains("root.d.x     FIELD     DOUBLE     GORILLA ")
            && out.contains("INT64      RLE "),
        "{out}"
    );
    // What writing would refuse at the start is refused.
    for args in [
        &["--tags", "site", "--encoding", "x=RLE"][..],
        &["--tags", "site", "--encoding", "q=PLAIN"],
        &["--tags", "site", "--compression", "LZO"],
        &[],
    ] {
        fails(dir, &[&base[1..], args].concat(), 1, "");
    }
    let sample = golden("java-2.4.0/mixed_tree_table.tsfile");
    let output = run(
        dir,
        &[
            "convert",
            sample.to_str().unwrap(),
            "-o",
            "x.tsfile",
            "--dry-run",
        ],
    );
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "\
object               column    category  data_type  encoding                          compression
table tab            tag1      TAG       STRING     -                                 -
table tab            f_int64   FIELD     INT64      TS_2DIFF                          auto: LZ4 where it pays
table tab            f_double  FIELD     DOUBLE     auto: TS_2DIFF, GORILLA or PLAIN  auto: LZ4 where it pays
non-aligned devices  s1        FIELD     INT64      TS_2DIFF                          auto: LZ4 where it pays
"
    );
    assert_eq!(fs::read(dir.join("x.tsfile")).unwrap(), b"old");
    assert_eq!(entries(dir), ["x.csv", "x.tsfile"]);
}

#[test]
fn the_flags_are_for_tsfiles() {
    let dir = with(&[("x.csv", X)]);
    for flag in [
        &["--model", "tree"][..],
        &["--aligned", "true"],
        &["--encoding", "x=PLAIN"],
        &["--compression", "ZSTD"],
        &["--format-version", "4"],
        &["--duplicates", "last"],
        &["--sort", "strict"],
        &["--lossy"],
        &["--java-only"],
        &["--compat", "broad"],
        &["--memory-limit", "1MiB"],
        &["--verify"],
        &["--dry-run"],
    ] {
        let said = format!(
            "y.csv: {} is for writing TsFiles; leave it out, or add --to tsfile",
            flag[0]
        );
        fails(
            dir.path(),
            &[&["x.csv", "-o", "y.csv"], flag].concat(),
            1,
            &said,
        );
    }
}

#[test]
fn versions() {
    let dir = with(&[("x.csv", "time,device_name,x\n1,root.a,0.5\n")]);
    let dir = dir.path();
    for (args, version) in [
        (&[][..], 4),
        (&["--format-version", "3"], 3),
        (&["--format-version", "4"], 4),
    ] {
        ok(
            dir,
            &[&["x.csv", "-o", "x.tsfile", "--force", "--verify"], args].concat(),
        );
        assert_eq!(open(&dir.join("x.tsfile")).format_version().code(), version);
    }
    fails(
        dir,
        &["x.csv", "-o", "y.tsfile", "--format-version", "2"],
        1,
        "possible values: 3, 4",
    );
}

/// What was proven is not called lossy; what was allowed to be lost is.
#[test]
fn inspect_knows_what_was_proven() {
    let tens: String = (0..200).map(|i| format!("{i},a,{}.5\n", i * 10)).collect();
    let dir = with(&[("x.csv", &format!("time,site,x\n{tens}"))]);
    let dir = dir.path();
    for (encoding, proven) in [("TS_2DIFF", true), ("CAMEL", true), ("TS_2DIFF", false)] {
        let base = ["x.csv", "-o", "x.tsfile", "--tags", "site", "--force"];
        let encoding_flag = format!("x={encoding}");
        ok(dir, &[&base[..], &["--encoding", &encoding_flag]].concat());
        if !proven {
            fs::write(dir.join("x.csv"), THIRDS).unwrap();
            let lossy = ["--encoding", "x=TS_2DIFF", "--lossy"];
            ok(dir, &[&base[..], &lossy].concat());
        }
        let output = run(dir, &["inspect", "x.tsfile", "--json"]);
        let said = String::from_utf8(output.stdout).unwrap();
        let name = if encoding == "CAMEL" {
            "CAMEL"
        } else {
            "TS_2DIFF of DOUBLE"
        };
        let checked = format!(
            "nothing was lost by {name}: the writer checked that every value comes back bit for bit"
        );
        assert_eq!(said.contains(&checked), proven, "{said}");
        assert_eq!(said.contains("\"code\":\"lossless\""), proven, "{said}");
        assert_eq!(said.contains("lossy"), !proven, "{said}");
        assert_eq!(
            said.contains("\"writer_hint\":\"this toolkit\""),
            proven,
            "{said}"
        );
        // What older C++ makes of it is another matter.
        assert_eq!(
            said.contains("C++ before 2.5.0 misreads TS_2DIFF of DOUBLE"),
            encoding == "TS_2DIFF",
            "{said}"
        );
    }
}
