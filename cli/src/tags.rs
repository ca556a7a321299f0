//! `--tag-filter`: devices of a table by their tags, decided before anything of them is read.
//!
//! A null tag equals nothing, differs from nothing and matches nothing, as in SQL; only `is-null` finds it.

use std::ffi::OsString;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use regex::Regex;
use tsfile::model::{ColumnCategory, DeviceId, TableSchema};

use crate::exit::{Failure, Outcome};
use crate::scope::same_name;

/// The flag.
const FLAG: &str = "--tag-filter";
/// Puts the words of one condition into one argument: their number depends on the second, which clap cannot say.
const SEPARATOR: char = '\u{1f}';
const USAGE: &str = "TAG eq|neq|regexp VALUE, or TAG is-null|not-null";

/// Which devices of a table.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Scope")]
pub struct TagArgs {
    /// Only rows whose tag is as said: TAG eq VALUE, TAG neq VALUE, TAG regexp VALUE (of the whole tag), TAG is-null,
    /// TAG not-null; repeat for more conditions
    #[arg(long = "tag-filter", value_name = "TAG IS [VALUE]")]
    filters: Vec<Condition>,
    /// Whether all conditions have to hold or any; needed for two or more
    #[arg(long, value_name = "WHICH")]
    tag_match: Option<Match>,
}

/// How several conditions go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Match {
    /// Every condition holds
    All,
    /// At least one condition holds
    Any,
}

/// One condition.
#[derive(Debug, Clone)]
struct Condition {
    tag: String,
    is: Predicate,
}

#[derive(Debug, Clone)]
enum Predicate {
    Eq(String),
    Neq(String),
    /// As it was written, and anchored at both ends.
    Regexp(String, Regex),
    IsNull,
    NotNull,
}

impl Predicate {
    fn holds(&self, tag: Option<&str>) -> bool {
        match (self, tag) {
            (Self::IsNull, tag) => tag.is_none(),
            (Self::NotNull, tag) => tag.is_some(),
            (_, None) => false,
            (Self::Eq(value), Some(tag)) => value == tag,
            (Self::Neq(value), Some(tag)) => value != tag,
            (Self::Regexp(_, pattern), Some(tag)) => pattern.is_match(tag),
        }
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(folded: &str) -> Result<Self, String> {
        let words: Vec<&str> = folded.split(SEPARATOR).collect();
        let is = match words.as_slice() {
            [_, "eq", value] => Predicate::Eq((*value).to_owned()),
            [_, "neq", value] => Predicate::Neq((*value).to_owned()),
            [_, "regexp", value] => Predicate::Regexp((*value).to_owned(), whole(value)?),
            [_, "is-null"] => Predicate::IsNull,
            [_, "not-null"] => Predicate::NotNull,
            _ => {
                let found = words.join(" ");
                return Err(format!("expected {USAGE}, found {found}"));
            }
        };
        let tag = words.first().copied().unwrap_or_default().to_owned();
        Ok(Self { tag, is })
    }
}

/// The pattern for a whole tag.
fn whole(pattern: &str) -> Result<Regex, String> {
    // By itself first: a parenthesis too many must not end the group.
    Regex::new(pattern)
        .and_then(|_| Regex::new(&format!(r"\A(?:{pattern})\z")))
        .map_err(|e| {
            let text = e.to_string();
            // The pattern is quoted over several lines; the last one says what is wrong with it.
            let why = text.lines().last().unwrap_or_default();
            format!(
                "{pattern} is no regular expression: {}",
                why.trim_start_matches("error: ")
            )
        })
}

/// Makes one argument of the words of each `--tag-filter`.
pub fn fold(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args = args.into_iter();
    let mut out = Vec::new();
    while let Some(arg) = args.next() {
        if arg == "--" {
            out.push(arg);
            out.extend(args);
            break;
        }
        if arg != FLAG {
            out.push(arg);
            continue;
        }
        let mut folded = OsString::from(format!("{FLAG}="));
        let mut wanted = 2;
        let mut taken = 0;
        while taken < wanted {
            let Some(word) = args.next() else { break };
            if taken > 0 {
                folded.push(SEPARATOR.to_string());
            }
            taken += 1;
            if taken == 2 && ["eq", "neq", "regexp"].iter().any(|p| word == *p) {
                wanted = 3;
            }
            folded.push(word);
        }
        out.push(folded);
    }
    out
}

impl TagArgs {
    /// Whether there is a condition.
    pub fn is_given(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Whether the flags fit together.
    ///
    /// # Errors
    /// Usage: conditions for the tree model, or it is not said how several go together.
    pub fn check(&self, of_devices: bool) -> Outcome {
        if self.is_given() && of_devices {
            return Err(Failure::usage(
                "--tag-filter is for tables, whose devices have tags; leave out -d",
            ));
        }
        match (self.filters.len(), self.tag_match) {
            (0 | 1, Some(_)) => Err(Failure::usage(
                "--tag-match says how two or more --tag-filter go together; leave it out",
            )),
            (2.., None) => Err(Failure::usage(
                "two or more --tag-filter need --tag-match all or --tag-match any",
            )),
            _ => Ok(()),
        }
    }

    /// Decides about devices of the table `schema`; `None` when all of them are wanted.
    ///
    /// # Errors
    /// Usage, when the table has no such tag.
    pub fn of_table(
        &self,
        schema: &TableSchema,
    ) -> Outcome<Option<impl Fn(&DeviceId) -> bool + Send + Sync + use<>>> {
        let tags: Vec<&str> = schema
            .columns_of(ColumnCategory::Tag)
            .map(|c| c.measurement.name.as_str())
            .collect();
        let mut conditions = Vec::new();
        for condition in &self.filters {
            let place = tags.iter().position(|t| same_name(t, &condition.tag));
            let Some(place) = place else {
                let known = match tags.as_slice() {
                    [] => "it has no tags".to_owned(),
                    tags => format!("there are: {}", tags.join(", ")),
                };
                return Err(Failure::usage(format!(
                    "table {} has no tag {}; {known}",
                    schema.name, condition.tag
                )));
            };
            conditions.push((place, condition.is.clone()));
        }
        let any = self.tag_match == Some(Match::Any);
        Ok(self.is_given().then_some(move |device: &DeviceId| {
            let mut holds = conditions.iter().map(|(i, is)| is.holds(device.tag(*i)));
            if any {
                holds.any(|h| h)
            } else {
                holds.all(|h| h)
            }
        }))
    }

    /// The only device of the table `schema` that can be wanted, when each of its tags has to be equal to something.
    pub fn only_device(&self, schema: &TableSchema) -> Option<DeviceId> {
        let any = self.tag_match == Some(Match::Any) && self.filters.len() > 1;
        if any || !self.is_given() {
            return None;
        }
        let mut segments = vec![Some(schema.name.clone())];
        for tag in schema.columns_of(ColumnCategory::Tag) {
            let own = self.filters.iter();
            let own = own.filter(|c| same_name(&c.tag, &tag.measurement.name));
            let mut values = own.filter_map(|c| match &c.is {
                Predicate::Eq(value) => Some(value),
                _ => None,
            });
            segments.push(Some(values.next()?.clone()));
        }
        let all_eq = |c: &Condition| matches!(c.is, Predicate::Eq(_));
        // One condition for each tag: others could rule the device out.
        let is_all = self.filters.len() + 1 == segments.len() && self.filters.iter().all(all_eq);
        is_all.then(|| DeviceId::new(segments))
    }

    /// The flags as words of a command line.
    pub fn words(&self) -> Vec<OsString> {
        let mut words = Vec::new();
        for Condition { tag, is } in &self.filters {
            words.extend([FLAG, tag].map(OsString::from));
            match is {
                Predicate::Eq(value) => words.extend(["eq", value].map(OsString::from)),
                Predicate::Neq(value) => words.extend(["neq", value].map(OsString::from)),
                Predicate::Regexp(value, _) => {
                    words.extend(["regexp", value].map(OsString::from));
                }
                Predicate::IsNull => words.push("is-null".into()),
                Predicate::NotNull => words.push("not-null".into()),
            }
        }
        if let Some(which) = self.tag_match {
            let which = if which == Match::All { "all" } else { "any" };
            words.extend(["--tag-match", which].map(OsString::from));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsfile::model::{Compression, DataType, Encoding, MeasurementSchema, TableColumn};

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn condition(line: &str) -> Result<Condition, String> {
        line.replace(' ', &SEPARATOR.to_string()).parse()
    }

    #[test]
    fn the_predicate_says_how_many_words_belong_to_it() {
        let folded = |line: &str| {
            let folded = fold(words(line));
            let folded: Vec<_> = folded.iter().map(|w| w.to_str().unwrap()).collect();
            folded.join(" ").replace(SEPARATOR, "_")
        };
        for (line, expected) in [
            ("cat --tag-filter a eq b f", "cat --tag-filter=a_eq_b f"),
            (
                "cat --tag-filter a is-null f",
                "cat --tag-filter=a_is-null f",
            ),
            (
                "cat --tag-filter a regexp -- f",
                "cat --tag-filter=a_regexp_-- f",
            ),
            ("cat --tag-filter a", "cat --tag-filter=a"),
            ("cat -- --tag-filter a eq b", "cat -- --tag-filter a eq b"),
        ] {
            assert_eq!(folded(line), expected);
        }
    }

    #[test]
    fn null_is_neither_equal_nor_different() {
        for (line, some, null) in [
            ("t eq a", true, false),
            ("t eq b", false, false),
            ("t neq a", false, false),
            ("t neq b", true, false),
            ("t is-null", false, true),
            ("t not-null", true, false),
            ("t regexp .*", true, false),
        ] {
            let condition = condition(line).unwrap();
            assert_eq!(condition.is.holds(Some("a")), some, "{line}");
            assert_eq!(condition.is.holds(None), null, "{line}");
        }
    }

    #[test]
    fn the_only_device_is_known_when_each_tag_is_equal_to_something() {
        let column = |name: &str, category| TableColumn {
            measurement: MeasurementSchema {
                name: name.to_owned(),
                data_type: DataType::String,
                encoding: Encoding::Plain,
                compression: Compression::Uncompressed,
                properties: Vec::new(),
            },
            category,
        };
        let schema = TableSchema {
            name: "t".to_owned(),
            columns: vec![
                column("a", ColumnCategory::Tag),
                column("b", ColumnCategory::Tag),
                column("f", ColumnCategory::Field),
            ],
        };
        let only = |lines: &[&str], tag_match| {
            let filters = lines.iter().map(|l| condition(l).unwrap()).collect();
            let device = TagArgs { filters, tag_match }.only_device(&schema);
            device.map(|d| d.path())
        };
        let (all, any) = (Some(Match::All), Some(Match::Any));
        assert_eq!(only(&["B eq y", "a eq x"], all).as_deref(), Some("t.x.y"));
        assert_eq!(only(&["b eq y", "a eq x"], any), None);
        assert_eq!(only(&["a eq x"], None), None);
        assert_eq!(only(&["a eq x", "b neq y"], all), None);
        assert_eq!(only(&["a eq x", "a eq z"], all), None);
        assert_eq!(only(&["a eq x", "b eq y", "b neq y"], all), None);
        assert_eq!(only(&[], None), None);
    }

    #[test]
    fn regexp_is_of_the_whole_tag() {
        let holds = |pattern: &str, tag| {
            condition(&format!("t regexp {pattern}"))
                .unwrap()
                .is
                .holds(Some(tag))
        };
        assert!(holds("a|ab", "ab") && holds("a.*", "abc") && !holds("b", "abc"));
        assert!(!holds("a$", "a\n") && holds("(?s)a.", "a\n") && !holds("A", "a"));
        for bad in ["(", "a)(b", "(?=a)"] {
            let error = condition(&format!("t regexp {bad}")).unwrap_err();
            assert!(
                error.contains("no regular expression") && !error.contains('\n'),
                "{error}"
            );
        }
        let error = condition("t like x").unwrap_err();
        assert!(error.contains(USAGE) && error.contains("like"), "{error}");
    }
}
