//! Rows that come in some order, more often than once, or in more memory than is allowed.

use crate::expected::open;
use crate::*;

#[test]
fn rows_that_are_there_twice() {
    let dir = with(&[("x.csv", "time,site,x\n1,a,1\n1,b,7\n1,a,2\n2,a,3\n")]);
    let dir = dir.path();
    let base = ["x.csv", "-o", "x.tsfile", "--tags", "site", "--force"];
    let said = "x.csv: row 3: the device has a row with this time already (device x.a) at time 1; choose which one stays with `duplicates` (--duplicates first or last)";
    fails(dir, &base, 2, said);
    fails(
        dir,
        &[&base[..], &["--duplicates", "error"]].concat(),
        2,
        said,
    );
    for (which, x) in [("first", 1), ("last", 2)] {
        let said = ok(dir, &[&base[..], &["--duplicates", which]].concat());
        assert!(
            said.contains(
                "tsfile-cli: 1 row gave way to another one with the same device and time\n"
            ),
            "{said}"
        );
        assert_eq!(
            csv(dir, "x.tsfile", &[]),
            format!("time,site,x\n1,a,{x}\n2,a,3\n1,b,7\n")
        );
    }
    let both = [&base[..], &["--duplicates", "last", "--verify"]].concat();
    fails(
        dir,
        &both,
        1,
        "--verify compares every row, and --duplicates drops some; leave one of them out",
    );
}

#[test]
fn devices_that_go_back_are_sorted_unless_that_is_refused() {
    let dir = with(&[("x.csv", "time,site,x\n3,a,1\n5,b,9\n1,a,2\n2,a,3\n")]);
    let dir = dir.path();
    let base = ["x.csv", "-o", "x.tsfile", "--tags", "site"];
    let strict = [&base[..], &["--sort", "strict"]].concat();
    fails(
        dir,
        &strict,
        2,
        "x.csv: row 3: the device goes back from time 3 to 1 (device x.a); sort the rows by device and time first, or let the writer do it (--sort auto)",
    );
    let said = ok(dir, &[&base[..], &["--verify"]].concat());
    assert!(
        said.contains("the rows of 1 of 2 devices were not in the order of time and were sorted\n"),
        "{said}"
    );
    assert_eq!(
        csv(dir, "x.tsfile", &[]),
        "time,site,x\n1,a,2\n2,a,3\n3,a,1\n5,b,9\n"
    );
    // Devices that take turns are in order.
    fs::write(
        dir.join("x.csv"),
        "time,site,x\n1,a,1\n1,b,2\n2,a,3\n2,b,4\n",
    )
    .unwrap();
    ok(dir, &[&strict[..], &["--force"]].concat());
    assert_eq!(
        csv(dir, "x.tsfile", &[]),
        "time,site,x\n1,a,1\n2,a,3\n1,b,2\n2,b,4\n"
    );
}

#[test]
fn a_limit_of_memory_makes_several_chunk_groups() {
    let rows: String = (0..60_000)
        .map(|i| format!("{i},a,{i}.5\n{i},b,{i}.25\n"))
        .collect();
    let rows = format!("time,site,x\n{rows}");
    let dir = with(&[("x.csv", &rows), ("back.csv", &format!("{rows}5,a,1\n"))]);
    let dir = dir.path();
    let chunks = |name: &str| -> usize {
        let reader = open(&dir.join(name));
        let index = reader.index().unwrap();
        let device = index.devices().next().unwrap();
        device.timeseries(1).unwrap().chunks.len()
    };
    ok(
        dir,
        &["x.csv", "-o", "one.tsfile", "--tags", "site", "-t", "x"],
    );
    assert_eq!(chunks("one.tsfile"), 1);
    let limit = ["--tags", "site", "-t", "x", "--memory-limit", "200kB"];
    ok(
        dir,
        &[&["x.csv", "-o", "many.tsfile", "--verify"], &limit[..]].concat(),
    );
    assert!(chunks("many.tsfile") > 5);
    assert!(csv(dir, "one.tsfile", &[]) == csv(dir, "many.tsfile", &[]));
    let said = "back.csv: row 120001: the device goes back from time 59999 to 5 (device x.a); what came before is written already; raise `memory_limit` (--memory-limit), or sort the rows by device and time first";
    fails(
        dir,
        &[&["back.csv", "-o", "back.tsfile"], &limit[..]].concat(),
        2,
        said,
    );
    // With time enough 5 is there twice.
    let args = ["back.csv", "-o", "back.tsfile", "--tags", "site", "-t", "x"];
    fails(
        dir,
        &args,
        2,
        "row 120001: the device has a row with this time already",
    );
    fails(
        dir,
        &[&args[..], &["--memory-limit", "much"]].concat(),
        1,
        "expected a number of bytes such as 256MiB",
    );
}
