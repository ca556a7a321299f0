//! An explained plan as text: what was asked, how it was rewritten, what is read of which device and why, what is left alone, and the splits.

use super::explain::{Explain, ExplainBranch, ExplainFilter, ExplainReads};
use super::merge_files::Dedup;
use super::split::{DEFAULT_SPLIT_BYTES, Ordering, Split};
use crate::model::Form;
use std::fmt;

/// So many splits and branches are printed.
const PRINTED: usize = 10;
/// So many names are listed in a line.
const LISTED: usize = 12;

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table.as_ref();
        let table = table.map(|t| format!(", {t}")).unwrap_or_default();
        writeln!(f, "asked")?;
        writeln!(f, "  files       {}", list(&self.files))?;
        writeln!(f, "  form        {}{table}", self.form.name())?;
        writeln!(f, "  columns     {}", list(&self.columns))?;
        if let Some((first, last)) = self.times {
            writeln!(f, "  times       {}", times(first, last))?;
        }
        if self.dedup == Dedup::Last {
            writeln!(
                f,
                "  dedup       last: files are merged by time, and conditions on values come after"
            )?;
        }
        let considered = self.level("devices").0;
        match &self.filter {
            Some(filter) => {
                writeln!(f, "  where       {}", filter.asked)?;
                filter.fmt_rewritten(considered, f)?;
            }
            None => writeln!(f, "  where       nothing: all rows")?,
        }
        self.fmt_reads(f)?;
        let (a, b, c) = ("considered", "skipped", "read");
        writeln!(f, "{:<12}{a:>14}{b:>14}{c:>14}", "pruned")?;
        for level in &self.levels {
            let (name, all) = (level.name, level.considered);
            let (skipped, read) = (level.skipped, level.read);
            writeln!(f, "  {name:<10}{all:>14}{skipped:>14}{read:>14}")?;
        }
        let splits = count(self.splits.len() as u64, "split");
        let most = DEFAULT_SPLIT_BYTES >> 20;
        writeln!(f, "cut into {splits} of about {most} MiB at most")?;
        for (number, split) in self.splits.iter().take(PRINTED).enumerate() {
            writeln!(f, "  {}. {split}", number + 1)?;
        }
        if self.splits.len() > PRINTED {
            writeln!(f, "  and {} more", self.splits.len() - PRINTED)?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

impl Explain {
    /// How many there are, and how many are read.
    fn level(&self, name: &str) -> (u64, u64) {
        let level = self.levels.iter().find(|l| l.name == name);
        level.map_or((0, 0), |l| (l.considered, l.read))
    }

    fn fmt_reads(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "read")?;
        for reads in &self.reads {
            writeln!(f, "  {reads}")?;
        }
        if self.reads.is_empty() {
            writeln!(f, "  nothing: no chunk can hold a row that is wanted")?;
        }
        let rest = self.level("devices").1;
        let rest = rest.saturating_sub(self.reads.len() as u64);
        if rest > 0 && self.form != Form::Wide && !self.reads.is_empty() {
            writeln!(f, "  and of {rest} more in the same way")?;
        }
        Ok(())
    }
}

impl ExplainFilter {
    /// `considered` devices there are.
    fn fmt_rewritten(&self, considered: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let branches = count(self.branches.len() as u64, "branch");
        let work = count(self.work, "test");
        writeln!(f, "rewritten")?;
        writeln!(f, "  normalised  {}", self.normalized)?;
        writeln!(
            f,
            "  by device   {branches}, found with {work} of device names and tags"
        )?;
        for (number, branch) in self.branches.iter().take(PRINTED).enumerate() {
            branch.fmt_as(number + 1, considered, f)?;
        }
        if self.branches.len() > PRINTED {
            writeln!(f, "    and {} more", self.branches.len() - PRINTED)?;
        }
        if self.capped {
            let why = "the last branch stands for all devices that would have needed more";
            writeln!(f, "    {why}: its rows are tested by device and tags, too")?;
        }
        Ok(())
    }
}

impl ExplainBranch {
    fn fmt_as(&self, number: usize, considered: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = match self.devices.saturating_sub(self.names.len()) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let names = match list(&self.names) {
            names if names.is_empty() => names,
            names => format!(": {names}{more}"),
        };
        if self.residual.as_deref() == Some("FALSE") {
            return writeln!(f, "    {number}. no row of any device can pass");
        }
        let times = self.times.as_deref().unwrap_or("all");
        writeln!(
            f,
            "    {number}. {} of {}{names}",
            self.devices,
            count(considered, "device")
        )?;
        writeln!(f, "       times  {times}")?;
        match (&self.residual, &self.times) {
            (Some(residual), _) => writeln!(f, "       rows   where {residual}"),
            (None, Some(_)) => writeln!(f, "       rows   all at those times; no row is tested"),
            (None, None) => writeln!(f, "       rows   all; no row is tested"),
        }
    }
}

impl fmt::Display for ExplainReads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.device)?;
        let mut part = |what: &str, names: &[String], why: &str| match names {
            [] => Ok(()),
            names => write!(f, "\n    {what:<12}{}{why}", list(names)),
        };
        part("values of", &self.values, "")?;
        part("values of", &self.tested, ", only to test rows")?;
        if self.time_column {
            let shared = ["the column that the timeseries of an aligned device share".to_string()];
            part("times", &shared, "")?;
        }
        let why = "\n                siblings, read for row existence: a row is where any timeseries of the device has a point";
        part("times of", &self.siblings, why)
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.times;
        let order = match self.ordering {
            Ordering::Time => "by time",
            Ordering::DeviceTime => "by device, then time",
        };
        write!(
            f,
            "{}, times {}, about {} in {}, {order}",
            count(self.devices, "device"),
            times(first, last),
            count(self.rows, "row"),
            count(self.bytes, "byte"),
        )
    }
}

fn times(first: i64, last: i64) -> String {
    match (first, last) {
        (i64::MIN, i64::MAX) => "all".to_string(),
        (i64::MIN, last) => format!("up to {last}"),
        (first, i64::MAX) => format!("from {first} on"),
        (first, last) => format!("{first} to {last}"),
    }
}

fn count(n: u64, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n if what == "branch" => format!("{n} branches"),
        n => format!("{n} {what}s"),
    }
}

fn list(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    let more = names.len() - shown.len();
    match more {
        0 => shown.join(", "),
        n => format!("{} and {n} more", shown.join(", ")),
    }
}
