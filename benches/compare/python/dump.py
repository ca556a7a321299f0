"""A data set as raw columns in a folder: what the generator makes and every writer reads.

    shape.txt      lines `table NAME`, `tag NAME`, `rows_per_device N`, `column NAME TYPE` (in order),
                   and for strings `word COLUMN VALUE`, whose order gives the codes
    devices.txt    the values of the tag, one a line; rows are sorted by device, each has the same number of them
    time.bin       int64 milliseconds
    NAME.bin       the values, little-endian and without gaps: 4 or 8 bytes, one for BOOLEAN, one for the code of a STRING
    NAME.valid     one byte a row, 0 where the value is null; only of columns with nulls
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

DTYPES = {
    "BOOLEAN": np.dtype("u1"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FLOAT": np.dtype("<f4"),
    "DOUBLE": np.dtype("<f8"),
    "STRING": np.dtype("u1"),
}
ARROW_TYPES = {
    "BOOLEAN": pa.bool_(),
    "INT32": pa.int32(),
    "INT64": pa.int64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "STRING": pa.string(),
}


@dataclass
class Column:
    """A field: its name, its type as TsFile calls it, and the words of a string column."""

    name: str
    type: str
    words: list[str] = field(default_factory=list)


@dataclass
class Shape:
    """What there is besides the values."""

    table: str
    tag: str
    rows_per_device: int
    columns: list[Column]
    devices: list[str]

    @property
    def rows(self):
        return self.rows_per_device * len(self.devices)

    def save(self, folder):
        """Writes shape.txt and devices.txt."""
        lines = [f"table {self.table}", f"tag {self.tag}", f"rows_per_device {self.rows_per_device}"]
        for c in self.columns:
            lines.append(f"column {c.name} {c.type}")
            lines += [f"word {c.name} {w}" for w in c.words]
        (folder / "shape.txt").write_text("\n".join(lines) + "\n")
        (folder / "devices.txt").write_text("\n".join(self.devices) + "\n")

    @staticmethod
    def load(folder):
        """Reads shape.txt and devices.txt."""
        shape = Shape("", "", 0, [], (folder / "devices.txt").read_text().split())
        for line in (folder / "shape.txt").read_text().splitlines():
            key, *rest = line.split()
            if key == "table":
                shape.table = rest[0]
            elif key == "tag":
                shape.tag = rest[0]
            elif key == "rows_per_device":
                shape.rows_per_device = int(rest[0])
            elif key == "column":
                shape.columns.append(Column(rest[0], rest[1]))
            else:
                shape.columns[-1].words.append(rest[1])
        return shape


class Dump:
    """A data set that is there, with its columns mapped into memory."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.shape = Shape.load(self.folder)

    def times(self):
        return np.memmap(self.folder / "time.bin", np.dtype("<i8"), "r")

    def values(self, column):
        return np.memmap(self.folder / f"{column.name}.bin", DTYPES[column.type], "r")

    def valid(self, column):
        """One byte a row, or None where no value is null."""
        path = self.folder / f"{column.name}.valid"
        return np.memmap(path, np.dtype("u1"), "r") if path.exists() else None

    def batch(self, start, end):
        """The rows from `start` to `end` as a record batch: time, tag, columns."""
        per = self.shape.rows_per_device
        device = np.arange(start, end) // per
        first = device[0]
        names = pa.array(self.shape.devices[first : device[-1] + 1], pa.string())
        arrays = [
            pa.array(self.times()[start:end], pa.int64()),
            names.take(pa.array(device - first)),
        ]
        for c in self.shape.columns:
            values = self.values(c)[start:end]
            valid = self.valid(c)
            mask = None if valid is None else valid[start:end] == 0
            if c.type == "STRING":
                codes = pa.array(values.astype(np.int32), mask=mask)
                arrays.append(pa.array(c.words, pa.string()).take(codes))
            elif c.type == "BOOLEAN":
                arrays.append(pa.array(values != 0, pa.bool_(), mask=mask))
            else:
                arrays.append(pa.array(values, ARROW_TYPES[c.type], mask=mask))
        names = ["time", self.shape.tag] + [c.name for c in self.shape.columns]
        return pa.record_batch(arrays, names=names)

    def batches(self, rows):
        """All rows, in batches of `rows`."""
        for start in range(0, self.shape.rows, rows):
            yield self.batch(start, min(start + rows, self.shape.rows))
