"""What the Python writers share: options, clocks, the sync behind a file, and the line of JSON that they print."""

import json
import os
import sys
import time

import reader


def status_kib(key):
    """A size that the system knows of this process."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key))


def sync(path):
    """Puts a closed file on disk, which no library here does itself."""
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    os.close(file)


def main(commands):
    """Runs `COMMAND DUMP FILE [KEY=VALUE..]` and prints what it found. A command is called with the dump and the other options; it brings the
    data into memory and returns what writes them to a path, which alone is timed."""
    command, dump, path, *options = sys.argv[1:]
    options = dict(o.split("=", 1) for o in options)
    times = int(options.pop("times", 1))
    write = commands[command](dump, **options)
    # From here on the highest size is that of the writer: what is behind it is forgotten.
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    data_kib = status_kib("VmRSS:")
    wall, cpu = [], []
    for _ in range(times):
        if os.path.exists(path):
            os.remove(path)
        start, start_cpu = time.perf_counter(), time.process_time()
        write(path)
        sync(path)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    found = {"seconds": wall, "cpu_seconds": cpu, "bytes": os.path.getsize(path), "data_kib": data_kib, "peak_kib": reader.peak_kib()}
    print(json.dumps(found))
