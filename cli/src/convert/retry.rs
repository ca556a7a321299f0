//! The full `convert` that does what this one could not: the same arguments with something changed.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cmd::convert::{Args, is_stdout};
use crate::convert::origin;
use crate::shell::{line, option, path, program};

/// Longest name that is made out of that of a table, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// The command line that leads to `args`.
pub fn command(args: &Args) -> String {
    let mut words = vec![program(), "convert".into()];
    words.extend(args.given_inputs().iter().map(|input| {
        if origin::is_stdin(input) {
            input.into()
        } else {
            path(input)
        }
    }));
    let mut option = |flag: &str, value: OsString| words.extend(option(flag, value));
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
    named("--where", args.filter.clone().map(Into::into));
    named("--time", value_name(args.time.time));
    named("--time-unit", value_name(args.time.time_unit));
    named("--rows", value_name(args.rows));
    named("--time-column", args.time_column.clone().map(Into::into));
    named(
        "--device-column",
        args.device_column.clone().map(Into::into),
    );
    named("--schema", value_name(args.schema.schema));
    named("--text", value_name(args.text));
    named("--dates", value_name(args.dates));
    let text = &args.text_input;
    named("--from", value_name(text.from));
    for types in &text.types {
        named("--types", Some(types.text().into()));
    }
    for null in &text.nulls {
        named("--null", Some(null.into()));
    }
    named("--tz", text.tz.map(|zone| zone.name().into()));
    named("--on-error", value_name(text.on_error));
    named("--rejects", text.rejects.as_ref().map(path));
    named("--dedup", value_name(args.dedup.dedup));
    let threads = args.threads.threads;
    named("--threads", threads.map(|n| n.to_string().into()));
    words.extend(args.tag_filter.words());
    words.extend(args.write.words());
    for (flag, given) in [
        ("--recover", args.open.recover),
        ("--lossy-types", args.schema.lossy_types),
        ("--ignore-mods", args.open.ignore_mods),
        ("--ignore-missing", args.open.ignore_missing),
        ("--ignore-corrupt", args.open.ignore_corrupt),
        ("--ignore-unsealed", args.open.ignore_unsealed),
        ("--trusted", args.open.trusted),
        ("--force", args.force),
    ] {
        if given {
            words.push(flag.into());
        }
    }
    line(&words)
}

fn value_name<T: ValueEnum>(value: Option<T>) -> Option<OsString> {
    Some(value?.to_possible_value()?.get_name().into())
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
