//! One question about a file, its answer by the full scan, and what the engine makes of it.

use super::evaluate::evaluate;
use super::expressions::{self, MOST_LEVELS};
use super::view::View;
use crate::written::random::Random;
use arrow_array::{Array, RecordBatch, UInt32Array};
use std::collections::BTreeSet;
use tsfile::TsFileReader;
use tsfile::filter::{Expr, normalize};
use tsfile::model::Model;
use tsfile::scan::{DEFAULT_BATCH_BYTES, Form, Rows, ScanRequest, scan};

/// Stand-in until scans take filters.
const FILTERS: bool = false;

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
            batch_bytes: r.pick(&[1, 60, 600, 5_000, DEFAULT_BATCH_BYTES, DEFAULT_BATCH_BYTES]),
        };
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
        self.check_predicate(view)?;
        let (mut rows, kept) = self.filtered(view);
        if !FILTERS {
            rows = self.candidates(view);
        }
        rows.drain(..rows.len().min(self.offset as usize));
        rows.truncate(self.limit.map_or(usize::MAX, |l| l as usize));
        let ask = std::panic::AssertUnwindSafe(|| self.ask(view, reader));
        let found = std::panic::catch_unwind(ask);
        let found = found.map_err(|_| "a panic, see above".to_string())?;
        let found = found.map_err(|e| format!("error: {e}"))?;
        same(&view.batch, &rows, &found).map(|()| kept)
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
        let request = self.request(view);
        let scan = scan(vec![reader.clone()], request)?;
        let schema = scan.schema();
        let batches = scan.collect::<tsfile::Result<Vec<_>>>()?;
        Ok(arrow_select::concat::concat_batches(&schema, &batches).unwrap())
    }

    fn request(&self, view: &View) -> ScanRequest {
        let (start, end) = self.times.unwrap_or((i64::MIN, i64::MAX));
        view.request
            .clone()
            .with_columns(self.columns.clone())
            .with_rows(self.rows)
            .with_time_range(start, end)
            .with_offset(self.offset)
            .with_limit(self.limit)
            .with_batch_bytes(self.batch_bytes)
    }

    /// Cases that ask for less; each is nearer to the smallest one that goes wrong.
    pub fn smaller(&self) -> Vec<Self> {
        let with = |change: &dyn Fn(&mut Self)| {
            let mut new = self.clone();
            change(&mut new);
            new
        };
        let mut out = Vec::new();
        if self.times.is_some() {
            out.push(with(&|c| c.times = None));
        }
        if self.offset > 0 {
            out.push(with(&|c| c.offset = 0));
        }
        if self.limit.is_some() {
            out.push(with(&|c| c.limit = None));
        }
        if self.rows != Rows::All {
            out.push(with(&|c| c.rows = Rows::All));
        }
        if self.batch_bytes != DEFAULT_BATCH_BYTES {
            out.push(with(&|c| c.batch_bytes = DEFAULT_BATCH_BYTES));
        }
        if let Some(names) = &self.columns {
            out.push(with(&|c| c.columns = None));
            for i in 0..names.len() {
                out.push(with(&|c| _ = c.columns.as_mut().unwrap().remove(i)));
            }
        }
        out.extend(
            smaller(&self.expr)
                .into_iter()
                .map(|e| with(&|c| c.expr = e.clone())),
        );
        out
    }
}

/// Expressions with something left out.
fn smaller(expr: &Expr) -> Vec<Expr> {
    let of_all = |all: &[Expr], make: &dyn Fn(Vec<Expr>) -> Expr| {
        let mut out = all.to_vec();
        for i in 0..all.len() {
            if all.len() > 2 {
                let mut fewer = all.to_vec();
                fewer.remove(i);
                out.push(make(fewer));
            }
            for one in smaller(&all[i]) {
                let mut changed = all.to_vec();
                changed[i] = one;
                out.push(make(changed));
            }
        }
        out
    };
    match expr {
        Expr::And(all) => of_all(all, &Expr::And),
        Expr::Or(all) => of_all(all, &Expr::Or),
        Expr::Not(inner) => {
            let mut out = vec![(**inner).clone()];
            out.extend(smaller(inner).into_iter().map(|e| Expr::Not(Box::new(e))));
            out
        }
        Expr::In { column, list } if list.len() > 1 => (0..list.len())
            .map(|i| {
                let (column, mut list) = (column.clone(), list.clone());
                list.remove(i);
                Expr::In { column, list }
            })
            .collect(),
        _ => Vec::new(),
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
            != array.to_data()
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
        let columns: Vec<_> = columns
            .iter()
            .map(|&c| crate::expected::cells(batch.column(c)))
            .collect();
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
        .take_while(|(a, b)| a == b)
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
