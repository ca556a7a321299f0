//! What to try next, by the names that options have in Spark: the engine names its own, and the flags of the command line.

/// Said where a limit of the engine is not an option in Spark.
const NO_OPTION: &str = "there is no option in Spark to allow it";

/// Phrases of the engine, the longer ones before those that they hold.
const WORDS: [(&str, &str); 27] = [
    (
        "`widen` with `lossy` (--schema widen --lossy-types)",
        "option mergeSchema=widen with lossy=true",
    ),
    ("`widen` (--schema widen)", "option mergeSchema=widen"),
    ("`union` (--schema union)", "option mergeSchema=union"),
    ("`lossy` (--lossy-types)", "option lossy=true"),
    ("`lossy` (--lossy)", "option lossy=true"),
    (
        "open with `ignore_mods` (--ignore-mods)",
        "set option ignoreMods=true",
    ),
    (
        "open with `recover` (--recover) to read up to the last whole chunk group",
        "option ignoreUnsealed=true passes over such files",
    ),
    (
        "try `recover`",
        "option ignoreCorruptFiles=true passes over such files",
    ),
    (
        "open with `trusted` (--trusted) if the file is sound",
        NO_OPTION,
    ),
    (
        "raise `max_page_points` (in Rust) if the file is sound",
        NO_OPTION,
    ),
    (
        "raise `max_page_bytes` if the file is sound",
        "raise option maxTaskMemory (and spark.executor.memoryOverhead with it) if the file is sound",
    ),
    ("raise `max_metadata_bytes`", NO_OPTION),
    (
        "`text=lossy` or `text=binary` (--text lossy, --text binary)",
        "option text=lossy or text=binary",
    ),
    (
        "`dates=null` or `dates=int` (--dates null, --dates int)",
        "option dates=null or dates=int",
    ),
    (
        "(--time-column, --device-column)",
        "(options timeColumn, deviceColumn)",
    ),
    ("(--time-column)", "(option timeColumn)"),
    ("(--device-column)", "(option deviceColumn)"),
    (
        "--form narrow or --form wide for the devices, -t TABLE for a table",
        "option form=narrow or form=wide for the devices, table=NAME for a table",
    ),
    ("--form narrow", "option form=narrow"),
    ("--form wide", "option form=wide"),
    ("--form table", "option form=table"),
    ("(-t TABLE)", "(option table=NAME)"),
    ("use -t with -m instead", "set option table"),
    (
        "(-m names those to read)",
        "(give the others with schema(...))",
    ),
    ("(--duplicates first or last)", "(first or last)"),
    ("(--aligned false)", "(option aligned=false)"),
    ("(--table, --tags)", "(options table, tagColumns)"),
];

/// A suggestion of the engine as it is said in Spark.
pub fn in_words_of_spark(suggestion: &str) -> String {
    // It names the device, which may be called anything.
    if suggestion.starts_with("read one of the two devices (-d ") {
        return "use the wide form (option form=wide)".to_string();
    }
    let said = WORDS
        .iter()
        .fold(suggestion.to_string(), |text, (from, to)| {
            text.replace(from, to)
        });
    without_flags(&said)
}

/// The text without flags in parentheses: what they stand for is named before them.
fn without_flags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, flag)) = rest.split_once(" (--") {
        out.push_str(before);
        rest = flag.split_once(')').map_or("", |(_, after)| after);
    }
    out + rest
}

/// An error of the engine as it is said in Spark: only what it suggests is put otherwise, names in it stay.
pub fn message(error: &tsfile::Error) -> String {
    let whole = error.to_string();
    let parts = error
        .suggestion()
        .and_then(|s| Some((whole.strip_suffix(s)?, s)));
    match parts {
        Some((before, suggestion)) => before.to_string() + &in_words_of_spark(suggestion),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    #[test]
    fn suggestions_name_options_of_spark() {
        for (engine, spark) in [
            (
                "open with `ignore_mods` (--ignore-mods) to read them all the same",
                "set option ignoreMods=true to read them all the same",
            ),
            (
                "`widen` with `lossy` (--schema widen --lossy-types) reads both as DOUBLE, which may lose bits",
                "option mergeSchema=widen with lossy=true reads both as DOUBLE, which may lose bits",
            ),
            (
                "ask for the narrow form (--form narrow), or for wide by name (--form wide)",
                "ask for the narrow form (option form=narrow), or for wide by name (option form=wide)",
            ),
            (
                "name one of them (-t TABLE)",
                "name one of them (option table=NAME)",
            ),
            (
                "use `this` (--never-heard-of x), or that",
                "use `this`, or that",
            ),
        ] {
            assert_eq!(in_words_of_spark(engine), spark);
        }
    }

    #[test]
    fn names_in_an_error_stay_as_they_are() {
        let e = tsfile::Error::argument("no such thing")
            .in_file("/data/x (--form wide).tsfile")
            .hint("use --form table");
        assert_eq!(
            message(&e),
            "/data/x (--form wide).tsfile: no such thing; use option form=table"
        );
    }

    /// Literals of a source, up to its tests: enough of the syntax for what is written there.
    fn literals(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap_or("");
        let mut out = Vec::new();
        let (mut text, mut within, mut escaped) = (String::new(), false, false);
        for line in code.lines() {
            if !within && line.trim_start().starts_with("//") {
                continue;
            }
            for c in line.chars() {
                match c {
                    '"' if !escaped => {
                        if within {
                            out.push(std::mem::take(&mut text));
                        }
                        within = !within;
                    }
                    _ if within => text.push(c),
                    _ => {}
                }
                escaped = c == '\\' && !escaped;
            }
            within &= !text.is_empty();
        }
        out
    }

    fn visit(folder: &Path, found: &mut usize) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            if path.is_dir() && name != "tests" {
                visit(&path, found);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                for text in literals(&fs::read_to_string(&path).unwrap()) {
                    let flag = |t: &str| {
                        let starts = |c: &str| {
                            t.match_indices(c).any(|(i, _)| {
                                t[i + c.len()..].starts_with(|c: char| c.is_ascii_lowercase())
                            })
                        };
                        starts("--")
                            || starts(" -")
                            || starts("(-")
                            || t.contains("`max_")
                            || t.contains("`trusted`")
                            || t.contains("`recover`")
                    };
                    if flag(&text) {
                        *found += 1;
                        let said = in_words_of_spark(&text);
                        assert!(!flag(&said), "{}: {text}: {said}", path.display());
                    }
                }
            }
        }
    }

    /// Whoever adds a suggestion to the engine finds out here that Spark has another name for it.
    #[test]
    fn no_suggestion_of_the_engine_names_a_flag_in_spark() {
        let mut found = 0;
        visit(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("../tsfile/src"),
            &mut found,
        );
        assert!(found > 25, "{found} literals with flags were found");
    }
}
