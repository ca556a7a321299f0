"""Parquet read with DuckDB as a peer, on one thread.

    read_duckdb.py idle
    read_duckdb.py select FILE column=NAME low=X high=Y   rows by value, as Arrow
    read_duckdb.py aggregate FILE                         what each column of each device amounts to, as Arrow

`check=yes` also sums up the columns.
"""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import reader


def arrow(sql, *values):
    """What a query gives, whole."""
    connection = duckdb.connect(config={"threads": 1})
    found = connection.sql(sql, params=values).to_arrow_table()
    connection.close()
    return found


def select(file, sums, column, low, high):
    """Rows whose value lies between two others, both included."""
    found = arrow(f"SELECT * FROM read_parquet(?) WHERE {column} BETWEEN ? AND ?", file, float(low), float(high))
    for batch in found.to_batches():
        sums.batch(batch)


def aggregate(file, sums):
    """Of BOOLEAN no smallest and no largest. `first` and `last` are those of the file, where rows are sorted; by time they take longer."""
    _, device, *fields = pq.read_schema(file)
    columns = []
    for f in fields:
        whats = ["count", "first", "last"] + ["min", "max"] * (f.type != pa.bool_())
        columns += [f'{what}({f.name}) AS "{f.name} {what}"' for what in whats]
    found = arrow(f"SELECT {', '.join([device.name, *columns])} FROM read_parquet(?) GROUP BY {device.name}", file)
    for batch in found.to_batches():
        sums.batch(batch)


if __name__ == "__main__":
    reader.main({"select": select, "aggregate": aggregate})
