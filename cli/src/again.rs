//! This command line again, with flags that make it work.

use std::ffi::OsString;
use std::path::PathBuf;

use tsfile::{Error, ErrorKind};

use crate::exit::Failure;
use crate::shell::{self, line, option, program};

/// Commands and names that an error lists at most.
const MAX_COMMANDS: usize = 20;
const MAX_NAMES: usize = 20;

/// The command line with `flags` behind the name of the command; an empty value is a flag that takes none.
pub fn with(flags: &[(&str, &str)]) -> String {
    let mut words = vec![program()];
    let mut args = std::env::args_os().skip(1);
    words.extend(args.next());
    for (flag, value) in flags {
        if value.is_empty() {
            words.push(OsString::from(flag));
        } else {
            words.extend(option(flag, value.into()));
        }
    }
    words.extend(args);
    line(&words)
}

/// The command line once for each of some values of a flag.
pub fn with_each<'a>(
    flags: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> impl Iterator<Item = String> {
    let flags = flags.into_iter().take(MAX_COMMANDS);
    flags.map(|flag| with(&[flag]))
}

/// Some names, the rest counted.
pub fn shortened(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(MAX_NAMES).map(String::as_str).collect();
    let mut text = shown.join(", ");
    if names.len() > MAX_NAMES {
        text.push_str(&format!(" and {} more", names.len() - MAX_NAMES));
    }
    text
}

/// An error of the library with the commands that help; those that show values have --text and --dates.
pub fn failure(error: Error) -> Failure {
    let suggested = |flag| error.suggestion().is_some_and(|s| s.contains(flag));
    let flags: &[(&str, &str)] = match error.kind() {
        ErrorKind::Unsealed => &[("--recover", "")],
        ErrorKind::Deletions => &[("--ignore-mods", "")],
        ErrorKind::Limit if suggested("--trusted") => &[("--trusted", "")],
        ErrorKind::Value if suggested("--dates") => &[("--dates", "null"), ("--dates", "int")],
        ErrorKind::Value if suggested("--text") => &[("--text", "lossy"), ("--text", "binary")],
        _ => &[],
    };
    let mut commands: Vec<String> = flags.iter().map(|flag| with(&[*flag])).collect();
    let broken = matches!(
        error.kind(),
        ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Limit
    );
    if broken && error.suggestion().is_none() {
        commands.extend(error.file().map(PathBuf::from).map(|f| shell::inspect(&f)));
    }
    Failure::from(error).with_commands(commands)
}
