"""Writes random TsFiles with the C++ library (PyPI `tsfile` 2.5.0), each beside a JSON file that says what a correct
reader finds in it.

    python wheel.py DIRECTORY COUNT SEED [ONLY]

The values of file number n depend on the seed and n alone, so that ONLY makes a single one of them again; where the
library flushes by itself can differ between runs. Each file is read back with
the same library; a difference that no known loss or fault explains ends the run with status 1.
"""

import datetime
import json
import math
import os
import random
import struct
import sys

import tsfile
from tsfile import ColumnCategory, ColumnSchema, TableSchema, Tablet, TimeseriesSchema, TsFileReader, TsFileWriter
from tsfile.constants import Compressor, TSDataType, TSEncoding

MIN, MAX = -(2**63), 2**63 - 1
TYPES = list(TSDataType)
COMPRESSORS = [Compressor[n] for n in "UNCOMPRESSED SNAPPY GZIP LZO LZ4 ZSTD LZMA2".split()]
INTEGERS = {"RLE", "TS_2DIFF", "GORILLA", "CHIMP", "RLBE"}
FLOATS = {"TS_2DIFF", "GORILLA", "CHIMP", "SPRINTZ", "RLBE"}
ENCODINGS = {
    "BOOLEAN": set(),
    "INT32": INTEGERS | {"ZIGZAG", "SPRINTZ"},
    "INT64": INTEGERS | {"ZIGZAG", "SPRINTZ"},
    "DATE": INTEGERS,
    "TIMESTAMP": INTEGERS,
    "FLOAT": FLOATS,
    "DOUBLE": FLOATS | {"CAMEL"},
    "TEXT": {"DICTIONARY"},
    "STRING": {"DICTIONARY"},
    "BLOB": set(),
}
# Tables have no encoding per column, only per type; these are the ones that any value survives.
TABLE_CONFIG = {
    "int32_encoding_type_": ["PLAIN", "RLE", "TS_2DIFF", "GORILLA", "CHIMP", "RLBE"],
    "int64_encoding_type_": ["PLAIN", "RLE", "TS_2DIFF", "GORILLA", "CHIMP", "RLBE"],
    "float_encoding_type_": ["PLAIN", "GORILLA", "CHIMP", "RLBE"],
    "double_encoding_type_": ["PLAIN", "GORILLA", "CHIMP", "RLBE"],
    "string_encoding_type_": ["PLAIN", "DICTIONARY"],
}
WORDS = ["", "a", "b", "on", "off", "null", "NaN", " ", "a,b", '"q"', "line\nbreak", "tab\t", "back\\slash", "grün",
         "温度", "ключ", "🙂", "\u0001", "root.sg", "0123456789"]
NODES = ["a", "b", "c", "sg", "sg1", "d1", "d2", "plant", "line_7", "温度", "`a.b`", "`x y`", "`1`", "v2"]
NAMES = ["s1", "s2", "s3", "s10", "temp", "status", "v_max", "温度", "hum", "p", "q", "r"]
TAGS = ["a", "b", "", "A", "null", "grün", "设备", "device-1", " ", "🙂", "x.y"]
LONGS = [0, 1, -1, 63, 64, -64, -65, 127, 128, 255, 256, 32767, 32768, 2**31 - 1, -(2**31), 2**32, 2**53, MAX, MIN]
DOUBLES = [0.0, -0.0, 1.0, -1.0, 0.1, -0.1, 1e-300, 5e-324, -5e-324, sys.float_info.max, -sys.float_info.max,
           sys.float_info.min, math.inf, -math.inf, math.nan, 3e9, -3e9, 1e19, 1e17, 0.005, 2.675, math.pi]
ROWS = [1, 2, 3, 7, 8, 9, 10, 16, 17, 63, 64, 65, 127, 128, 129, 130, 255, 256, 257, 258]


def bits32(n):
    return struct.unpack(">f", struct.pack(">I", n & 0xFFFFFFFF))[0]


def bits64(n):
    return struct.unpack(">d", struct.pack(">Q", n & 0xFFFFFFFFFFFFFFFF))[0]


def narrow(x):
    """The nearest FLOAT, as the double that Python has for it."""
    try:
        return struct.unpack(">f", struct.pack(">f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


class Column:
    """A measurement or field, and the shape of its values."""

    def __init__(self, rng, name, table):
        self.rng, self.name = rng, name
        self.type = rng.choice(TYPES)
        strings = tsfile.get_tsfile_config()["string_encoding_type_"]
        while table and self.type == TSDataType.BLOB and strings != TSEncoding.PLAIN:
            # In a table, BLOB takes the encoding of strings, and has no DICTIONARY.
            self.type = rng.choice(TYPES)
        legal = sorted(ENCODINGS[self.type.name]) if not table else []
        # More often something else than PLAIN where there is something else.
        self.encoding = TSEncoding[rng.choice(["PLAIN"] + legal + legal)]
        self.compression = rng.choice(COMPRESSORS)
        self.shape = self.pick_shape(table)
        self.base = 1_700_000_000_000 if self.type == TSDataType.TIMESTAMP else rng.randrange(1 << 20)
        self.step, self.walk, self.held, self.hold = rng.randrange(1, 1000), self.base, None, 0
        self.long = rng.randrange(12) == 0

    def is_float(self):
        return self.type in (TSDataType.FLOAT, TSDataType.DOUBLE)

    def scaled(self):
        return self.is_float() and self.encoding == TSEncoding.TS_2DIFF

    def pick_shape(self, table):
        rng, e = self.rng, self.encoding
        if self.is_float():
            if e == TSEncoding.SPRINTZ:
                return "bits"
            if e == TSEncoding.CAMEL:
                return rng.choice(["decimal", "decimal", "quarter", "constant"])
            return rng.choice(["edge", "edge", "random", "decimal", "quarter", "constant", "repeat", "bits"])
        if e == TSEncoding.SPRINTZ:
            return rng.choice(["walk", "constant"])
        return rng.choice(["edge", "random", "walk", "ramp", "repeat", "constant"])

    def next(self):
        if self.shape in ("constant", "repeat"):
            self.hold -= 1
            if self.held is None or (self.shape == "repeat" and self.hold < 0):
                self.held = self.fresh()
                self.hold = self.rng.choice([0, 1, 6, 7, 8, 9, 20, 70])
            return self.held
        return self.fresh()

    def fresh(self):
        rng, t = self.rng, self.type.name
        if t == "BOOLEAN":
            return rng.random() < 0.5
        if t in ("INT32", "INT64", "TIMESTAMP"):
            return self.integer(32 if t == "INT32" else 64)
        if t == "DATE":
            if self.shape == "edge" and rng.randrange(3) == 0:
                return rng.choice([datetime.date(1000, 1, 1), datetime.date(9999, 12, 31), datetime.date(1970, 1, 1)])
            days = rng.randrange(60) if self.shape == "walk" else rng.randrange(-354_000, 2_932_000)
            return datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
        if t == "FLOAT":
            return narrow(self.real(32))
        if t == "DOUBLE":
            return self.real(64)
        if t == "BLOB":
            return bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 5, 20])))
        if self.long and rng.randrange(8) == 0:
            return "".join(chr(97 + rng.randrange(26)) for _ in range(rng.randrange(100, 1000)))
        return rng.choice(WORDS) + (str(rng.randrange(1000)) if self.shape == "random" else "")

    def integer(self, width):
        rng = self.rng
        if self.shape in ("ramp", "walk"):
            self.walk += self.step if self.shape == "ramp" else rng.randrange(-1000, 1001)
            return self.walk
        if self.shape == "edge":
            return max(-(2 ** (width - 1)), min(2 ** (width - 1) - 1, rng.choice(LONGS)))
        if self.shape == "random":
            return rng.randrange(-(2 ** (width - 1)), 2 ** (width - 1))
        return self.base

    def real(self, width):
        rng = self.rng
        if self.shape == "bits":
            self.walk += rng.randrange(-1000, 1001)
            return bits32(0x41200000 + self.walk) if width == 32 else bits64(0x4024000000000000 + self.walk)
        if self.shape == "edge":
            return rng.choice(DOUBLES)
        if self.shape == "random":
            x = bits32(rng.getrandbits(32)) if width == 32 else bits64(rng.getrandbits(64))
            # Payloads of NaN do not pass through Python's conversions unharmed.
            return math.nan if math.isnan(x) else x
        if self.shape == "decimal":
            return rng.randrange(-100_000_000, 100_000_001) / rng.choice([10, 100, 1000, 10000])
        return rng.randrange(-4000, 4001) * 0.25

    def expect(self, check, where, v, got):
        """What a correct reader returns for `v`, which was read back as `got`."""
        if got is None:
            check.fail(f"{where}.{self.name} {self.type.name} {self.encoding.name}: wrote {v!r}, read nothing")
            return v
        if self.type == TSDataType.BLOB:
            # This reader ends a BLOB at its first zero byte; the file has it whole.
            if got != v.split(b"\0")[0] and got != v:
                check.fail(f"{where}.{self.name} BLOB: wrote {v!r}, read {got!r}")
            return v
        if self.encoding == TSEncoding.CAMEL:
            if not abs(v - got) <= 1e-6 * max(1, abs(v)):
                check.fail(f"{where}.{self.name} CAMEL: wrote {v!r}, read {got!r}")
            return got
        want = self.scale(v) if self.scaled() else v
        if self.show(want) != self.show(got):
            check.fail(f"{where}.{self.name} {self.type.name} {self.encoding.name}: "
                       f"wrote {v!r}, expected {want!r}, read {got!r}")
        return want

    def scale(self, x):
        """Floats as integers scaled by a hundred, as plain integers, or as their bits."""
        low, high = (-(2.0**31), 2.0**31 - 1) if self.type == TSDataType.FLOAT else (-(2.0**63), 2.0**63)
        cap = (lambda n: n) if self.type == TSDataType.FLOAT else (lambda n: min(n, MAX))
        if math.isnan(x):
            return x
        if low <= x * 100 <= high:
            y = cap(math.floor(x * 100 + 0.5)) / 100
        elif low <= x <= high:
            y = float(cap(math.floor(x + 0.5)))
        else:
            return x
        return narrow(y) if self.type == TSDataType.FLOAT else y

    def show(self, v):
        """The value in the JSON form of testdata/README.md."""
        if v is None:
            return None
        t = self.type.name
        if t == "FLOAT":
            return struct.pack(">f", v).hex()
        if t == "DOUBLE":
            return struct.pack(">d", v).hex()
        if t == "BLOB":
            return v.hex()
        if t == "DATE":
            return v.year * 10000 + v.month * 100 + v.day
        return v


class Check:
    def __init__(self, name):
        self.name, self.failures = name, 0

    def fail(self, why):
        self.failures += 1
        if self.failures <= 5:
            print(f"{self.name}: {why}", file=sys.stderr)


def times(rng, after, n):
    step = rng.choice([1, 1, 10, 1000, 60_000, 1_000_000_000])
    jitter = rng.choice([1, 1, 3, 1000, 1 << 30])
    out = []
    for _ in range(n):
        after += step + rng.randrange(jitter)
        out.append(after)
    return out


def epoch(rng):
    return rng.choice([-1, 0, 0, -500, 1_700_000_000_000, 1_700_000_000_000_000_000, -(1 << 61), 1 << 61])


def row_count(rng, columns, limit):
    n = rng.randrange(1, 61) if rng.randrange(3) == 0 else rng.choice(ROWS)
    return n if n * columns <= limit else rng.randrange(1, 30)


def distinct(rng, pool, n):
    return rng.sample(pool, min(n, len(pool)))


def tablet(target, names, types, stamps, values):
    t = Tablet(names, types, len(stamps))
    t.set_table_name(target)
    t.timestamp_list = list(stamps)
    t.data_list = [list(v) for v in values]
    return t


def tree(rng, path, check):
    devices = {}
    while len(devices) < rng.randrange(1, 7):
        name = ".".join(["root"] + [rng.choice(NODES) for _ in range(rng.randrange(1, 6))])
        devices[name] = [Column(rng, m, False) for m in distinct(rng, NAMES, rng.randrange(1, 9))]
    points = {d: {c.name: [] for c in cs} for d, cs in devices.items()}
    last = {d: epoch(rng) for d in devices}
    writer = TsFileWriter(path)
    for d, cs in devices.items():
        for c in cs:
            writer.register_timeseries(d, TimeseriesSchema(c.name, c.type, c.encoding, c.compression))
    for _ in range(rng.randrange(1, 5)):
        for d, cs in devices.items():
            if rng.randrange(5) == 0:
                continue
            # Columns left out of a tablet have no points in it.
            present = [c for c in cs if rng.randrange(8) > 0] or cs[:1]
            stamps = times(rng, last[d], row_count(rng, len(present), 800))
            last[d] = stamps[-1]
            values = []
            for c in present:
                nulls = rng.choice([0, 0, 0, 10, 30, 90])
                v = [None if rng.randrange(100) < nulls else c.next() for _ in stamps]
                if all(x is None for x in v):
                    v[0] = c.next()
                points[d][c.name] += [(t, x) for t, x in zip(stamps, v) if x is not None]
                values.append(v)
            writer.write_tablet(tablet(d, [c.name for c in present], [c.type for c in present], stamps, values))
        if rng.randrange(2) == 0:
            writer.flush()
    properties(rng, writer)
    writer.close()

    out, n = {}, 0
    reader = TsFileReader(path)
    for d, cs in devices.items():
        for c in cs:
            want = points[d][c.name]
            if not want:
                continue
            got = dict(read(reader.query_timeseries(d, [c.name], MIN, MAX), 1))
            if len(got) != len(want):
                check.fail(f"{d}.{c.name}: wrote {len(want)} points, read {len(got)}")
            rows = [[t, c.show(v)] for t, v in want]
            decoded = [c.show(c.expect(check, d, v, got[t][0] if t in got else None)) for t, v in want]
            one = {"type": c.type.name, "encoding": c.encoding.name, "compression": c.compression.name, "rows": rows}
            if decoded != [v for _, v in rows]:
                one["decodes_to"] = decoded
            out.setdefault(d, {})[c.name] = one
            n += len(rows)
    reader.close()
    series = sum(map(len, out.values()))
    return {"model": "tree", "series": out}, f"tree devices={len(devices)} series={series} points={n}"


def table(rng, path, check):
    writer = TsFileWriter(path)
    tables = []
    for name in distinct(rng, ["t1", "t2", "plants", "mixed", "温度", "zeta"], rng.randrange(1, 5)):
        tags = [f"tag{i + 1}" for i in range(rng.randrange(4))]
        fields = [Column(rng, f, True) for f in distinct(rng, NAMES, rng.randrange(1, 9))]
        ids = {tuple(None if rng.randrange(4) == 0 else rng.choice(TAGS) for _ in tags)
               for _ in range(rng.randrange(1, 6) if tags else 1)}
        ids = sorted(ids, key=order)
        columns = [ColumnSchema(t, TSDataType.STRING, ColumnCategory.TAG) for t in tags]
        columns += [ColumnSchema(c.name, c.type, ColumnCategory.FIELD) for c in fields]
        writer.register_table(TableSchema(name, columns))
        tables.append((name, tags, fields, ids, {i: epoch(rng) for i in ids}, []))
    for turn in range(rng.randrange(1, 4)):
        for name, tags, fields, ids, last, rows in tables:
            if turn > 0 and rng.randrange(5) == 0:
                continue
            nulls = [rng.choice([0, 0, 10, 30, 90, 100]) for _ in fields]
            new = []
            for k, i in enumerate(ids):
                if k > 0 and rng.randrange(4) == 0:
                    continue
                stamps = times(rng, last[i], row_count(rng, len(fields), 400))
                last[i] = stamps[-1]
                for t in stamps:
                    new.append((t, i, [None if rng.randrange(100) < p else c.next() for c, p in zip(fields, nulls)]))
            values = [[r[1][k] for r in new] for k in range(len(tags))]
            values += [[r[2][k] for r in new] for k in range(len(fields))]
            types = [TSDataType.STRING] * len(tags) + [c.type for c in fields]
            writer.write_table(tablet(name, tags + [c.name for c in fields], types, [r[0] for r in new], values))
            rows += new
        if rng.randrange(2) == 0:
            writer.flush()
    properties(rng, writer)
    writer.close()

    out, n, points = {}, 0, 0
    reader = TsFileReader(path)
    for name, tags, fields, ids, last, rows in tables:
        rows.sort(key=lambda r: (order(r[1]), r[0]))
        width = len(tags) + len(fields)
        got = {(tuple(v[:len(tags)]), t): v[len(tags):]
               for t, v in read(reader.query_table(name, tags + [c.name for c in fields], MIN, MAX), width)}
        if len(got) != len(rows):
            check.fail(f"{name}: wrote {len(rows)} rows, read {len(got)}")
        for t, i, v in rows:
            back = got.get((i, t), [None] * len(fields))
            for c, x, y in zip(fields, v, back):
                if x is None and y is not None:
                    check.fail(f"{name}.{c.name} at {t}: wrote null, read {y!r}")
                if x is not None:
                    c.expect(check, name, x, y)
                    points += 1
        columns = [[t, "STRING", "TAG"] for t in tags] + [[c.name, c.type.name, "FIELD"] for c in fields]
        shown = [[t, *i, *(c.show(x) for c, x in zip(fields, v))] for t, i, v in rows]
        out[name] = {"columns": columns, "rows": shown}
        n += len(rows)
    reader.close()
    return {"model": "table", "tables": out}, f"table tables={len(tables)} rows={n} points={points}"


def order(tags):
    return [(t is not None, (t or "").encode()) for t in tags]


def read(rows, width):
    out = []
    while rows.next():
        at = rows.get_value_by_index(1)
        out.append((at, [None if rows.is_null_by_index(k + 2) else rows.get_value_by_index(k + 2)
                         for k in range(width)]))
    rows.close()
    return out


def properties(rng, writer):
    if rng.randrange(6) == 0:
        writer.add_tsfile_property("made.by", b"oracle")
        writer.add_tsfile_property("bytes", bytes(range(256)))


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    directory, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    only = int(sys.argv[4]) if len(sys.argv) > 4 else None
    os.makedirs(directory, exist_ok=True)
    # The library sets its defaults when it is first used, and only then takes others.
    first = os.path.join(directory, "first.tsfile")
    TsFileWriter(first).close()
    os.remove(first)
    defaults = tsfile.get_tsfile_config()
    failed = 0
    for n in range(count):
        if only is not None and n != only:
            continue
        rng = random.Random(f"{seed}/{n}")
        name = f"f{n:05}"
        path = os.path.join(directory, name + ".tsfile")
        if os.path.exists(path):
            os.remove(path)
        page = rng.choice([10000, 10000, 10000, 10000, 1, 2, 3, 5, 8, 16, 40, 64, 127, 128, 129, 256])
        degree = rng.choice([256, 256, 3, 4, 5])
        stamp = rng.choice(["TS_2DIFF"] * 9 + ["PLAIN"])
        is_table = rng.random() < 0.45
        config = dict(defaults)
        config.update(page_writer_max_point_num_=page, max_degree_of_index_node_=degree,
                      time_encoding_type_=TSEncoding[stamp], time_compress_type_=rng.choice(COMPRESSORS))
        if is_table:
            config["default_compression_type_"] = rng.choice(COMPRESSORS)
            if rng.random() < 0.6:
                for key, legal in TABLE_CONFIG.items():
                    config[key] = TSEncoding[rng.choice(legal)]
        tsfile.set_tsfile_config(config)
        check = Check(name)
        try:
            contents, line = (table if is_table else tree)(rng, path, check)
        except Exception as e:  # noqa: BLE001: whatever the library raises is a failure of this file
            check.fail(f"{type(e).__name__}: {e}")
        else:
            with open(os.path.join(directory, name + ".json"), "w", encoding="utf-8") as f:
                json.dump(contents, f, ensure_ascii=False, separators=(",", ":"))
                f.write("\n")
            print(f"{name} {line} page={page} degree={degree} time={stamp} bytes={os.path.getsize(path)}")
        failed += check.failures > 0
    if failed:
        sys.exit(f"{failed} of {count} files are not understood (seed {seed})")


if __name__ == "__main__":
    main()
