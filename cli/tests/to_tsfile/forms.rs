//! Which device a row belongs to: forms, how they are chosen, and what they become.

use crate::*;

const NARROW: &str =
    "time,device_name,s,x\n1,root.ln.d1,a,0.5\n2,root.ln.d1,,1.5\n2,root.ln.d2,b,\n";
const WIDE: &str = "time,root.ln.d1.s,root.ln.d1.x,root.ln.d2.s\n1,a,0.5,\n2,,1.5,b\n";
const NEITHER: &str = "time,where,x\n1,root.ln.d1,0.5\n2,root.ln.d1,1.5\n";

#[test]
fn forms_are_known_by_columns_and_flags() {
    let dir = with(&[
        ("n.csv", NARROW),
        ("w.csv", WIDE),
        ("t.csv", TABLE),
        ("one.csv", NEITHER),
    ]);
    let dir = dir.path();
    for (args, form, expected) in [
        (&["n.csv"][..], "narrow", NARROW),
        (&["w.csv"], "wide", WIDE),
        (
            &["w.csv", "--input-form", "wide", "--aligned", "false"],
            "wide",
            WIDE,
        ),
        (
            &["n.csv", "--input-form", "narrow", "--aligned", "false"],
            "narrow",
            NARROW,
        ),
        // Brought to the other form first.
        (&["w.csv", "--form", "narrow"], "narrow", NARROW),
        (&["n.csv", "--form", "wide"], "wide", WIDE),
        (&["t.csv", "--tags", "site,device"], "table", TABLE),
        (
            &["t.csv", "--tags", "site,device", "-t", "Plant"],
            "table",
            TABLE,
        ),
        (
            &["t.csv", "--input-form", "table", "--tags", "site,device"],
            "table",
            TABLE,
        ),
        (
            &["n.csv", "--model", "table", "--tags", "device"],
            "table",
            "time,device,s,x\n1,d1,a,0.5\n2,d1,,1.5\n2,d2,b,\n",
        ),
        (
            &["one.csv", "-d", "root.a.b"],
            "wide",
            "time,root.a.b.where,root.a.b.x\n1,root.ln.d1,0.5\n2,root.ln.d1,1.5\n",
        ),
        (&["one.csv", "--tags", ""], "table", NEITHER),
        (
            &["one.csv", "--device-column", "where"],
            "narrow",
            "time,device_name,x\n1,root.ln.d1,0.5\n2,root.ln.d1,1.5\n",
        ),
    ] {
        ok(
            dir,
            &[args, &["-o", "x.tsfile", "--force", "--verify"]].concat(),
        );
        assert_eq!(
            csv(dir, "x.tsfile", &["--form", form]),
            expected,
            "{args:?}"
        );
    }
}

#[test]
fn a_table_becomes_devices_and_is_called_after_its_file() {
    let dir = with(&[("t.csv", TABLE)]);
    let dir = dir.path();
    let tags = ["--tags", "site,device"];
    ok(
        dir,
        &[&["t.csv", "-o", "My Plant-1.tsfile"], &tags[..]].concat(),
    );
    assert!(schema(dir, "My Plant-1.tsfile")[0].starts_with("table,my_plant_1,site,TAG,STRING,"));
    ok(
        dir,
        &[&["t.csv", "-o", "x.tsfile", "-t", "Plant"], &tags[..]].concat(),
    );
    assert!(schema(dir, "x.tsfile")[0].starts_with("table,plant,site,TAG,STRING,"));
    for version in ["3", "4"] {
        let more = [
            "-t",
            "plant",
            "--model",
            "tree",
            "--force",
            "--format-version",
            version,
        ];
        ok(
            dir,
            &[&["t.csv", "-o", "x.tsfile"], &tags[..], &more].concat(),
        );
        assert_eq!(
            csv(
                dir,
                "x.tsfile",
                &["-d", "root.plant.n.d1", "--form", "narrow"]
            ),
            "time,device_name,s,x\n1,root.plant.n.d1,a,0.5\n2,root.plant.n.d1,,1.5\n"
        );
    }
    fails(
        dir,
        &[&["t.csv", "-o", "y.tsfile", "-t", "root"], &tags[..]].concat(),
        1,
        "a table cannot be called root",
    );
    let said = fails(
        dir,
        &[
            &["t.csv", "-o", "y.tsfile", "--format-version", "3"],
            &tags[..],
        ]
        .concat(),
        1,
        "t.csv: format version 3 has no tables; expected version 4, or tree devices",
    );
    let commands = suggested(&said);
    assert_eq!(
        commands,
        [
            "tsfile-cli convert t.csv -o y.tsfile --tags site,device --format-version 4",
            "tsfile-cli convert t.csv -o y.tsfile --tags site,device --model tree --format-version 3"
        ]
    );
    for command in commands {
        shell(dir, command);
        fs::remove_file(dir.join("y.tsfile")).unwrap();
    }
}

/// What is open is told with a command for each form, and each runs.
#[test]
fn when_nothing_says_which_device_all_three_forms_are_suggested() {
    let dir = with(&[("x.csv", NEITHER), ("t.csv", TABLE)]);
    let dir = dir.path();
    let said = fails(
        dir,
        &["x.csv", "-o", "y.tsfile"],
        1,
        "x.csv: it is not clear which device a row belongs to",
    );
    let commands = suggested(&said);
    assert_eq!(
        commands,
        [
            "tsfile-cli convert x.csv -o y.tsfile --tags where",
            "tsfile-cli convert x.csv -o y.tsfile --input-form narrow --device-column where",
            "tsfile-cli convert x.csv -o y.tsfile --input-form wide --device root.y",
        ]
    );
    for command in &commands {
        shell(dir, command);
        fs::remove_file(dir.join("y.tsfile")).unwrap();
    }
    let said = fails(
        dir,
        &["t.csv", "-o", "y.tsfile", "-t", "Plant"],
        1,
        "the form table needs its tag columns",
    );
    let commands = suggested(&said);
    assert_eq!(
        commands[0],
        "tsfile-cli convert t.csv -o y.tsfile --tags site,device,s --table Plant"
    );
    assert_eq!(
        commands[1],
        "tsfile-cli convert t.csv -o y.tsfile --tags '' --table Plant"
    );
    // The rows of this one have the same time and no tag.
    shell(dir, commands[0]);
}

#[test]
fn columns_have_the_names_that_the_flags_say() {
    let dir = with(&[("x.csv", "when,where,v.1\n1,root.a.b,2\n")]);
    let dir = dir.path();
    let columns = ["--time-column", "when", "--device-column", "where"];
    ok(
        dir,
        &[&["x.csv", "-o", "x.tsfile", "--verify"], &columns[..]].concat(),
    );
    assert_eq!(
        csv(dir, "x.tsfile", &["--form", "narrow"]),
        "time,device_name,v.1\n1,root.a.b,2\n"
    );
    let table = ["--time-column", "when", "--tags", "where", "-t", "t"];
    ok(
        dir,
        &[&["x.csv", "-o", "y.tsfile", "--verify"], &table[..]].concat(),
    );
    assert_eq!(csv(dir, "y.tsfile", &[]), "when,where,v.1\n1,root.a.b,2\n");
    // A dot in a name is no step of a path.
    let wide = ["--time-column", "when", "-d", "root.c.d"];
    ok(
        dir,
        &[&["x.csv", "-o", "z.tsfile", "--verify"], &wide[..]].concat(),
    );
    assert_eq!(
        csv(dir, "z.tsfile", &["--form", "wide"]),
        "time,root.c.d.`v.1`,root.c.d.where\n1,2,root.a.b\n"
    );
    let said = fails(
        dir,
        &["x.csv", "-o", "n.tsfile", "--tags", "where"],
        1,
        "there is no time column time; expected one of when, where, v.1",
    );
    assert_eq!(
        suggested(&said),
        ["tsfile-cli convert x.csv -o n.tsfile --tags where --time-column when"]
    );
    shell(dir, suggested(&said)[0]);
    for (args, said) in [
        (
            &["--time-column", "when", "--tags", "nothing"][..],
            "there is no tag column nothing; expected one of when, where, v.1",
        ),
        (
            &[
                "--time-column",
                "when",
                "--input-form",
                "narrow",
                "--device-column",
                "nothing",
            ],
            "nothing",
        ),
        (
            &["--time-column", "when", "-d", "root.a", "-d", "root.b"],
            "-d is the one device",
        ),
        (
            &[
                "--time-column",
                "when",
                "-d",
                "root.a",
                "--input-form",
                "table",
            ],
            "-d is the one device",
        ),
        (
            &["--time-column", "when", "-d", "plant"],
            "a device of the tree model is a path below root",
        ),
        (
            &["--time-column", "when", "--tags", "when"],
            "a column is named twice as time, device or tag (measurement when)",
        ),
        (
            &["--time-column", "when", "--tags", "where,where"],
            "a column is named twice",
        ),
        (
            &["--time-column", "where", "--tags", ""],
            "the time column must be an integer, a timestamp or a date",
        ),
    ] {
        fails(dir, &[&["x.csv", "-o", "q.tsfile"], args].concat(), 1, said);
    }
}
