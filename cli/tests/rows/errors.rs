//! What is refused, and what helps then.

use std::fs;

use crate::contents::golden;
use crate::hand_made::{DATE, TEXT, hand_made};
use crate::tool::{fails, ok, run, stderr};
use crate::{MINIMAL, TABLE, TWO_TABLES, TYPES};

#[test]
fn several_objects_need_one_and_the_commands_that_work_are_printed() {
    let commands = |said: &str| -> Vec<String> {
        let lines = said
            .lines()
            .skip_while(|l| *l != "tsfile-cli: try:")
            .skip(1);
        lines.map(|l| l.trim().to_owned()).collect()
    };
    for (args, expected, count) in [
        (
            &["head", TYPES][..],
            "expected one device, found 3 devices",
            3,
        ),
        (
            &["cat", TWO_TABLES, "-f", "csv"],
            "expected one table, found 2 tables t1, t2",
            2,
        ),
        (
            &["cat", "java-2.4.0/mixed_tree_table.tsfile"],
            "expected one device or table, found the table tab and the device root.mix.d1",
            2,
        ),
        (
            &["head", "cpp-2.5.0/tree_many_devices.tsfile"],
            "and 10 more; name one with -d DEVICE",
            20,
        ),
    ] {
        let said = fails(args, 1);
        assert!(said.contains(expected), "{said}");
        let commands = commands(&said);
        assert_eq!(commands.len(), count, "{said}");
        for command in commands {
            let output = std::process::Command::new("sh")
                .args(["-c", &command])
                .current_dir(golden())
                .output()
                .unwrap();
            assert!(
                output.status.success() && !output.stdout.is_empty(),
                "{command}"
            );
        }
    }
    // A condition on tags is about tables: the device is none of the choices.
    let mixed = [
        "cat",
        "java-2.4.0/mixed_tree_table.tsfile",
        "--tag-filter",
        "tag1",
        "eq",
        "x",
    ];
    assert_eq!(ok(&mixed).lines().count(), 4);
}

#[test]
fn what_cannot_be_is_a_usage_error() {
    for (args, told) in [
        (
            &["cat", MINIMAL, "-d", "root.nowhere"][..],
            "no device root.nowhere",
        ),
        (&["cat", MINIMAL, "-t", "t"], "no table t"),
        (&["cat", TWO_TABLES, "-d", "t1"], "no device t1"),
        (&["head", MINIMAL, "-m", "s7"], "no measurement or field s7"),
        (
            &["head", TWO_TABLES, "-t", "t2", "-m", "time"],
            "time is a TIME column",
        ),
        (
            &["cat", MINIMAL, "-d", "a", "-t", "b"],
            "cannot be used with",
        ),
        (
            &["cat", MINIMAL, "-d", "a", "-d", "b"],
            "cannot be used multiple times",
        ),
        (
            &["cat", MINIMAL, "--start", "2", "--end", "1"],
            "lies behind --end 1",
        ),
        (&["cat", MINIMAL, "-n", "0", "--offset", "1"], "--limit 0"),
        (&["cat", MINIMAL, "-n", "-1"], "unexpected argument"),
        (&["cat", MINIMAL, "-n", "many"], "invalid value"),
        (&["cat", MINIMAL, "-f", "json"], "invalid value"),
        (
            &["cat", TABLE, "--rows", "projected"],
            "--rows is for devices",
        ),
        (
            &[
                "cat",
                MINIMAL,
                "-d",
                "root.sg.d1",
                "--tag-filter",
                "a",
                "is-null",
            ],
            "leave out -d",
        ),
        (
            &["cat", TABLE, "--tag-filter", "tag1", "like", "x"],
            "expected TAG eq|neq|regexp VALUE",
        ),
        (
            &["cat", TABLE, "--tag-filter", "tag9", "is-null"],
            "no tag tag9; there are: tag1, tag2",
        ),
        (
            &[
                "cat",
                TABLE,
                "--tag-filter",
                "tag1",
                "is-null",
                "--tag-match",
                "all",
            ],
            "leave it out",
        ),
        (&["cat"], "required arguments"),
    ] {
        let said = fails(args, 1);
        assert!(said.contains(told), "{args:?}: {said}");
    }
    for (args, told) in [
        (
            &["cat", "java-2.4.0/empty.tsfile"][..],
            "expected a device or a table, found none",
        ),
        (&["cat", "nowhere.tsfile"], "nowhere.tsfile"),
        (&["head", "../README.md"], "README.md"),
    ] {
        let said = fails(args, 2);
        assert!(said.contains(told), "{args:?}: {said}");
    }
    for command in ["head", "cat"] {
        let help = ok(&[command, "--help"]);
        assert!(
            help.contains("Examples:") && help.contains("--tag-filter"),
            "{help}"
        );
    }
}

#[test]
fn bad_values_and_files_come_with_the_flag_that_helps() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: Vec<u8>| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let text = path(
        "text.tsfile",
        hand_made(&[("s", TEXT, &[0x04, 0xff, b'x'])]),
    );
    let date = path("date.tsfile", hand_made(&[("s", DATE, &[0x0e])]));
    for (file, flags, shown) in [
        (
            &text,
            ["--text lossy", "--text binary"],
            ["\u{fffd}x", "0xff78"],
        ),
        (&date, ["--dates null", "--dates int"], ["\\N", "7"]),
    ] {
        let said = fails(&["cat", file], 2);
        assert!(said.contains(&format!("cat --recover {file}")), "{said}");
        let said = {
            let output = run(&["cat", file, "--recover", "-f", "csv"]);
            assert_eq!(output.status.code(), Some(2));
            assert!(output.stdout.is_empty());
            stderr(&output)
        };
        assert!(
            said.contains("(device root.d, measurement s) at time 7"),
            "{said}"
        );
        for (flag, shown) in flags.iter().zip(shown) {
            assert!(said.contains(&format!("cat {flag} {file}")), "{said}");
            let flags: Vec<&str> = flag.split(' ').collect();
            let output = run(&[&["cat", file, "--recover", "-f", "csv"], &flags[..]].concat());
            let told = String::from_utf8(output.stdout).unwrap();
            assert_eq!(told, format!("time,s\n7,{shown}\n"));
        }
    }
    let whole = fs::read(golden().join(MINIMAL)).unwrap();
    let deleted = path("deleted.tsfile", whole);
    path("deleted.tsfile.mods", Vec::new());
    let said = fails(&["cat", &deleted], 2);
    assert!(
        said.contains(&format!("cat --ignore-mods {deleted}")),
        "{said}"
    );
    let output = run(&["cat", &deleted, "--ignore-mods", "-f", "csv"]);
    let rows = String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!((output.status.code(), rows), (Some(0), 4));
    assert_eq!(
        stderr(&output),
        format!(
            "tsfile-cli: 1 file with deletions that were ignored, so that deleted rows reappear: {deleted}\n"
        )
    );
}

#[test]
fn a_measurement_called_time_can_be_told_from_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.tsfile");
    fs::write(
        &file,
        hand_made(&[("device_name", DATE, &[2]), ("time", TEXT, &[2, b'x'])]),
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let run = |flags: &[&str]| {
        run(&[&["cat", file, "--recover", "--dates", "int", "-f"], flags].concat())
    };
    let csv = run(&["csv"]);
    assert_eq!(
        String::from_utf8(csv.stdout).unwrap(),
        "time,device_name,time\n7,1,x\n"
    );
    let refused = run(&["ndjson"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(
        said.contains("two columns are called time") && said.contains("--time-column time_"),
        "{said}"
    );
    let renamed = run(&["ndjson", "--time-column", "t"]);
    let renamed = String::from_utf8(renamed.stdout).unwrap();
    assert_eq!(renamed, "{\"t\":\"7\",\"device_name\":1,\"time\":\"x\"}\n");
}
