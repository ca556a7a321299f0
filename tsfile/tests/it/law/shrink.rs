//! Smaller cases: what can be left out of a case that goes wrong.

use super::case::{Case, Way};
use super::view::View;
use tsfile::TsFileReader;
use tsfile::filter::Expr;
use tsfile::scan::{DEFAULT_BATCH_BYTES, Rows};

/// Steps after which a case is small enough.
const MOST_STEPS: usize = 200;

/// Leaves out what can be left out while the case still fails.
pub fn shrink(case: &Case, what: &str, view: &View, reader: &TsFileReader) -> (Case, String) {
    let (mut small, mut what) = (case.clone(), what.to_string());
    'smaller: for _ in 0..MOST_STEPS {
        for candidate in small.smaller() {
            if let Err(e) = candidate.check(view, reader) {
                (small, what) = (candidate, e);
                continue 'smaller;
            }
        }
        break;
    }
    (small, what)
}

impl Case {
    /// Cases that ask for less; each is nearer to the smallest one that goes wrong.
    fn smaller(&self) -> Vec<Self> {
        let with = |change: &dyn Fn(&mut Self)| {
            let mut new = self.clone();
            change(&mut new);
            new
        };
        let mut out = Vec::new();
        if self.way != Way::Scan {
            out.push(with(&|c| c.way = Way::Scan));
        }
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
        if self.dictionaries {
            out.push(with(&|c| c.dictionaries = false));
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
