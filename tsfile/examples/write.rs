//! Writes a TsFile: `cargo run -p tsfile --example write -- FILE`.

use arrow_array::record_batch;
use tsfile::{TsFileWriter, WriteOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or("plant.tsfile".into());
    let batch = record_batch!(
        ("time", Int64, [1, 2, 3]),
        (
            "device_name",
            Utf8,
            ["root.plant.d1", "root.plant.d1", "root.plant.d2"]
        ),
        ("temperature", Float64, [21.5, 21.7, 19.0])
    )?;
    let mut writer = TsFileWriter::create(path, batch.schema(), WriteOptions::default())?;
    writer.write(&batch)?;
    println!("{:#?}", writer.finish()?);
    Ok(())
}
