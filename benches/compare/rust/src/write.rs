//! Writes a data set as a table, from batches that are in memory.

use crate::clock::Clock;
use crate::dump::Dump;
use crate::{AnyResult, status_kib};
use arrow_array::RecordBatch;
use serde_json::{Value, json};
use std::path::Path;
use tsfile::{TsFileWriter, WriteOptions, WriteSummary};

/// Rows of a batch, as readers give them.
const BATCH_ROWS: usize = 65_536;

/// Writes `file` and tells of it.
pub fn run(dump: &str, file: &str, args: &[&str]) -> AnyResult<Value> {
    let dump = Dump::open(Path::new(dump))?;
    let mut options = WriteOptions::default()
        .with_table(&dump.table)
        .with_tags([&dump.tag]);
    let (mut times, mut stream) = (1, false);
    for arg in args {
        match arg.split_once('=') {
            Some(("times", n)) => times = n.parse()?,
            Some(("limit", mib)) => {
                options = options.with_memory_limit(mib.parse::<usize>()? << 20);
            }
            Some(("stream", "yes")) => stream = true,
            _ => return Err(format!("unknown option {arg}").into()),
        }
    }
    let batches = match stream {
        true => Vec::new(),
        false => dump.batches(BATCH_ROWS).collect::<AnyResult<Vec<_>>>()?,
    };
    // From here on the highest size is that of the writer: what is behind it is forgotten.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let data_kib = status_kib("VmRSS:")?;
    let mut clock = Clock::default();
    let mut summary = WriteSummary::default();
    for _ in 0..times {
        let options = options.clone();
        summary = clock.time(|| match stream {
            true => write(&dump, file, options, dump.batches(BATCH_ROWS)),
            false => write(&dump, file, options, batches.iter().cloned().map(Ok)),
        })?;
    }
    let columns: Vec<_> = summary
        .columns
        .iter()
        .map(|c| {
            let chunks: Vec<_> = c
                .chunks
                .iter()
                .map(|(e, c, n)| format!("{n} {e} {c}"))
                .collect();
            json!({"name": c.name, "bytes": c.bytes, "chunks": chunks.join(", ")})
        })
        .collect();
    let mut found = json!({
        "rows": summary.rows,
        "bytes": summary.bytes,
        "chunk_groups": summary.chunk_groups,
        "lossless": summary.lossless,
        "columns": columns,
        "data_kib": data_kib,
    });
    clock.tell(&mut found);
    Ok(found)
}

fn write(
    dump: &Dump,
    file: &str,
    options: WriteOptions,
    batches: impl Iterator<Item = AnyResult<RecordBatch>>,
) -> AnyResult<WriteSummary> {
    let mut writer = TsFileWriter::create(file, dump.schema.clone(), options)?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    Ok(writer.finish()?)
}
