//! What a plan amounts to, from statistics alone: exact, or not given.
//!
//! The answers are those of aggregates over the rows of the plan's scan. Where statistics may say something else, a [`Refusal`] says why, and
//! the question is left to a scan. No page is decoded; headers are read where only they tell whether the statistics count: those of chunks
//! where the encoding matters, those of pages where the time range cuts a chunk.

mod column;

use super::devices::Destination;
use super::plan::{FileWork, ScanPlan, Shared};
use super::request::Rows;
use super::summary::{Existing, Known, Refusal};
use crate::Result;
use crate::filter::{Cut, Predicate, Ranges};
use crate::model::{DeviceId, Form};
use crate::read::{DeviceRef, SeriesRef};
use column::NOTHING;
pub use column::{Answer, ColumnAnswers};
use std::collections::HashMap;
use std::sync::Arc;

/// What the rows of a plan amount to, as far as statistics tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Names of the value columns that are shown: measurements or fields, in the wide form timeseries.
    pub names: Vec<String>,
    /// Over all rows.
    pub all: Answered,
    /// Over the rows of each file, in the order of the plan.
    pub files: Vec<Answered>,
    /// Over the rows of each device, in the order in which devices first come; one that several files hold is here once. The wide form has
    /// none: its columns are timeseries.
    pub devices: Vec<DeviceAnswers>,
}

/// What the rows of a device amount to.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceAnswers {
    /// The device.
    pub device: DeviceId,
    /// What its rows amount to.
    pub rows: Answered,
}

/// What some rows amount to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// How many.
    pub count: Answer<u64>,
    /// First and last time, when there is a row.
    pub times: Answer<Option<(i64, i64)>>,
    /// By number, ascending; of a column that is not here there is no value. Devices of one plan can each have columns of their own.
    columns: Vec<(usize, ColumnAnswers)>,
    /// Of all columns that are not here, when it is not known whether there is a value.
    others: Option<Box<ColumnAnswers>>,
}

impl Answered {
    /// What the values of a column amount to, by its number in [`Answers::names`].
    pub fn column(&self, number: usize) -> &ColumnAnswers {
        let found = self.columns.binary_search_by_key(&number, |c| c.0);
        match found.ok().and_then(|at| self.columns.get(at)) {
            Some((_, column)) => column,
            None => self.others.as_deref().unwrap_or(&NOTHING),
        }
    }

    /// Of no row.
    fn nothing() -> Self {
        Self {
            count: Ok(0),
            times: Ok(None),
            columns: Vec::new(),
            others: None,
        }
    }

    /// Of no row yet, with room for all columns: adding is quick then.
    fn start(columns: usize) -> Self {
        Self {
            columns: (0..columns).map(|i| (i, NOTHING.clone())).collect(),
            ..Self::nothing()
        }
    }

    /// Drops the columns of which there is nothing to say.
    fn end(mut self) -> Self {
        let others = self.others.as_deref().unwrap_or(&NOTHING);
        self.columns.retain(|(_, column)| column != others);
        self
    }

    fn refused(why: Refusal) -> Self {
        Self {
            count: Err(why),
            times: Err(why),
            columns: Vec::new(),
            others: Some(Box::new(ColumnAnswers::refused(why))),
        }
    }

    /// Adds rows that come later in the scan.
    fn add(&mut self, later: &Self) {
        column::add_counts(&mut self.count, &later.count);
        column::add_times(&mut self.times, &later.times);
        let before = self.columns.len();
        for (number, theirs) in &later.columns {
            let known = self.columns.get(..before).unwrap_or(&[]);
            let found = known.binary_search_by_key(number, |c| c.0).ok();
            match found.and_then(|at| self.columns.get_mut(at)) {
                Some((_, mine)) => mine.add(theirs),
                None => {
                    let mut mine = self.others.as_deref().unwrap_or(&NOTHING).clone();
                    mine.add(theirs);
                    self.columns.push((*number, mine));
                }
            }
        }
        if self.columns.len() > before {
            self.columns.sort_by_key(|c| c.0);
        }
        // Where nothing is known of others already, it stays so.
        if let (Some(others), None) = (&later.others, &self.others) {
            for (number, mine) in &mut self.columns {
                if later.columns.binary_search_by_key(number, |c| c.0).is_err() {
                    mine.add(others);
                }
            }
            self.others = Some(others.clone());
        }
    }
}

impl ScanPlan {
    /// Answers from statistics alone: what an aggregate over the rows of this plan would find, exact, or not given.
    ///
    /// ```
    /// use tsfile::model::Value;
    /// use tsfile::scan::{Form, ScanRequest, plan};
    /// use tsfile::{ReadOptions, TsFileReader};
    ///
    /// # fn main() -> tsfile::Result<()> {
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
    /// let reader = TsFileReader::open(path, ReadOptions::default())?;
    /// let plan = plan(vec![reader], ScanRequest::new().with_form(Form::Narrow))?;
    /// let answers = plan.answers()?;
    /// assert_eq!(answers.names[0], "s1");
    /// assert_eq!(answers.all.column(0).count, Ok(3));
    /// assert_eq!(answers.all.column(0).min, Ok(Some(Value::Int32(-12))));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Metadata are corrupt, or reading fails.
    pub fn answers(&self) -> Result<Answers> {
        let shared = &*self.shared;
        let names = shared.columns.values.iter().map(|v| v.name.clone());
        let mut answers = Answers {
            names: names.collect(),
            all: Answered::nothing(),
            files: Vec::with_capacity(self.files.len()),
            devices: Vec::new(),
        };
        let mut known: HashMap<DeviceId, usize> = HashMap::new();
        let columns = shared.columns.values.len();
        let mut total = Answered::start(columns);
        for work in self.files.iter() {
            work.reader.check_readable()?;
            let mut devices = Vec::new();
            let told = match shared.columns.form {
                Form::Wide => wide(shared, work),
                _ => by_device(shared, work, &mut devices).map(|()| {
                    let mut all = Answered::start(columns);
                    devices.iter().for_each(|d| all.add(&d.rows));
                    all.end()
                }),
            };
            let all = told.map_err(|e| work.reader.in_file(e))?;
            total.add(&all);
            answers.files.push(all);
            if self.files.len() == 1 {
                answers.devices = devices;
                continue;
            }
            for device in devices {
                let next = answers.devices.len();
                let number = *known.entry(device.device.clone()).or_insert(next);
                match answers.devices.get_mut(number) {
                    Some(same) => same.rows.add(&device.rows),
                    None => answers.devices.push(device),
                }
            }
        }
        answers.all = total.end();
        let request = &shared.request;
        let few = |count: &Answer<u64>| match request.limit {
            Some(limit) => count.is_ok_and(|n| n <= limit),
            None => true,
        };
        let refused = match request.offset > 0 || !few(&answers.all.count) {
            _ if self.merges_files() => Some(Refusal::Files),
            true => Some(Refusal::Limit),
            false => None,
        };
        if let Some(why) = refused {
            let devices = answers.devices.iter_mut().map(|d| &mut d.rows);
            for rows in devices.chain(&mut answers.files).chain([&mut answers.all]) {
                *rows = Answered::refused(why);
            }
        }
        Ok(answers)
    }
}

/// The times of `asked` in the slice of a file.
fn spans(work: &FileWork, asked: &Ranges<i64>) -> Vec<(i64, i64)> {
    let (first, last) = work.slice;
    let slice = Ranges::between(Cut::Before(first), Cut::After(last));
    asked.intersect(&slice).spans()
}

/// What is asked of one device.
struct Asked {
    spans: Arc<[(i64, i64)]>,
    residual: bool,
}

impl Asked {
    fn new(work: &FileWork, times: &Ranges<i64>, residual: &Predicate) -> Self {
        let residual = *residual != Predicate::Always;
        let spans = spans(work, times).into();
        Self { spans, residual }
    }
}

fn by_device(shared: &Shared, work: &FileWork, out: &mut Vec<DeviceAnswers>) -> Result<()> {
    let index = work.reader.index()?;
    let shown = &shared.columns.values;
    let columns: HashMap<&str, usize> = shown
        .iter()
        .enumerate()
        .map(|(i, v)| (v.name.as_str(), i))
        .collect();
    let by_kind: Vec<Destination> = index
        .kinds()
        .map(|m| (columns.get(&**m).copied(), m.clone()))
        .collect();
    let wanted = |series: &SeriesRef<'_>| -> Destination {
        let known = series.kind.and_then(|kind| by_kind.get(kind));
        known.cloned().unwrap_or_else(|| {
            let column = columns.get(series.measurement);
            (column.copied(), series.measurement.into())
        })
    };
    let existing = match shared.request.rows {
        Rows::Projected => Existing::Wanted,
        Rows::All => Existing::All,
    };
    let branches = shared.branches.iter();
    let branches: Vec<Asked> = branches
        .map(|b| Asked::new(work, &b.times, &b.residual))
        .collect();
    let mut known = Known::new(&work.reader);
    let mut same: Vec<DeviceRef<'_>> = Vec::new();
    let mut at = 0;
    out.reserve(work.devices.positions.len());
    loop {
        shared.request.cancel.check()?;
        let run = work.devices.run(index, at);
        let number = work.devices.branch(at);
        at += run.len();
        same.clear();
        same.extend(run.iter().filter_map(|&p| index.device(p as usize)));
        let Some(first) = same.first() else {
            return Ok(());
        };
        let id = first.id();
        let keyed = shared.branches.get(number).filter(|b| b.keyed);
        let own = keyed.zip(shared.filter.as_ref()).map(|(branch, filter)| {
            let of_device = filter.of_device(&branch.residual, id, &id.path());
            let (times, residual) = of_device.split_times(filter.time());
            match residual {
                Predicate::Never => Asked::new(work, &Ranges::none(), &Predicate::Always),
                residual => Asked::new(work, &times.intersect(&branch.times), &residual),
            }
        });
        let rows = match own.as_ref().or(branches.get(number)) {
            Some(asked) if !asked.residual => {
                let mut rows = Answered::nothing();
                known.clear();
                known
                    .add(&same, &wanted, existing)
                    .and_then(|()| tell(shared, &mut known, &asked.spans, existing, &mut rows))
                    .map_err(|e| e.device(id.path()))?;
                rows
            }
            _ => Answered::refused(Refusal::Residual),
        };
        out.push(DeviceAnswers {
            device: id.clone(),
            rows,
        });
    }
}

/// All devices at once: a row is a time at which any of them has a value.
fn wide(shared: &Shared, work: &FileWork) -> Result<Answered> {
    let mut out = Answered::nothing();
    let index = work.reader.index()?;
    let Some(branch) = shared.branches.first() else {
        return Ok(out);
    };
    if work.devices.positions.is_empty() {
        return Ok(out);
    }
    let asked = Asked::new(work, &branch.times, &branch.residual);
    let shown = &shared.columns.values;
    if asked.residual {
        return Ok(Answered::refused(Refusal::Residual));
    }
    let by_path: HashMap<(&str, usize), usize> = shown
        .iter()
        .enumerate()
        .map(|(i, v)| ((v.name.as_str(), v.measurement_bytes), i))
        .collect();
    let existing = match shared.request.rows {
        Rows::Projected => Existing::Wanted,
        Rows::All => Existing::Present,
    };
    let mut known = Known::new(&work.reader);
    let mut at = 0;
    loop {
        shared.request.cancel.check()?;
        let run = work.devices.run(index, at);
        at += run.len();
        let same = run.iter().filter_map(|&p| index.device(p as usize));
        let same: Vec<DeviceRef<'_>> = same.collect();
        let Some(first) = same.first() else {
            break;
        };
        let path = first.id().path();
        let wanted = |series: &SeriesRef<'_>| -> Destination {
            let full = format!("{path}.{}", series.measurement);
            let column = by_path.get(&(full.as_str(), series.measurement.len()));
            (column.copied(), series.measurement.into())
        };
        let added = known.add(&same, &wanted, existing);
        added.map_err(|e| e.device(&*path))?;
    }
    tell(shared, &mut known, &asked.spans, existing, &mut out)?;
    Ok(out)
}

fn tell(
    shared: &Shared,
    known: &mut Known,
    spans: &[(i64, i64)],
    existing: Existing,
    out: &mut Answered,
) -> Result<()> {
    let rows = known.rows(spans, existing)?;
    (out.count, out.times) = (rows.count, rows.times);
    known.columns(spans, |column, known| {
        if let Some(shown) = shared.columns.values.get(column) {
            let answers = ColumnAnswers::of(known, shown.data_type, &shared.request);
            if answers != NOTHING {
                out.columns.push((column, answers));
            }
        }
    })
}
