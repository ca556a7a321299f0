"""Engines that are started for one query and print its rows as text: how, and what is in the text."""

import csv
import io

import numpy as np

import reader
import works
from dump import Shape

# How those who print write a null.
NULLS = ["", r"\N"]


def command(work, engine, build, data):
    """How an engine is started. Ours is the tool that everyone has, not a program of the comparison."""
    if engine != "ours":
        return works.program(engine, build) + works.arguments(work, engine, data, False)
    shape = Shape.load(data / "columns" / work.dataset)
    ((device, start, end),) = reader.points(data / f"{work.dataset}.points", 1)
    device = ["-t", shape.table, "--tag-filter", shape.tag, "eq", device]
    file, _ = work.commands[engine]
    return [build.parent / "release/tsfile-cli", "cat", data / file, *device, "--start", str(start), "--end", str(end), "-f", "csv"]


def sums(text, shape):
    """What the columns of a text with commas sum up to; the first line has their names."""
    types = {c.name: c.type for c in shape.columns}
    out = reader.Sums(True)
    for row in csv.DictReader(io.StringIO(text)):
        out.rows += 1
        for name, word in row.items():
            if word not in NULLS:
                out.add(name, 1, int(word) - reader.EPOCH if name == "time" else value(word, types.get(name, "STRING")))
    return {"rows": out.rows, "columns": out.columns}


def value(word, kind):
    """What a value adds to the sum of its column."""
    if kind == "STRING":
        return len(word)
    if kind == "BOOLEAN":
        return int({"true": True, "false": False}[word])
    if kind == "FLOAT":
        return float(np.float32(word))
    return float(word) if kind == "DOUBLE" else int(word)
