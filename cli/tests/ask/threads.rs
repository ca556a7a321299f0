//! `--threads`: the same rows in the same order, whatever their number.

use crate::tool::{ok, run, stderr};
use crate::{TYPES, cells, made};

#[test]
fn outputs_are_the_same_for_one_two_and_four_threads() {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = "time,device_name,a,b\n".to_owned();
    let mut state = 1u64;
    for device in 0..6 {
        for time in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let (a, b) = (state >> 33, f64::from((state >> 20) as u32) / 1e3);
            csv.push_str(&format!("{time},root.big.d{device},{a},{b}\n"));
        }
    }
    let file = made(
        folder.path(),
        "big",
        &csv,
        &["--compression", "UNCOMPRESSED"],
    );
    // Large enough for several splits, or there would be nothing to see.
    assert!(std::fs::metadata(&file).unwrap().len() > 1_000_000);
    let sql = "b > 1000 and a > 100000000";
    let per_threads = |args: &[&str]| -> Vec<Vec<u8>> {
        ["1", "2", "4"]
            .map(|threads| {
                let output = run(&[args, &["--threads", threads]].concat());
                assert!(output.status.success(), "{}", stderr(&output));
                output.stdout
            })
            .into()
    };
    for args in [
        &[
            "convert", &file, "-o", "-", "--to", "csv", "--form", "narrow",
        ][..],
        &[
            "convert", &file, "-o", "-", "--to", "csv", "--form", "narrow", "--where", sql,
        ],
        &[
            "convert",
            &file,
            "-o",
            "-",
            "--to",
            "ndjson",
            "-m",
            "b",
            "--where",
            "\"root.big.d3.b\" > 4000000",
        ],
        &["cat", &file, "-d", "root.big.d3", "-f", "csv"],
        &[
            "cat",
            &file,
            "-d",
            "root.big.d3",
            "-f",
            "csv",
            "--where",
            sql,
        ],
        &[
            "cat",
            &file,
            "-d",
            "root.big.d3",
            "-f",
            "csv",
            "--offset",
            "15000",
        ],
        &[
            "cat",
            &file,
            "-d",
            "root.big.d3",
            "-f",
            "csv",
            "--offset",
            "19000",
            "-n",
            "70",
        ],
        &["head", &file, "-d", "root.big.d3"],
    ] {
        if args[0] == "head" {
            assert_eq!(ok(args).lines().count(), 11);
            continue;
        }
        let [one, two, four] = per_threads(args).try_into().unwrap();
        assert!(one.iter().filter(|b| **b == b'\n').count() > 50, "{args:?}");
        assert!(one == two && one == four, "{args:?}");
    }
    // Files that batches shape hold the same rows.
    for extension in ["parquet", "arrow", "tsfile"] {
        let path = folder.path().join(format!("out.{extension}"));
        let path = path.to_str().unwrap();
        let rows = ["1", "2", "4"].map(|threads| {
            let output = run(&[
                "convert",
                &file,
                "-o",
                path,
                "--force",
                "--threads",
                threads,
                "--form",
                "narrow",
            ]);
            assert!(output.status.success(), "{}", stderr(&output));
            run(&["convert", path, "-o", "-", "--to", "csv"]).stdout
        });
        assert!(
            rows[0].len() > 1_000_000 && rows[0] == rows[1] && rows[0] == rows[2],
            "{extension}"
        );
    }
    let explained = ok(&[
        "explain",
        &file,
        "--form",
        "narrow",
        "--analyze",
        "--threads",
        "2",
        "--where",
        sql,
    ]);
    let found = cells(&ok(&[
        "cat",
        &file,
        "-d",
        "root.big.d0",
        "-f",
        "csv",
        "--where",
        sql,
    ]))
    .1
    .len();
    assert!(
        explained.contains("analyzed with 2 threads") && found > 0,
        "{explained}"
    );
}

#[test]
fn other_inputs_and_head_have_no_threads() {
    assert!(
        crate::fails(
            &["head", TYPES, "-d", "root.types.plain", "--threads", "2"],
            1
        )
        .contains("--threads")
    );
}
