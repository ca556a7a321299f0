//! `--where`: a condition in SQL on the rows of TsFiles.

use tsfile::Error;
use tsfile::filter::{CompareOp, Expr, Literal};
use tsfile::model::Zone;
use tsfile::scan::ScanRequest;

use crate::args::TimeUnit;
use crate::exit::{Failure, Outcome};

/// Name of the column with the path of the device.
pub const DEVICE: &str = "device_name";
/// What the device column is called where a measurement has its name; nobody sees it.
const HIDDEN: &str = "\0";

/// Which rows, and how instants in the condition are read.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Scope")]
pub struct WhereArgs {
    /// Only rows for which this condition in SQL is true, such as "s1 > 5 and time < 100"; it may name any column
    #[arg(long = "where", value_name = "SQL", allow_hyphen_values = true)]
    pub sql: Option<String>,
    /// Zone of instants in --where that name none, UTC or an offset such as +02:00 [default: UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true, value_parser = Zone::parse, requires = "sql")]
    tz: Option<Zone>,
    /// What one step of time is, for instants in --where; TsFiles do not record it [default: ms]
    #[arg(long, value_name = "UNIT", requires = "sql")]
    time_unit: Option<TimeUnit>,
}

impl WhereArgs {
    /// The condition, when there is one.
    ///
    /// # Errors
    /// Usage, showing the place.
    pub fn filter(&self) -> Outcome<Option<Filter>> {
        let unit = self.time_unit.unwrap_or_default();
        Filter::parse(self.sql.as_deref(), self.tz, unit)
    }
}

/// A condition, and how instants in it are read.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The condition.
    expr: Expr,
    zone: Zone,
    unit: TimeUnit,
}

impl Filter {
    /// Reads `sql`.
    ///
    /// # Errors
    /// Usage, showing the place.
    pub fn parse(sql: Option<&str>, zone: Option<Zone>, unit: TimeUnit) -> Outcome<Option<Self>> {
        let Some(sql) = sql else {
            return Ok(None);
        };
        let zone = zone.unwrap_or(Zone::UTC);
        let expr = Expr::parse_in(sql, zone.seconds()).map_err(|e| of_place(&e))?;
        Ok(Some(Self { expr, zone, unit }))
    }

    /// `request` with this condition.
    pub fn apply(&self, request: ScanRequest) -> ScanRequest {
        request
            .with_filter(Some(self.expr.clone()))
            .with_zone(self.zone)
            .with_time_unit(self.unit.library())
    }

    /// For each of some objects what it is there. A column that an object lacks and another one has is null in all its rows; one that none has
    /// stays, so that planning says what there is.
    pub fn of_each<T>(&self, objects: &[T], has: impl Fn(&T, &str) -> bool) -> Vec<Self> {
        let known = |name: &str| objects.iter().any(|object| has(object, name));
        let known: Vec<&str> = self
            .names()
            .into_iter()
            .filter(|name| known(name))
            .collect();
        let of = |object: &T| Self {
            expr: without(&self.expr, &|name| {
                known.contains(&name) && !has(object, name)
            }),
            ..self.clone()
        };
        objects.iter().map(of).collect()
    }

    /// The columns that it names.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        each_name(&self.expr, &mut |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        names
    }
}

/// Name of the device column beside these measurements: in conditions it is called as everywhere, unless a measurement has that name.
pub fn device_column<'a>(mut measurements: impl Iterator<Item = &'a str>) -> &'static str {
    if measurements.any(|name| name == DEVICE) {
        HIDDEN
    } else {
        DEVICE
    }
}

/// The text with the caret as it is, and the hint on a line of its own.
fn of_place(error: &Error) -> Failure {
    let text = error.to_string();
    let Some(hint) = error.suggestion() else {
        return Failure::usage(format_args!("--where: {text}"));
    };
    let place = text.strip_suffix(hint).and_then(|t| t.strip_suffix("; "));
    Failure::usage(format_args!("--where: {}\n{hint}", place.unwrap_or(&text)))
}

fn without(expr: &Expr, missing: &dyn Fn(&str) -> bool) -> Expr {
    let parts = |parts: &[Expr]| parts.iter().map(|p| without(p, missing)).collect();
    match expr {
        Expr::Compare { column, op, value } if missing(column) => {
            Expr::Constant(match (op, value) {
                (CompareOp::IsNotDistinct, value) => Some(*value == Literal::Null),
                _ => None,
            })
        }
        Expr::In { column, .. } | Expr::Like { column, .. } if missing(column) => {
            Expr::Constant(None)
        }
        Expr::IsNull { column } if missing(column) => Expr::Constant(Some(true)),
        Expr::Not(inner) => Expr::Not(Box::new(without(inner, missing))),
        Expr::And(all) => Expr::And(parts(all)),
        Expr::Or(any) => Expr::Or(parts(any)),
        other => other.clone(),
    }
}

fn each_name<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a str)) {
    match expr {
        Expr::Constant(_) => {}
        Expr::Compare { column, .. }
        | Expr::In { column, .. }
        | Expr::IsNull { column }
        | Expr::Like { column, .. } => f(column),
        Expr::Not(inner) => each_name(inner, f),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| each_name(part, f)),
    }
}
