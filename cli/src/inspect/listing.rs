//! `--chunks` and `--pages`: one row each, in the order of the file, handed on as they are read.

use tsfile::format::ChunkHeader;
use tsfile::read::Window;
use tsfile::{ErrorKind, TsFileReader};

use super::facts::{ChunkAt, Facts};
use crate::exit::Outcome;
use crate::output::Cell;
use crate::scope::Scope;

/// Columns of `--chunks`.
pub const CHUNK_COLUMNS: &[&str] = &[
    "device",
    "measurement",
    "offset",
    "bytes",
    "pages",
    "data_type",
    "encoding",
    "compression",
    "count",
    "start_time",
    "end_time",
];

/// Columns of `--pages`.
pub const PAGE_COLUMNS: &[&str] = &[
    "device",
    "measurement",
    "chunk_offset",
    "page",
    "offset",
    "uncompressed_bytes",
    "compressed_bytes",
    "count",
    "start_time",
    "end_time",
];

/// Hands one row per chunk to `row`. The number of pages is known only where there is at most one.
///
/// # Errors
/// Input, when a header is corrupt, and whatever `row` returns.
pub fn chunks(
    reader: &TsFileReader,
    facts: &Facts,
    scope: &mut Scope<'_>,
    mut row: impl FnMut(&[Cell<'_>]) -> Outcome,
) -> Outcome {
    let mut window = Window::default();
    each(reader, facts, scope, |device, measurement, chunk| {
        let header = header(reader, &mut window, chunk.offset)?;
        let header = header.as_ref();
        let pages = header
            .filter(|h| h.kind.single_page)
            .map(|h| Cell::Count(u64::from(h.data_bytes > 0)));
        let (start, end) = times(chunk.times);
        row(&[
            device.into(),
            measurement.into(),
            Cell::Count(chunk.offset),
            header.map(|h| Cell::Count(h.data_bytes.into())).into(),
            pages.into(),
            header.map(|h| h.data_type.name()).into(),
            header.map(|h| h.encoding.name()).into(),
            header.map(|h| h.compression.name()).into(),
            chunk.count.map(Cell::Count).into(),
            start,
            end,
        ])
    })
}

/// Hands one row per page to `row`. A page without statistics of its own that is alone in its chunk has the chunk's.
///
/// # Errors
/// Input, when a header is corrupt, and whatever `row` returns.
pub fn pages(
    reader: &TsFileReader,
    facts: &Facts,
    scope: &mut Scope<'_>,
    mut row: impl FnMut(&[Cell<'_>]) -> Outcome,
) -> Outcome {
    let mut window = Window::default();
    each(reader, facts, scope, |device, measurement, chunk| {
        let pages = match reader.page_headers(&mut window, chunk.offset) {
            Ok(pages) => pages,
            Err(e) if e.kind() == ErrorKind::Unsupported => return Ok(()),
            Err(e) => return Err(e.into()),
        };
        let single = pages.len() == 1;
        for (number, (offset, page)) in pages.iter().enumerate() {
            let (count, span) = match &page.statistics {
                Some(s) => (Some(s.count), s.time_range()),
                None if page.uncompressed_bytes == 0 => (Some(0), None),
                None if single => (chunk.count, chunk.times),
                None => (None, None),
            };
            let (start, end) = times(span);
            row(&[
                device.into(),
                measurement.into(),
                Cell::Count(chunk.offset),
                Cell::Count(number as u64),
                Cell::Count(*offset),
                Cell::Count(page.uncompressed_bytes.into()),
                Cell::Count(page.compressed_bytes.into()),
                count.map(Cell::Count).into(),
                start,
                end,
            ])?;
        }
        Ok(())
    })
}

/// Calls `visit` with device, measurement and place of every chunk in scope.
fn each(
    reader: &TsFileReader,
    facts: &Facts,
    scope: &mut Scope<'_>,
    mut visit: impl FnMut(&str, &str, &ChunkAt) -> Outcome,
) -> Outcome {
    let index = reader.index()?;
    // Chunks of a device follow each other: its path is made once.
    let mut last: Option<(usize, String, bool)> = None;
    for chunk in &facts.chunks {
        let Some(device) = index.device(chunk.device) else {
            continue;
        };
        let model = reader.model_of(device.id());
        if last.as_ref().is_none_or(|(at, ..)| *at != chunk.device) {
            let path = device.id().path();
            let wanted = match model {
                tsfile::model::Model::Tree => scope.device(&path),
                tsfile::model::Model::Table => {
                    scope.table(device.id().table()) || scope.device(&path)
                }
            };
            last = Some((chunk.device, path, wanted));
        }
        let Some((_, path, true)) = &last else {
            continue;
        };
        let series = device
            .series(chunk.series)
            .map_err(|e| e.in_file(reader.name()))?;
        if scope.column(model, series.measurement) {
            visit(path, series.measurement, chunk)?;
        }
    }
    Ok(())
}

fn header(reader: &TsFileReader, window: &mut Window, offset: u64) -> Outcome<Option<ChunkHeader>> {
    match reader.chunk_header(window, offset) {
        Ok(header) => Ok(Some(header)),
        Err(e) if e.kind() == ErrorKind::Unsupported => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn times(times: Option<(i64, i64)>) -> (Cell<'static>, Cell<'static>) {
    match times {
        Some((start, end)) => (Cell::Int64(start), Cell::Int64(end)),
        None => (Cell::Null, Cell::Null),
    }
}
