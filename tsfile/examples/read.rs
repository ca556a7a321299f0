//! Reads a TsFile: `cargo run -p tsfile --example read -- FILE`.

fn main() -> tsfile::Result<()> {
    let path = std::env::args().nth(1).unwrap_or("plant.tsfile".into());
    let scan = tsfile::open(path)?.scan()?;
    for batch in scan {
        let batch: arrow_array::RecordBatch = batch?;
        println!("{} rows", batch.num_rows());
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            println!("{} {:?}", field.name(), column);
        }
    }
    Ok(())
}
