"""Parquet by polars as a peer: `write_parquet.py table DUMP FILE [times=N]`. Compression is zstd, every other setting as it comes."""

import polars as pl
import pyarrow as pa

import writer
from dump import Dump

BATCH_ROWS = 1_000_000


def table(folder):
    """One frame with all rows."""
    frame = pl.from_arrow(pa.Table.from_batches(list(Dump(folder).batches(BATCH_ROWS))))
    return lambda path: frame.write_parquet(path, compression="zstd")


if __name__ == "__main__":
    writer.main({"table": table})
