"""Parquet read with polars as a peer.

    read_polars.py idle
    read_polars.py open FILE [times=N]         names and types
    read_polars.py scan FILE [column=NAME]     the whole frame at once; POLARS_MAX_THREADS=1 holds it to one thread
    read_polars.py select FILE column=NAME low=X high=Y   rows by value, with what polars knows of skipping

`check=yes` also sums up the columns.
"""

import polars as pl

import reader


def open_file(file, _sums):
    """Names and types."""
    pl.read_parquet_schema(file)


def scan(file, sums, column=None):
    """All columns or one."""
    take(pl.read_parquet(file, columns=[column] if column else None), sums)


def select(file, sums, column, low, high):
    """Rows whose value lies between two others, both included."""
    take(pl.scan_parquet(file).filter(pl.col(column).is_between(float(low), float(high))).collect(), sums)


def take(frame, sums):
    """Sums up a frame if that is asked for."""
    if sums.check:
        for batch in frame.to_arrow().to_batches():
            sums.batch(batch)
    else:
        sums.rows = len(frame)


if __name__ == "__main__":
    reader.main({"open": open_file, "scan": scan, "select": select})
