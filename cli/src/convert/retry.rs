//! The full command that does what this one could not: the same arguments with something changed, quoted for a shell.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cmd::convert::{Args, is_stdout};

/// Longest name that is made out of that of a table, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// The command line that leads to `args`.
pub fn command(args: &Args) -> String {
    let mut words = vec![program(), "convert".into()];
    words.extend(args.inputs.iter().map(path));
    let mut option = |flag: &str, value: OsString| {
        if value.as_encoded_bytes().starts_with(b"-") && value.len() > 1 && flag.starts_with("--") {
            let mut word = OsString::from(format!("{flag}="));
            word.push(value);
            words.push(word);
        } else {
            words.extend([OsString::from(flag), value]);
        }
    };
    if let Some(output) = &args.output {
        let output = if is_stdout(output) {
            output.into()
        } else {
            path(output)
        };
        option("-o", output);
    }
    if let Some(dir) = &args.output_dir {
        option("--output-dir", path(dir));
    }
    let mut named = |flag: &str, name: Option<OsString>| {
        if let Some(name) = name {
            option(flag, name);
        }
    };
    named("--to", value_name(args.to));
    named("--form", value_name(args.form));
    named("--input-form", value_name(args.input_form));
    named("--tags", args.tags.as_ref().map(|t| t.join(",").into()));
    for device in &args.object.device {
        named("--device", Some(device.into()));
    }
    named("--table", args.object.table.as_ref().map(Into::into));
    for measurement in &args.object.measurement {
        named("--measurements", Some(measurement.into()));
    }
    let number = |n: Option<i64>| n.map(|n| n.to_string().into());
    named("--start", number(args.range.start));
    named("--end", number(args.range.end));
    named("--time", value_name(args.time.time));
    named("--time-unit", value_name(args.time.time_unit));
    named("--rows", value_name(args.rows));
    named("--time-column", args.time_column.clone().map(Into::into));
    named(
        "--device-column",
        args.device_column.clone().map(Into::into),
    );
    named("--text", value_name(args.text));
    named("--dates", value_name(args.dates));
    for (flag, given) in [
        ("--recover", args.open.recover),
        ("--ignore-mods", args.open.ignore_mods),
        ("--trusted", args.open.trusted),
        ("--force", args.force),
    ] {
        if given {
            words.push(flag.into());
        }
    }
    line(&words)
}

/// The command that shows what is in a file.
pub fn inspect(file: &Path) -> String {
    line(&[program(), "inspect".into(), path(file)])
}

/// As this program was called, so that the line runs where this one ran.
fn program() -> OsString {
    std::env::args_os()
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "tsfile-cli".into())
}

fn line(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|w| quoted(w)).collect();
    words.join(" ")
}

fn value_name<T: ValueEnum>(value: Option<T>) -> Option<OsString> {
    Some(value?.to_possible_value()?.get_name().into())
}

/// A path that no flag is mistaken for.
fn path(path: impl AsRef<Path>) -> OsString {
    let path = path.as_ref();
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        return Path::new(".").join(path).into();
    }
    path.into()
}

/// One word for a POSIX shell; what is no text or no printable character needs the `$''` of bash, zsh and ksh.
fn quoted(word: &OsStr) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => {
            let mut out = String::from("$'");
            for &byte in word.as_encoded_bytes() {
                match byte {
                    b'\'' | b'\\' => out.extend(['\\', char::from(byte)]),
                    b' '..=b'~' => out.push(char::from(byte)),
                    _ => out.push_str(&format!("\\x{byte:02x}")),
                }
            }
            out.push('\'');
            out
        }
    }
}

/// Names of several outputs that stand for several things: safe as file names, and no two the same, even where case
/// does not count.
#[derive(Debug, Default)]
pub struct FileNames(HashSet<String>);

impl FileNames {
    /// The next one, as much like `name` as it can be.
    pub fn next(&mut self, name: &str) -> String {
        let mut safe = String::new();
        for c in name.chars() {
            if safe.len() + c.len_utf8() > MAX_NAME_BYTES {
                break;
            }
            let keep =
                c.is_alphanumeric() || matches!(c, '_' | '-') || (c == '.' && !safe.is_empty());
            safe.push(if keep { c } else { '_' });
        }
        if safe.is_empty() {
            safe.push('_');
        }
        let mut unique = safe.clone();
        let mut n = 1;
        while !self.0.insert(unique.to_lowercase()) {
            n += 1;
            unique = format!("{safe}_{n}");
        }
        unique
    }
}

/// `plant.parquet` and `weather` make `plant.weather.parquet`; stdout stays stdout.
pub fn beside(output: &Path, name: &str) -> PathBuf {
    if is_stdout(output) {
        return output.to_owned();
    }
    let mut file_name = output.file_stem().unwrap_or_default().to_owned();
    file_name.push(".");
    file_name.push(name);
    if let Some(extension) = output.extension() {
        file_name.push(".");
        file_name.push(extension);
    }
    output.with_file_name(file_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        for (word, expected) in [
            ("plain-1.csv", "plain-1.csv"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("Größe", "'Größe'"),
            ("a\nb'", r"$'a\x0ab\''"),
        ] {
            assert_eq!(quoted(word.as_ref()), expected);
        }
    }

    #[test]
    fn file_names_are_safe_and_differ() {
        let mut names = FileNames::default();
        for (name, expected) in [
            ("weather", "weather"),
            ("Weather", "Weather_2"),
            ("../etc/passwd", "_._etc_passwd"),
            ("", "_"),
            ("", "__2"),
            (".hidden", "_hidden"),
        ] {
            assert_eq!(names.next(name), expected);
        }
        assert!(names.next(&"ü".repeat(500)).len() <= MAX_NAME_BYTES);
    }

    #[test]
    fn outputs_beside_outputs() {
        assert_eq!(
            beside(Path::new("x/a.b.parquet"), "t"),
            Path::new("x/a.b.t.parquet")
        );
        assert_eq!(beside(Path::new("a"), "t"), Path::new("a.t"));
        assert_eq!(beside(Path::new("-"), "t"), Path::new("-"));
    }
}
