//! The only mapping between TsFile and Arrow: types, and decoded buffers to arrays.

mod array;
mod input;
mod spread;
mod strings;
mod types;
mod values;

pub use array::ColumnBuilder;
pub use input::{ByteCells, Cells, Intake, TYPE_KEY, times};
pub use spread::set_runs;
pub use types::{ColumnType, DateMode, TextMode, TimeUnit, date_to_days, days_to_date, widen};
pub use values::Values;
