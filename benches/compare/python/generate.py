"""Makes the data sets: `python generate.py DATA SCALE [NAME..]` writes DATA/columns/NAME (see dump.py) and DATA/NAME.json,
which says what a correct reader finds.

Everything follows from the seed below, so that figures made at different times are of the same values.
"""

import json
import sys
from pathlib import Path

import numpy as np

from dump import DTYPES, Column, Shape

SEED = 20261121
EPOCH = 1_700_000_000_000


class Writer:
    """Writes the columns of one data set and sums them up."""

    def __init__(self, data, shape):
        self.folder = data / "columns" / shape.table
        self.folder.mkdir(parents=True, exist_ok=True)
        self.json = data / f"{shape.table}.json"
        self.shape = shape
        self.columns = {}
        self.rounded = {}
        shape.save(self.folder)

    def times(self, times):
        """Sums of times count from EPOCH, so that they fit into 64 bits."""
        times.astype("<i8").tofile(self.folder / "time.bin")
        self.columns["time"] = summary((times - EPOCH).astype(np.int64))

    def column(self, column, values, valid=None):
        """One field; `valid` is false where it is null."""
        values = values.astype(DTYPES[column.type])
        values.tofile(self.folder / f"{column.name}.bin")
        if valid is not None:
            valid.astype("u1").tofile(self.folder / f"{column.name}.valid")
            values = values[valid]
        if column.type == "STRING":
            values = np.array([len(w) for w in column.words], np.int64)[values]
        self.columns[column.name] = summary(values)
        if column.type in ("FLOAT", "DOUBLE"):
            self.rounded[column.name] = summary(two_decimals(values))

    def finish(self):
        """Writes the JSON. `ts2diff` is what TS_2DIFF, which keeps two decimals, leaves of the floats."""
        tag = np.array([len(d) for d in self.shape.devices], np.int64) * self.shape.rows_per_device
        self.columns[self.shape.tag] = {"count": self.shape.rows, "sum": int(tag.sum()), "abs": int(tag.sum())}
        fields = [c.name for c in self.shape.columns]
        found = {
            "table": self.shape.table,
            "tag": self.shape.tag,
            "fields": fields,
            "rows": self.shape.rows,
            "devices": len(self.shape.devices),
            "cells": sum(self.columns[f]["count"] for f in fields),
            "columns": self.columns,
            "ts2diff": self.columns | self.rounded,
        }
        self.json.write_text(json.dumps(found, indent=1) + "\n")


def summary(values):
    """Values there are, their sum (exact for integers) and the sum of their magnitudes, by which a float sum may be judged.
    Of BOOLEAN it counts the true ones, of STRING the bytes."""
    if values.dtype.kind == "f":
        wide = values.astype(np.float64)
        return {"count": len(values), "sum": float(wide.sum()), "abs": float(np.abs(wide).sum())}
    total = int(values.astype(np.int64).sum())
    return {"count": len(values), "sum": total, "abs": abs(total)}


def two_decimals(values):
    """As the C++ library scales floats before it takes differences."""
    return (np.floor(values.astype(np.float64) * 100 + 0.5) / 100).astype(values.dtype)


def walk(rng, start, sigma, devices, rows):
    """Random walks with normal steps, one a device, end to end."""
    steps = rng.normal(0, sigma, (devices, rows))
    steps[:, 0] = start
    return np.cumsum(steps, axis=1, out=steps)


def clipped_walk(rng, start, sigma, low, high, devices, rows):
    """The same, where each step ends between `low` and `high`."""
    steps = rng.normal(0, sigma, (rows, devices))
    at = np.full(devices, start, np.float64)
    for i in range(rows):
        if i > 0:
            at = np.clip(at + steps[i], low, high)
        steps[i] = at
    return np.ascontiguousarray(steps.T)


def presence(rng, devices, rows):
    """False for a tenth of the rows: half of these isolated, half in runs of 50."""
    null = rng.random((devices, rows)) < 0.05
    for d in range(devices):
        for start in rng.integers(0, max(1, rows - 50), max(0, round(rows * 0.05 / 50))):
            null[d, start : start + 50] = True
    return ~null.reshape(-1)


def held(rng, draw, hold, devices, rows):
    """Values of `draw(rng, shape)`, each kept for `hold` rows."""
    return np.repeat(draw(rng, (devices, -(-rows // hold))), hold, axis=1)[:, :rows]


def devops(data, scale):
    """A hundred hosts with counters, gauges, flags and strings; a tenth of each column is null."""
    devices, rows = 100, max(100, round(100_000 * scale))
    rng = np.random.default_rng([SEED, 1])
    status = ["ok", "warning", "error"]
    columns = [
        Column("c_requests", "INT64"),
        Column("c_bytes", "INT64"),
        Column("g_procs", "INT32"),
        Column("f_cpu", "DOUBLE"),
        Column("f_mem", "DOUBLE"),
        Column("f_temp", "DOUBLE"),
        Column("f_load", "FLOAT"),
        Column("b_up", "BOOLEAN"),
        Column("s_status", "STRING", status),
        Column("s_rev", "STRING", [f"build-{n:03}-release" for n in range(20)]),
    ]
    out = Writer(data, Shape("devops", "host", rows, columns, [f"host_{n:05}" for n in range(devices)]))
    late = np.where(rng.random((devices, rows)) < 0.01, rng.integers(1, 250, (devices, rows)), 0)
    out.times((EPOCH + np.arange(rows) * 1000 + late).reshape(-1))

    def values(name):
        if name == "c_requests":
            return np.cumsum(rng.poisson(37, (devices, rows)), axis=1)
        if name == "c_bytes":
            return np.cumsum(rng.integers(200, 150_001, (devices, rows)), axis=1)
        if name == "g_procs":
            return 250 + np.cumsum(rng.integers(-2, 3, (devices, rows)), axis=1)
        if name == "f_cpu":
            return clipped_walk(rng, 50, 0.6, 0, 100, devices, rows).round(2)
        if name == "f_mem":
            return walk(rng, 8000, 1.5, devices, rows).round(2)
        if name == "f_temp":
            return walk(rng, 60, 0.05, devices, rows).round(2)
        if name == "f_load":
            return walk(rng, 2, 0.03, devices, rows).round(2)
        if name == "b_up":
            return held(rng, lambda r, s: r.random(s) < 0.9, 100, devices, rows)
        if name == "s_status":
            return held(rng, lambda r, s: r.choice([0, 0, 0, 1, 2], s), 20, devices, rows)
        return np.tile(np.arange(rows) % 20, (devices, 1))

    for c in columns:
        out.column(c, values(c.name).reshape(-1), presence(rng, devices, rows))
    out.finish()


def wide(data, scale):
    """One machine with fifty sensors, nothing missing."""
    rows = max(1000, round(2_000_000 * scale))
    rng = np.random.default_rng([SEED, 2])
    columns = [Column(f"s{n:02}", "DOUBLE") for n in range(50)]
    out = Writer(data, Shape("wide", "machine", rows, columns, ["machine_1"]))
    out.times(EPOCH + np.arange(rows) * 100)
    for c in columns:
        start, sigma = rng.uniform(10, 500), rng.uniform(0.002, 0.5)
        out.column(c, walk(rng, start, sigma, 1, rows).reshape(-1).round(3))
    out.finish()


def random(data, scale):
    """Doubles that nothing makes smaller."""
    rows = max(1000, round(2_000_000 * scale))
    rng = np.random.default_rng([SEED, 3])
    columns = [Column(f"r{n}", "DOUBLE") for n in range(10)]
    out = Writer(data, Shape("random", "machine", rows, columns, ["machine_1"]))
    out.times(EPOCH + np.arange(rows) * 100)
    for c in columns:
        out.column(c, rng.random(rows))
    out.finish()


def tiny(data, scale):
    """Very many meters with a few rows each."""
    devices, rows = max(100, round(100_000 * scale)), 20
    rng = np.random.default_rng([SEED, 4])
    columns = [Column("kwh", "DOUBLE"), Column("count", "INT64"), Column("ok", "BOOLEAN")]
    out = Writer(data, Shape("tiny", "meter", rows, columns, [f"meter_{n:06}" for n in range(devices)]))
    offset = rng.integers(0, 60_000, (devices, 1))
    out.times((EPOCH + offset + np.arange(rows) * 900_000).reshape(-1))
    out.column(columns[0], walk(rng, rng.uniform(0, 40, devices), 0.3, devices, rows).round(2).reshape(-1))
    steps = rng.integers(0, 9, (devices, rows))
    steps[:, 0] = rng.integers(0, 1_000_000, devices)
    out.column(columns[1], np.cumsum(steps, axis=1).reshape(-1))
    out.column(columns[2], rng.random(devices * rows) < 0.98)
    out.finish()


DATASETS = {"devops": devops, "wide": wide, "random": random, "tiny": tiny}


def main():
    data, scale, *names = sys.argv[1:]
    for name in names or DATASETS:
        DATASETS[name](Path(data), float(scale))


if __name__ == "__main__":
    main()
