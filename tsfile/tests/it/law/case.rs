//! One question about a file, its answer by the full scan, and what the engine makes of it.

use super::evaluate::evaluate;
use super::expressions::{self, MOST_LEVELS};
use super::view::{View, values};
use crate::expected::without_dictionary;
use crate::written::random::Random;
use arrow_array::{Array, RecordBatch, UInt32Array};
use std::collections::BTreeSet;
use tsfile::TsFileReader;
use tsfile::filter::{Expr, normalize};
use tsfile::model::Model;
use tsfile::scan::{DEFAULT_BATCH_BYTES, Form, Rows, ScanRequest, SplitMode, plan};

/// A question; how values are shown is the view's.
#[derive(Debug, Clone)]
pub struct Case {
    pub expr: Expr,
    pub columns: Option<Vec<String>>,
    pub rows: Rows,
    pub times: Option<(i64, i64)>,
    pub offset: u64,
    pub limit: Option<u64>,
    pub batch_bytes: usize,
    pub dictionaries: bool,
    pub way: Way,
}

/// How a plan is run; all ways give the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Scan,
    /// Split by split, one after the other.
    Splits(SplitMode),
}

/// How many rows there were to choose from, and how many the expression kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kept {
    pub of: usize,
    pub kept: usize,
}

impl Kept {
    pub fn some(self) -> bool {
        self.kept > 0 && self.kept < self.of
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "WHERE {} -- columns {:?}, rows {:?}, times {:?}, offset {}, limit {:?}, batch_bytes {}, dictionaries {}, {:?}",
            self.expr,
            self.columns,
            self.rows,
            self.times,
            self.offset,
            self.limit,
            self.batch_bytes,
            self.dictionaries,
            self.way
        )
    }
}

impl Case {
    pub fn random(r: &mut Random, view: &View, reader: &TsFileReader) -> Self {
        let rows = if view.form != Form::Table && r.chance(40) {
            Rows::Projected
        } else {
            Rows::All
        };
        let instants = &view.batch;
        let mut new = Self {
            expr: Expr::Constant(None),
            columns: r.chance(65).then(|| projection(r, view, reader)),
            rows,
            times: (r.chance(10) && instants.num_rows() > 0).then(|| time_range(r, view)),
            offset: if r.chance(5) { r.below(20) as u64 } else { 0 },
            limit: r.chance(20).then(|| r.pick(&[0, 1, 2, 5, 17, 100])),
            way: Way::Scan,
            batch_bytes: r.pick(&[1, 60, 600, 5_000, DEFAULT_BATCH_BYTES, DEFAULT_BATCH_BYTES]),
            dictionaries: r.chance(35),
        };
        if new.offset == 0 && new.limit.is_none() && r.chance(20) {
            let bytes = r.pick(&[1, 300, 3_000, 1 << 20]);
            new.way = Way::Splits(match view.form {
                Form::Wide => SplitMode::Parallel { bytes },
                _ => r.pick(&[SplitMode::Parallel { bytes }, SplitMode::Keyed]),
            });
        }
        // Most expressions by pure chance keep everything or nothing.
        for _ in 0..4 {
            let levels = 1 + r.below(MOST_LEVELS);
            new.expr = expressions::random(r, view, levels);
            if new.kept(view).some() {
                break;
            }
        }
        new
    }

    /// The case without its expression: everything that can be chosen from.
    fn candidates(&self, view: &View) -> Vec<u32> {
        let times = super::view::times(view);
        let selected = self.selected(view);
        (0..view.rows() as u32)
            .filter(|&row| {
                let t = times[row as usize];
                let inside = self.times.is_none_or(|(a, b)| a <= t && t <= b);
                // A row needs a point of a series that is selected; columns that the expression alone names make no rows.
                let exists = self.rows == Rows::All
                    || selected.iter().any(|&c| {
                        let column = &view.columns[c];
                        !column.key && column.values[row as usize].is_some()
                    });
                inside && exists
            })
            .collect()
    }

    /// Columns that are shown, by their places in the view.
    fn selected(&self, view: &View) -> Vec<usize> {
        let all = 0..view.columns.len();
        let Some(names) = &self.columns else {
            return all.collect();
        };
        let of = |name: &String| {
            let of_series = |c: &str| view.form == Form::Wide && c.ends_with(&format!(".{name}"));
            let found = all.clone().filter(move |&i| {
                let c = &view.columns[i];
                c.name == *name || !c.key && of_series(&c.name)
            });
            found.collect::<Vec<_>>()
        };
        names.iter().flat_map(of).collect()
    }

    fn filtered(&self, view: &View) -> (Vec<u32>, Kept) {
        let candidates = self.candidates(view);
        let truth = evaluate(&self.expr, view);
        let of = candidates.len();
        let kept: Vec<u32> = candidates
            .into_iter()
            .filter(|&row| truth[row as usize] == Some(true))
            .collect();
        let counts = Kept {
            of,
            kept: kept.len(),
        };
        (kept, counts)
    }

    pub fn kept(&self, view: &View) -> Kept {
        self.filtered(view).1
    }

    /// Compares what the engine finds with the rows of the full scan that the expression keeps.
    ///
    /// # Errors
    /// What differs, in a line.
    pub fn check(&self, view: &View, reader: &TsFileReader) -> Result<Kept, String> {
        self.check_text()?;
        self.check_predicate(view)?;
        let (mut rows, kept) = self.filtered(view);
        rows.drain(..rows.len().min(self.offset as usize));
        rows.truncate(self.limit.map_or(usize::MAX, |l| l as usize));
        let ask = std::panic::AssertUnwindSafe(|| self.ask(view, reader));
        let found = std::panic::catch_unwind(ask);
        let found = found.map_err(|_| "a panic, see above".to_string())?;
        let found = found.map_err(|e| format!("error: {e}"))?;
        same(&view.batch, &rows, &found).map(|()| kept)
    }

    /// The text of the expression has to come back as the same expression.
    fn check_text(&self) -> Result<(), String> {
        let text = self.expr.to_string();
        match Expr::parse(&text) {
            Err(e) => Err(format!("{text} is not understood: {e}")),
            // NaN equals nothing, itself included.
            Ok(again) if format!("{again:?}") != format!("{:?}", self.expr) => {
                Err(format!("{text} comes back as {again:?}"))
            }
            Ok(_) => Ok(()),
        }
    }

    /// The library's own two ways to evaluate an expression have to say what the evaluator says: a fault of theirs is told from one of scans.
    fn check_predicate(&self, view: &View) -> Result<(), String> {
        let columns: Vec<_> = view
            .columns
            .iter()
            .map(|c| c.of_filter(view.step))
            .collect();
        let truth = evaluate(&self.expr, view);
        let plainly = self.expr.evaluate(&view.batch, &columns);
        let plainly = plainly.map_err(|e| format!("Expr::evaluate: {e}"))?;
        let rows = 0..view.rows();
        if let Some(row) = rows
            .clone()
            .find(|&r| plainly.is_valid(r).then(|| plainly.value(r)) != truth[r])
        {
            return Err(format!("Expr::evaluate: row {row} is not {:?}", truth[row]));
        }
        let predicate = normalize(&self.expr, &columns).map_err(|e| format!("normalize: {e}"))?;
        let column = |c: usize| view.batch.columns().get(c).map(|a| &**a);
        let kept = predicate.evaluate(view.rows(), &column);
        let kept = kept.map_err(|e| format!("Predicate::evaluate: {e}"))?;
        let mut rows = rows;
        match rows.find(|&r| kept.value(r) != (truth[r] == Some(true))) {
            None => Ok(()),
            Some(row) => Err(format!(
                "Predicate::evaluate: row {row} is {}, of {predicate:?}",
                kept.value(row)
            )),
        }
    }

    fn ask(&self, view: &View, reader: &TsFileReader) -> tsfile::Result<RecordBatch> {
        let plan = plan(vec![reader.clone()], self.request(view))?;
        let scans = match self.way {
            Way::Scan => vec![plan.scan()?],
            Way::Splits(mode) => {
                let splits = plan.splits(mode)?;
                splits.iter().map(|s| plan.scan_split(s)).collect()
            }
        };
        let schema = plan.schema();
        let batches = scans.into_iter().flatten();
        let batches = batches.collect::<tsfile::Result<Vec<_>>>()?;
        Ok(arrow_select::concat::concat_batches(&schema, &batches).unwrap())
    }

    fn request(&self, view: &View) -> ScanRequest {
        let (start, end) = self.times.unwrap_or((i64::MIN, i64::MAX));
        view.request
            .clone()
            .with_filter(Some(self.expr.clone()))
            .with_columns(self.columns.clone())
            .with_rows(self.rows)
            .with_time_range(start, end)
            .with_offset(self.offset)
            .with_limit(self.limit)
            .with_batch_bytes(self.batch_bytes)
            .with_dictionaries(self.dictionaries)
    }
}

/// Some columns in any order; none of them now and then.
fn projection(r: &mut Random, view: &View, reader: &TsFileReader) -> Vec<String> {
    if view.form == Form::Wide && r.chance(25) {
        return measurements(r, reader);
    }
    let choice = view
        .named()
        .skip(1)
        .filter(|c| view.form == Form::Table || !c.key);
    let names: Vec<String> = choice.map(|c| c.name.clone()).collect();
    let n = r.pick(&[0, 1, 1, 1, 2, 3, 10]);
    r.distinct(&names, n)
}

/// A measurement, which in the form wide stands for all timeseries of that name.
fn measurements(r: &mut Random, reader: &TsFileReader) -> Vec<String> {
    let mut names = BTreeSet::new();
    for d in reader.index().unwrap().devices() {
        if reader.model_of(d.id()) == Model::Tree {
            let series = (0..d.series_count()).map(|k| d.series(k).unwrap().measurement);
            names.extend(series.filter(|m| !m.is_empty()).map(str::to_string));
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    r.distinct(&names, 1)
}

fn time_range(r: &mut Random, view: &View) -> (i64, i64) {
    let times = super::view::times(view);
    let (a, b) = (r.pick(&times), r.pick(&times));
    (a.min(b), a.max(b))
}

/// Whether `found` is these rows of `all`, bit for bit and in order.
fn same(all: &RecordBatch, rows: &[u32], found: &RecordBatch) -> Result<(), String> {
    if found.num_rows() != rows.len() {
        return Err(format!(
            "{} rows instead of {}{}",
            found.num_rows(),
            rows.len(),
            first_difference(all, rows, found)
        ));
    }
    let wanted = UInt32Array::from(rows.to_vec());
    for (field, array) in found.schema().fields().iter().zip(found.columns()) {
        let Some(full) = all.column_by_name(field.name()) else {
            return Err(format!("there is no column {:?}", field.name()));
        };
        // Arrow compares the bits of floating point numbers.
        if arrow_select::take::take(full, &wanted, None)
            .unwrap()
            .to_data()
            != without_dictionary(array).to_data()
        {
            return Err(format!(
                "column {:?} differs{}",
                field.name(),
                first_difference(all, rows, found)
            ));
        }
    }
    Ok(())
}

fn first_difference(all: &RecordBatch, rows: &[u32], found: &RecordBatch) -> String {
    let shown: Vec<usize> = found
        .schema()
        .fields()
        .iter()
        .filter_map(|f| all.schema().index_of(f.name()).ok())
        .collect();
    let cells = |batch: &RecordBatch, columns: &[usize]| {
        let columns = columns.iter().map(|&c| without_dictionary(batch.column(c)));
        let columns: Vec<_> = columns.map(|c| values(&c)).collect();
        let line = |row: usize| columns.iter().map(|c| c[row].clone()).collect::<Vec<_>>();
        (0..batch.num_rows()).map(line).collect::<Vec<_>>()
    };
    let wanted = UInt32Array::from(rows.to_vec());
    let taken = arrow_select::take::take_record_batch(all, &wanted).unwrap();
    let expected = cells(&taken, &shown);
    let got = cells(found, &(0..shown.len()).collect::<Vec<_>>());
    let at = expected
        .iter()
        .zip(&got)
        // By their text: NaN equals nothing.
        .take_while(|(a, b)| format!("{a:?}") == format!("{b:?}"))
        .count();
    format!(
        "; row {at} is {:?} instead of {:?}",
        got.get(at),
        expected.get(at)
    )
}

#[test]
fn bits_are_compared_not_numbers() {
    let double = |v: f64| RecordBatch::try_from_iter([("x", array(v))]).unwrap();
    fn array(v: f64) -> arrow_array::ArrayRef {
        std::sync::Arc::new(arrow_array::Float64Array::from(vec![v]))
    }
    let nan = f64::from_bits(0x7ff8_0000_0000_0bad);
    assert!(same(&double(nan), &[0], &double(nan)).is_ok());
    assert!(same(&double(nan), &[0], &double(f64::NAN)).is_err());
    assert!(same(&double(0.0), &[0], &double(-0.0)).is_err());
    assert!(same(&double(1.0), &[0, 0], &double(1.0)).is_err());
}
