"""What is asked of the data sets, and what a correct answer is: `python queries.py DATA DATASET` writes, from the raw columns (see dump.py),

    DATA/DATASET.points            lines `DEVICE START END`: random devices and ranges of times
    DATA/DATASET.points.json       what the first CHECKED of them find, in the form of DATASET.json
    DATA/DATASET.point.json        what the first one finds
    DATA/DATASET.SELECTION.json    bounds of a column between which a thousandth of all rows lies, and what these rows hold
    DATA/DATASET.aggregates.json   count, smallest, largest, first and last value of each column of each device, summed up over the devices

Everything follows from the seed of the data and the one below.
"""

import json
import sys
from pathlib import Path

import numpy as np

from dump import Dump
from generate import SEED, EPOCH, summary

POINTS = 5000
# So many points are compared before anything is timed.
CHECKED = 100
POINT_ROWS = 1001
KEPT = 0.001
# Rows by value: bounds are [low, high]. f_cpu crosses the same values everywhere, f_mem is high in few devices.
SELECTIONS = {"devops": {"spread": ("f_cpu", 70.0), "high": ("f_mem", None)}}
AGGREGATED = ["tiny"]


def truth(dump, rows):
    """What a reader finds in the rows with these numbers, in the form of the JSON of a data set."""
    shape = dump.shape
    columns = {"time": summary((dump.times()[rows] - EPOCH).astype(np.int64))}
    lengths = np.array([len(d) for d in shape.devices], np.int64)
    columns[shape.tag] = summary(lengths[rows // shape.rows_per_device])
    for c in shape.columns:
        values, valid = dump.values(c)[rows], dump.valid(c)
        if valid is not None:
            values = values[valid[rows] != 0]
        if c.type == "STRING":
            values = np.array([len(w) for w in c.words], np.int64)[values]
        columns[c.name] = summary(values)
    return facts(columns, [c.name for c in shape.columns])


def facts(columns, fields):
    """In the form of the JSON of a data set."""
    return {"fields": fields, "cells": sum(columns[f]["count"] for f in fields), "columns": columns}


def save(path, found):
    path.write_text(json.dumps(found, indent=1) + "\n")


def points(data, name, dump):
    """Of a data set with short devices all rows of a device."""
    shape = dump.shape
    per = shape.rows_per_device
    rows = min(POINT_ROWS, per)
    rng = np.random.default_rng([SEED, 11])
    devices = rng.integers(0, len(shape.devices), POINTS)
    first = devices * per + rng.integers(0, per - rows + 1, POINTS)
    starts, ends = dump.times()[first], dump.times()[first + rows - 1]
    lines = [f"{shape.devices[d]} {s} {e}\n" for d, s, e in zip(devices, starts, ends)]
    (data / f"{name}.points").write_text("".join(lines))
    wanted = (first[:CHECKED, None] + np.arange(rows)).reshape(-1)
    save(data / f"{name}.points.json", truth(dump, wanted))
    save(data / f"{name}.point.json", truth(dump, wanted[:rows]))


def selection(data, name, which, dump):
    """Bounds that no rounding can touch, since the values have two decimals: they are values themselves."""
    column, low = SELECTIONS[name][which]
    (c,) = (c for c in dump.shape.columns if c.name == column)
    values = np.where(dump.valid(c) != 0, dump.values(c), np.nan)
    kept = round(len(values) * KEPT)
    if low is None:
        there = np.sort(values[~np.isnan(values)])
        low, high = there[-kept], there[-1]
    else:
        above = np.sort(values[values >= low])
        high = above[min(kept, len(above)) - 1]
    rows = np.flatnonzero((values >= low) & (values <= high))
    found = {"column": column, "low": float(low), "high": float(high), "rows": len(rows)}
    save(data / f"{name}.{which}.json", truth(dump, rows) | found)


def aggregates(data, name, dump):
    """Of BOOLEAN there is no smallest and no largest: files do not say. No column may have nulls."""
    columns, per = {}, dump.shape.rows_per_device
    for c in dump.shape.columns:
        values = dump.values(c).reshape(-1, per)
        found = {"count": np.full(len(values), per), "first": values[:, 0], "last": values[:, -1]}
        if c.type != "BOOLEAN":
            found |= {"min": values.min(axis=1), "max": values.max(axis=1)}
        columns |= {f"{c.name} {what}": summary(v) for what, v in found.items()}
    save(data / f"{name}.aggregates.json", facts(columns, list(columns)))


def main():
    data, name = Path(sys.argv[1]), sys.argv[2]
    dump = Dump(data / "columns" / name)
    points(data, name, dump)
    for which in SELECTIONS.get(name, ()):
        selection(data, name, which, dump)
    if name in AGGREGATED:
        aggregates(data, name, dump)


if __name__ == "__main__":
    main()
