"""Writes beside every `x.tsfile` of the directories given an `x.wheel-2.5.0.dump`: all that the C++ library (PyPI `tsfile` 2.5.0)
reads in it. The form is described in README.md.

    python read_wheel.py DIRECTORY...

Every series of a tree is asked for by its name, every table as a whole. What fails becomes a line that begins with an exclamation
mark; the run goes on. Version 3 is passed over: the library opens such files and returns nothing.
"""

import os
import pathlib
import struct
import sys

from tsfile import ColumnCategory, TsFileReader
from tsfile.constants import TSDataType

NAME = "wheel-2.5.0"
MIN, MAX = -(2**63), 2**63 - 1
ALIGNED = 1


def name(s):
    """A name in a line of its own fields: tabs, line ends and backslashes escaped, null as \\N."""
    if s is None:
        return "\\N"
    return s.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def value(kind, v):
    if kind == TSDataType.BOOLEAN:
        return "true" if v else "false"
    if kind == TSDataType.FLOAT:
        return struct.pack(">f", v).hex()
    if kind == TSDataType.DOUBLE:
        return struct.pack(">d", v).hex()
    if kind == TSDataType.DATE:
        return str(v.year * 10000 + v.month * 100 + v.day)
    if isinstance(v, bytes):
        return v.hex()
    if isinstance(v, str):
        return v.encode().hex()
    return str(v)


class Dump:
    def __init__(self, reader, out):
        self.reader, self.out = reader, out

    def line(self, *fields):
        self.out.append("\t".join(fields))

    def guard(self, where, work, *args):
        try:
            work(*args)
        except Exception as e:
            self.line("!error", f"{where}: {type(e).__name__}: {name(str(e))}")

    def run(self):
        for key, v in sorted(self.reader.get_tsfile_properties().items()):
            self.line("property", name(key), "\\N" if v is None else v.hex())
        schemas = self.reader.get_all_table_schemas()
        for table, schema in sorted(schemas.items()):
            self.line("table", name(table))
            for c in schema.get_columns():
                self.line("column", name(c.get_column_name()), c.get_data_type().name, c.get_category().name)
        groups = list(self.reader.get_timeseries_metadata().values())
        for table, schema in sorted(schemas.items()):
            if not table.startswith("root."):
                self.guard(f"table {name(table)}", self.table, table, schema, [g for g in groups if g.table_name == table])
        for group in groups:
            if group.table_name not in schemas or group.table_name.startswith("root."):
                self.guard(f"device {group.segments}", self.device, group)

    def device(self, group):
        path = ".".join(group.segments)
        aligned = any(m.layout == ALIGNED for m in group.timeseries)
        self.line("device", "aligned" if aligned else "plain", "tree", name(path))
        for m in group.timeseries:
            self.line("series", name(m.measurement_name), m.data_type.name, "")
            self.guard(f"series {name(m.measurement_name)}", self.series, path, m)

    def series(self, path, m):
        with self.reader.query_timeseries(path, [m.measurement_name], MIN, MAX) as rows:
            while rows.next():
                if not rows.is_null_by_index(2):
                    self.line(str(rows.get_value_by_index(1)), value(m.data_type, rows.get_value_by_index(2)))

    def table(self, table, schema, groups):
        columns = [c for c in schema.get_columns() if c.get_category() != ColumnCategory.TIME]
        tags = sum(c.get_category() == ColumnCategory.TAG for c in columns)
        fields = columns[tags:]
        devices = {}
        for g in groups:
            # Trailing null tags say nothing.
            segments = list(g.segments[1:])
            while segments and segments[-1] is None:
                segments.pop()
            devices[tuple(segments)] = ([], [[] for _ in fields])
        with self.reader.query_table(table, [c.get_column_name() for c in columns], MIN, MAX) as rows:
            width = len(columns)
            while rows.next():
                time = str(rows.get_value_by_index(1))
                row = [None if rows.is_null_by_index(k + 2) else rows.get_value_by_index(k + 2) for k in range(width)]
                key = row[:tags]
                while key and key[-1] is None:
                    key.pop()
                times, series = devices.setdefault(tuple(key), ([], [[] for _ in fields]))
                times.append(time)
                for c, points, v in zip(fields, series, row[tags:]):
                    if v is not None:
                        points.append(time + "\t" + value(c.get_data_type(), v))
        for key, (times, series) in devices.items():
            self.line("device", "aligned", "table", name(table), *map(name, key))
            self.line("rows", "")
            self.out.extend(times)
            for c, points in zip(fields, series):
                self.line("series", name(c.get_column_name()), c.get_data_type().name, "")
                self.out.extend(points)


def one(file):
    out = []
    reader = None
    try:
        reader = TsFileReader(str(file))
        Dump(reader, out).run()
    except Exception as e:
        out.append(f"!error\tfile: {type(e).__name__}: {name(str(e))}")
    finally:
        if reader is not None:
            reader.close()
    write(file, out)


def write(file, lines):
    file.with_suffix(f".{NAME}.dump").write_text("\n".join(lines) + "\n", encoding="utf-8")


def guarded(file):
    """In a process of its own, made from this one: a file that the library crashes on is not the end of the run."""
    child = os.fork()
    if child == 0:
        one(file)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        write(file, [f"!error\tfile: the process ended with status {status}"])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    count = 0
    for directory in sys.argv[1:]:
        for file in sorted(pathlib.Path(directory).glob("*.tsfile")):
            only = file.with_suffix(".only")
            if file.read_bytes()[6:7] == b"\x04" and (not only.exists() or NAME in only.read_text().split()):
                guarded(file)
                count += 1
    print(f"{NAME}: {count} files read")


if __name__ == "__main__":
    main()
