//! One screen for a person, at most [`WIDTH`] columns wide.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use tsfile::model::Encoding;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::facts::{Facts, Share};
use crate::args::TimeUnit;
use crate::render;
use crate::table::one_line;

/// Columns of the screen.
const WIDTH: usize = 100;
/// Columns of the names on its left.
const LABEL: usize = 14;
/// Lines of a list before the rest is only counted.
const LIST_LINES: usize = 10;

/// A unit, and whether it was only guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// What one step of time stands for.
    pub unit: TimeUnit,
    /// Not given by the caller.
    pub guessed: bool,
}

/// The unit that was given, or the one under which the times are dates since 1973; `None` when there is none.
pub fn unit(given: Option<TimeUnit>, times: Option<(i64, i64)>) -> Option<Unit> {
    if let Some(unit) = given {
        return Some(Unit {
            unit,
            guessed: false,
        });
    }
    let (start, end) = times?;
    // 10^11 ms, 10^14 us and 10^17 ns are all March 1973.
    let unit = match start.unsigned_abs().max(end.unsigned_abs()) {
        100_000_000_000..100_000_000_000_000 => TimeUnit::Ms,
        100_000_000_000_000..100_000_000_000_000_000 => TimeUnit::Us,
        100_000_000_000_000_000..5_000_000_000_000_000_000 => TimeUnit::Ns,
        _ => return None,
    };
    Some(Unit {
        unit,
        guessed: true,
    })
}

/// A time as a date.
pub fn date(time: i64, unit: TimeUnit) -> String {
    let mut out = Vec::new();
    render::timestamp(&mut out, time, unit.arrow(), true);
    String::from_utf8_lossy(&out).into_owned()
}

/// Prints the screen.
///
/// # Errors
/// When the stream refuses it.
pub fn print(out: &mut impl Write, facts: &Facts, given: Option<TimeUnit>) -> io::Result<()> {
    writeln!(out, "{}", one_line(&facts.file))?;
    line(out, "size", &format!("{} bytes", number(facts.size_bytes)))?;
    line(out, "format", &format!("version {}", facts.format_version))?;
    line(out, "written by", facts.writer)?;
    line(out, "model", facts.model)?;
    tables(out, facts)?;
    let aligned = match facts.aligned_devices {
        0 => String::new(),
        n if n == facts.devices => " (aligned)".to_owned(),
        n => format!(" ({} aligned)", number(n)),
    };
    line(
        out,
        "devices",
        &format!("{}{aligned}", number(facts.devices)),
    )?;
    let mut series = number(facts.timeseries);
    if facts.empty_timeseries > 0 {
        series += &format!(" ({} without a point)", number(facts.empty_timeseries));
    }
    if facts.time_columns > 0 {
        series += &format!(", and {}", plural(facts.time_columns, "time column"));
    }
    line(out, "timeseries", &series)?;
    let mut points = format!("{} (non-null values)", number(facts.points));
    if facts.aligned_devices > 0 {
        points += &format!(", in {} rows", number(facts.aligned_rows));
        if facts.aligned_devices < facts.devices {
            points += " where aligned";
        }
    }
    if facts.chunks.iter().any(|c| c.count.is_none()) {
        points = format!("at least {points}");
    }
    line(out, "points", &points)?;
    times(out, facts, given)?;
    let bytes = facts
        .compressions
        .values()
        .fold(0, |sum: u64, share| sum.saturating_add(share.bytes));
    let mut chunks = format!(
        "{}, {} bytes ({} of the file)",
        number(facts.chunks.len() as u64),
        number(bytes),
        percent(bytes, facts.size_bytes),
    );
    if facts.points > 0 {
        chunks += &format!(", {} bytes per point", per(bytes, facts.points));
    }
    line(out, "chunks", &chunks)?;
    encodings(out, facts)?;
    compressions(out, facts)?;
    odds(out, facts)
}

fn line(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {label:LABEL$}{text}")
}

fn tables(out: &mut impl Write, facts: &Facts) -> io::Result<()> {
    if facts.tables.is_empty() {
        return Ok(());
    }
    line(out, "tables", &number(facts.tables.len() as u64))?;
    let shown = shown(facts.tables.len());
    let names = facts.tables.iter().take(shown).map(|t| fit(&t.name, 40));
    let width = names.clone().map(|n| n.width()).max().unwrap_or(0);
    for (name, table) in names.zip(&facts.tables) {
        let gap = width - name.width();
        let text = format!(
            "{name}{:gap$}  {}, {}, {}",
            "",
            plural(table.devices, "device"),
            plural(table.tags as u64, "tag"),
            plural(table.fields as u64, "field"),
        );
        line(out, "", &format!("  {text}"))?;
    }
    more(out, facts.tables.len() - shown, "tsfile-cli ls")
}

/// Lines shown of a list: a rest of one is not worth its line of its own.
fn shown(len: usize) -> usize {
    if len <= LIST_LINES + 1 {
        len
    } else {
        LIST_LINES
    }
}

fn more(out: &mut impl Write, rest: usize, command: &str) -> io::Result<()> {
    if rest == 0 {
        return Ok(());
    }
    let text = format!("  and {} more: {command}", number(rest as u64));
    line(out, "", &text)
}

fn times(out: &mut impl Write, facts: &Facts, given: Option<TimeUnit>) -> io::Result<()> {
    let Some((start, end)) = facts.times else {
        return line(out, "time", "no point");
    };
    line(out, "time", &format!("{start} to {end}"))?;
    match unit(given, facts.times) {
        Some(Unit { unit, guessed }) => {
            line(
                out,
                "",
                &format!("{} to {}", date(start, unit), date(end, unit)),
            )?;
            let how = if guessed {
                "guessed from the magnitude, TsFiles record no unit; --time-unit"
            } else {
                "as given"
            };
            line(out, "", &format!("(under {}, {how})", unit.name()))
        }
        None => line(
            out,
            "",
            "(TsFiles record no unit, and these numbers suggest none; --time-unit shows dates)",
        ),
    }
}

/// Bytes, share and bytes per value of a row.
fn figures(share: Share, all: u64) -> String {
    format!(
        "{:>9}  {:>15}  {:>7}  {:>15}  {:>11}",
        number(share.chunks),
        number(share.bytes),
        percent(share.bytes, all),
        number(share.values),
        per(share.bytes, share.values),
    )
}

const FIGURES: &str = "   chunks            bytes    share           values  bytes/value";

fn encodings(out: &mut impl Write, facts: &Facts) -> io::Result<()> {
    if facts.encodings.is_empty() {
        return Ok(());
    }
    let mut rows: BTreeMap<(Encoding, bool), (Share, BTreeSet<&str>)> = BTreeMap::new();
    let mut all = Share::default();
    for (&(encoding, is_time, data_type), share) in &facts.encodings {
        let row = rows.entry((encoding, is_time)).or_default();
        row.0.merge(*share);
        row.1
            .insert(if is_time { "time" } else { data_type.name() });
        all.merge(*share);
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|(_, (share, _))| std::cmp::Reverse(share.bytes));
    writeln!(out)?;
    writeln!(out, "  {:22}{FIGURES}", "encoding")?;
    for ((encoding, is_time), (share, types)) in rows {
        let name = format!("{encoding}{}", if is_time { " (times)" } else { "" });
        writeln!(out, "  {name:22}{}", figures(share, all.bytes))?;
        if !is_time {
            let types: Vec<&str> = types.into_iter().collect();
            wrapped(out, "    of ", &types.join(", "))?;
        }
    }
    if facts.aligned_devices < facts.devices {
        wrapped(
            out,
            "  ",
            "(chunks of devices that are not aligned hold their times as well: they count in bytes)",
        )?;
    }
    Ok(())
}

fn compressions(out: &mut impl Write, facts: &Facts) -> io::Result<()> {
    if facts.compressions.is_empty() {
        return Ok(());
    }
    let mut all = Share::default();
    for share in facts.compressions.values() {
        all.merge(*share);
    }
    let mut rows: Vec<_> = facts.compressions.iter().collect();
    rows.sort_by_key(|(_, share)| std::cmp::Reverse(share.bytes));
    writeln!(out)?;
    writeln!(out, "  {:22}{FIGURES}", "compression")?;
    for (compression, share) in rows {
        writeln!(out, "  {:22}{}", compression, figures(*share, all.bytes))?;
    }
    if facts.compressions.len() > 1 {
        writeln!(out, "  {:22}{}", "all", figures(all, all.bytes))?;
    }
    Ok(())
}

fn odds(out: &mut impl Write, facts: &Facts) -> io::Result<()> {
    writeln!(out)?;
    let mut some = false;
    for odd in facts.odds.iter() {
        if !some {
            writeln!(out, "  worth knowing")?;
        }
        some = true;
        let mut text = String::new();
        if let Some(count) = odd.count {
            text += &number(count);
            text.push(' ');
        }
        text += &odd.text;
        if let Some(example) = &odd.example {
            text += &format!("; the first: {}", one_line(example));
        }
        wrapped(out, "  - ", &text)?;
    }
    if !some {
        writeln!(out, "  nothing odd")?;
    }
    Ok(())
}

/// Text in lines of at most [`WIDTH`] columns; `lead` stands before the first, spaces before the others.
fn wrapped(out: &mut impl Write, lead: &str, text: &str) -> io::Result<()> {
    let indent = lead.width();
    let mut used = indent;
    write!(out, "{lead}")?;
    let mut first = true;
    for word in text.split(' ') {
        let mut word = word;
        if !first && used + 1 + word.width() > WIDTH {
            write!(out, "\n{:indent$}", "")?;
            used = indent;
        } else if !first {
            write!(out, " ")?;
            used += 1;
        }
        first = false;
        // A name longer than a line is cut into lines.
        while used + word.width() > WIDTH {
            let at = prefix(word, WIDTH - used);
            write!(out, "{}\n{:indent$}", &word[..at], "")?;
            word = &word[at..];
            used = indent;
        }
        write!(out, "{word}")?;
        used += word.width();
    }
    writeln!(out)
}

/// Bytes of `text` that fit in `width` columns; at least one character.
fn prefix(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}

/// A name cut to `width` columns.
fn fit(name: &str, width: usize) -> String {
    let name = one_line(name);
    if name.width() <= width {
        return name.into_owned();
    }
    format!("{}…", &name[..prefix(&name, width - 1)])
}

fn plural(n: u64, what: &str) -> String {
    format!("{} {what}{}", number(n), if n == 1 { "" } else { "s" })
}

/// Digits in groups of three.
fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a few digits of a share are shown"
)]
fn percent(part: u64, all: u64) -> String {
    if all == 0 {
        return "-".to_owned();
    }
    format!("{:.1} %", 100.0 * part as f64 / all as f64)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "two digits after the point are shown"
)]
fn per(bytes: u64, values: u64) -> String {
    if values == 0 {
        return "-".to_owned();
    }
    format!("{:.2}", bytes as f64 / values as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_guessed_by_magnitude_or_not_at_all() {
        let guess = |t| unit(None, Some((0, t))).map(|u| (u.unit, u.guessed));
        assert_eq!(guess(1_700_000_000_000), Some((TimeUnit::Ms, true)));
        assert_eq!(guess(1_700_000_000_000_000), Some((TimeUnit::Us, true)));
        assert_eq!(guess(1_700_000_000_000_000_000), Some((TimeUnit::Ns, true)));
        assert_eq!(guess(1_700_000_000), None);
        assert_eq!(guess(i64::MAX), None);
        assert_eq!(unit(None, Some((i64::MIN, 0))), None);
        assert_eq!(unit(None, None), None);
        let given = unit(Some(TimeUnit::Ns), None).unwrap();
        assert!(!given.guessed);
    }

    #[test]
    fn text_wraps_inside_the_screen_whatever_the_words() {
        let mut out = Vec::new();
        let long = format!(
            "{} {} 温度{}",
            "word ".repeat(30),
            "x".repeat(250),
            "度".repeat(90)
        );
        wrapped(&mut out, "  - ", &long).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|l| l.width() <= WIDTH), "{text}");
        assert_eq!(text.matches('x').count(), 250);
    }

    #[test]
    fn numbers_are_grouped_and_names_cut() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(percent(1, 0), "-");
        assert_eq!(per(3, 2), "1.50");
    }
}
