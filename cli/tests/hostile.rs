//! Damaged files through the tool itself, in an address space of limited size: the compressors written in C count here as well.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tsfile::model::Model;
use tsfile::{ReadOptions, TsFileReader};

const MUTATIONS: usize = 1000;
const SEED: u64 = 0x0063_6c69;
/// Address space of a run in KiB: the binary, stacks of its threads and what a scan may take. Files here are below 64 KiB.
const ADDRESS_SPACE_KIB: u64 = 768 << 10;
/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// SplitMix64, as in the tests of the library.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn samples() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/golden");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(golden)
        .unwrap()
        .flat_map(|writer| std::fs::read_dir(writer.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|x| x == "tsfile"))
        .collect();
    paths.sort();
    paths
}

/// A few bytes of `bytes` changed, most of them in the head, the pages or the tail; or the file cut off.
fn damage(bytes: &mut Vec<u8>, rng: &mut Random) -> String {
    let len = bytes.len();
    let at = match rng.below(4) {
        0 => len - 1 - rng.below(len.min(300)),
        1 => rng.below(len.min(120)),
        _ => rng.below(len),
    };
    match rng.below(6) {
        0 => bytes.truncate(at),
        1 => {
            bytes.drain(at..(at + 1 + rng.below(8)).min(len));
        }
        2 => {
            let what: Vec<u8> = (0..1 + rng.below(8)).map(|_| rng.next() as u8).collect();
            bytes.splice(at..at, what);
        }
        3 => {
            for b in bytes.iter_mut().skip(at).take(1 + rng.below(8)) {
                *b = 0xff;
            }
        }
        _ => {
            for b in bytes.iter_mut().skip(at).take(1 + rng.below(3)) {
                *b ^= 1 << rng.below(8);
            }
        }
    }
    format!("damaged at {at} of {len}")
}

/// A command to try, with one of the objects that the undamaged sample holds where it needs one.
fn command(sample: &Path, rng: &mut Random) -> Vec<String> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut command = match rng.below(8) {
        0 => return words("convert -o - --to csv"),
        1 => return words("convert -o - --to csv --form narrow --text lossy --dates null"),
        2 => return words("count -f csv"),
        3 => return words("count --start 1 --end 1002"),
        4 => return words("stats --text lossy --dates null"),
        5 => return words("stats -f ndjson --text binary --dates int --start 1 --end 1002"),
        6 => words("head --text lossy --dates null -n 1000 --offset 3"),
        _ => words("cat --text lossy --dates null -f"),
    };
    if command[0] == "cat" {
        command.push(["table", "ndjson", "csv"][rng.below(3)].to_owned());
    }
    let reader = TsFileReader::open(sample, ReadOptions::new()).unwrap();
    let mut objects: Vec<[String; 2]> = reader
        .tables()
        .map(|t| ["--table".to_owned(), t.name.clone()])
        .collect();
    let devices = reader.device_ids().unwrap();
    let devices = devices.iter().filter(|d| reader.model_of(d) == Model::Tree);
    objects.extend(devices.map(|d| ["--device".to_owned(), d.path()]));
    if !objects.is_empty() {
        command.extend(objects.swap_remove(rng.below(objects.len())));
    }
    command
}

/// Exit code, or what happened instead, and the last line of stderr.
fn run(file: &Path, command: &[String], stderr: &Path) -> Result<(i32, String), String> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {ADDRESS_SPACE_KIB} && exec \"$@\""))
        .arg("sh")
        .arg(env!("CARGO_BIN_EXE_tsfile-cli"))
        .args(command)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(stderr).unwrap())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("hangs for more than {PATIENCE:?}"));
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let said = std::fs::read_to_string(stderr).unwrap_or_default();
    match status.code() {
        Some(code @ 0..=3) => Ok((code, said)),
        _ => Err(format!("{status}: {said}")),
    }
}

#[test]
fn damaged_files_end_the_tool_in_an_orderly_way() {
    let samples = samples();
    let folder = tempfile::tempdir().unwrap();
    let (file, stderr) = (folder.path().join("x.tsfile"), folder.path().join("stderr"));
    let number = |name: &str| std::env::var(name).ok().map(|v| v.parse().unwrap());
    let seed = number("TSFILE_SEED").unwrap_or(SEED);
    let (mut wrong, mut codes) = (Vec::new(), [0; 4]);
    for n in 0..MUTATIONS {
        let mut rng = Random(seed ^ (n as u64).wrapping_mul(0xd134_2543_de82_ef95));
        let sample = &samples[rng.below(samples.len())];
        let mut bytes = std::fs::read(sample).unwrap();
        let what = damage(&mut bytes, &mut rng);
        std::fs::write(&file, &bytes).unwrap();
        let mut command = command(sample, &mut rng);
        if rng.below(2) == 0 {
            command.push("--recover".to_owned());
        }
        let case = format!("{seed}/{n}: {} {what}, {command:?}", sample.display());
        match run(&file, &command, &stderr) {
            Ok((code, said)) => {
                codes[code as usize] += 1;
                if code != 0 && said.trim().is_empty() {
                    wrong.push(format!("{case}: exit code {code} and not a word"));
                }
            }
            Err(e) => wrong.push(format!("{case}: {e}")),
        }
    }
    println!("{MUTATIONS} mutations through the tool: exit codes 0 to 3: {codes:?}");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(
        codes[0] > 0 && codes[1..].iter().sum::<usize>() > 0,
        "{codes:?}"
    );
}
