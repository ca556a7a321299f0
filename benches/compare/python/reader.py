"""What the Python readers share: options, clocks, sums of record batches and the line of JSON that they print."""

import json
import sys
import time

import pyarrow as pa
import pyarrow.compute as pc

EPOCH = 1_700_000_000_000


class Sums:
    """Counts rows and, if `check`, sums up columns: of BOOLEAN the true values, of STRING the bytes, of the time what is above EPOCH."""

    def __init__(self, check):
        self.check = check
        self.rows = 0
        self.columns = {}

    def add(self, name, count, total):
        """Takes note of `count` values that add up to `total`."""
        column = self.columns.setdefault(name, {"count": 0, "sum": 0})
        column["count"] += count
        column["sum"] += total

    def batch(self, batch):
        """Takes note of a record batch."""
        self.rows += batch.num_rows
        if not self.check:
            return
        for name, values in zip(batch.schema.names, batch.columns):
            if name == "time":
                values = pc.subtract(values.cast(pa.int64()), EPOCH)
            elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type) or values.type == pa.string_view():
                values = pc.binary_length(values.cast(pa.large_string()))
            elif values.type == pa.float32():
                values = values.cast(pa.float64())
            elif pa.types.is_integer(values.type) or values.type == pa.bool_():
                values = values.cast(pa.int64())
            self.add(name, len(values) - values.null_count, pc.sum(values).as_py() or 0)


def points(path, count):
    """The first queries of a list: device, first and last time."""
    with open(path, encoding="ascii") as file:
        words = [line.split() for line, _ in zip(file, range(int(count)))]
    return [(device, int(start), int(end)) for device, start, end in words]


def peak_kib():
    """Largest resident size of this process so far."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def main(commands):
    """Runs `COMMAND FILE [KEY=VALUE..]` and prints what it found. A command is called with the file, a `Sums` and the other options."""
    command, *rest = sys.argv[1:]
    if command == "idle":
        print(json.dumps({"peak_kib": peak_kib()}))
        return
    file, *options = rest
    options = dict(o.split("=", 1) for o in options)
    check = options.pop("check", None) == "yes"
    wall, cpu = [], []
    for _ in range(int(options.pop("times", 1))):
        sums = Sums(check)
        start, start_cpu = time.perf_counter(), time.process_time()
        commands[command](file, sums, **options)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    print(json.dumps({"seconds": wall, "cpu_seconds": cpu, "rows": sums.rows, "columns": sums.columns, "peak_kib": peak_kib()}))
