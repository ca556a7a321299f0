"""Writes a data set with polars as Parquet, zstd and otherwise default settings: `python write_parquet.py DUMP FILE`."""

import sys

import polars as pl
import pyarrow as pa

from dump import Dump

BATCH_ROWS = 1_000_000


def main():
    folder, path = sys.argv[1:]
    table = pa.Table.from_batches(list(Dump(folder).batches(BATCH_ROWS)))
    pl.from_arrow(table).write_parquet(path, compression="zstd")


if __name__ == "__main__":
    main()
