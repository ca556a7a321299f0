"""Parquet read with pyarrow as a peer.

    read_pyarrow.py idle
    read_pyarrow.py open FILE [times=N]         footer and Arrow schema
    read_pyarrow.py scan FILE [column=NAME]     in batches, on one thread, each batch dropped before the next

`check=yes` also sums up the columns.
"""

import pyarrow.parquet as pq

import reader

BATCH_ROWS = 65536


def open_file(file, _sums):
    """Footer and Arrow schema."""
    with pq.ParquetFile(file) as parquet:
        parquet.schema_arrow


def scan(file, sums, column=None):
    """All columns or one."""
    with pq.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(BATCH_ROWS, columns=[column] if column else None, use_threads=False):
            sums.batch(batch)


if __name__ == "__main__":
    reader.main({"open": open_file, "scan": scan})
