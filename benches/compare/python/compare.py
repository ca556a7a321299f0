"""Compares readers and writers: makes the files, checks that everyone reads the same, times, prints tables.

    compare.py --build DIR [--scale S] [--rounds N] [--only WORK..] [--engines ENGINE..] [--clock cpu] [--doc yes|no]

Called by `run`, which builds what is needed. Every measurement is a process of its own, pinned to one processor; engines take turns, and
only ratios inside a round are used. A slow engine leaves after some rounds, so that the whole stays short.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import files
import process
import report
import works
from dump import Shape

# An engine that has taken this long for a work, and part in as many rounds as this, does not start another.
ALLOWANCE_SECONDS = 90
FEWEST_ROUNDS = 2
LIMIT_SECONDS = 900
# Short processes that are started in a round; their median counts.
PROCESSES = {"ours": 21, "wheel": 3, "java": 3}
# Sums of floats depend on the order of addition; this is relative to the sum of magnitudes.
TOLERANCE = 1e-11


class Runner:
    """Starts engines on one processor, on which this program waits for them."""

    def __init__(self, build, data):
        self.build, self.data = build, data
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        self.environment = os.environ | {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, engine, arguments, writes=False):
        """What an engine prints."""
        done = subprocess.run(
            works.program(engine, self.build, writes) + arguments,
            stdout=subprocess.PIPE,
            check=True,
            timeout=LIMIT_SECONDS,
            env=self.environment,
        )
        return json.loads(done.stdout)

    def process(self, work, engine):
        """The text that an engine prints, and what all of its process took."""
        start = time.monotonic()
        with subprocess.Popen(process.command(work, engine, self.build, self.data), stdout=subprocess.PIPE, env=self.environment) as child:
            text = child.stdout.read()
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise subprocess.CalledProcessError(child.returncode, child.args)
        wall, cpu = time.monotonic() - start, used.ru_utime + used.ru_stime
        return text.decode(), {"seconds": wall, "cpu_seconds": cpu, "peak_kib": used.ru_maxrss}


def differences(work, engine, found, truth):
    """What an engine did not read as it was written."""
    wanted = truth[work.truth]
    names = [work.column] if work.column else truth["fields"]
    out = [f"no column {n}" for n in names if n not in found["columns"]]
    for name, got in found["columns"].items():
        if name not in wanted or (name == "time" and not work.has_rows):
            continue
        want = wanted[name]
        if got["count"] != want["count"]:
            out.append(f"{name}: {got['count']} values instead of {want['count']}")
        elif abs(got["sum"] - want["sum"]) > TOLERANCE * want["abs"] * isinstance(want["sum"], float):
            out.append(f"{name}: sum {got['sum']!r} instead of {want['sum']!r}")
    if not work.column:
        cells = sum(found["columns"].get(n, {"count": 0})["count"] for n in names)
        if cells != truth["cells"]:
            out.append(f"{cells} cells instead of {truth['cells']}")
    return [f"{work.name}, {engine}: {line}" for line in out]


def check(runner, chosen):
    """Whether all engines read what was written."""
    bad = []
    for work in chosen:
        if work.kind in ("open", "write"):
            continue
        truth = json.loads((runner.data / f"{work.facts or work.dataset}.json").read_text())
        for engine in work.commands:
            bad += differences(work, engine, read_and_sum(runner, work, engine), truth)
        print(f"checked {work.name}: {', '.join(work.commands)}", flush=True)
    for line in bad:
        print(line, file=sys.stderr)
    return not bad


def read_and_sum(runner, work, engine):
    """What an engine finds."""
    if work.kind == "process":
        text, _ = runner.process(work, engine)
        return process.sums(text, Shape.load(runner.data / "columns" / work.dataset))
    return runner.run(engine, works.arguments(work, engine, runner.data, True))


def read_and_time(runner, work, engine):
    """What an engine says of itself or, of short processes, what the system says of several."""
    if work.kind != "process":
        return runner.run(engine, works.arguments(work, engine, runner.data, False), work.kind == "write")
    found = [runner.process(work, engine)[1] for _ in range(PROCESSES["java" if engine.startswith("java") else engine])]
    return {key: [one[key] for one in found] for key in ("seconds", "cpu_seconds")} | {"peak_kib": max(one["peak_kib"] for one in found)}


def read_once(path):
    """Puts a file into the page cache."""
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass


def measure(runner, work, rounds):
    """A list of rounds: for each engine that took part what it printed."""
    writes = work.kind == "write"
    if not writes:
        for file in {file for file, _ in work.commands.values()}:
            read_once(runner.data / file)
    used = dict.fromkeys(work.commands, 0.0)
    out = []
    for _ in range(rounds):
        found = {}
        for engine in work.commands:
            if len(out) < FEWEST_ROUNDS or used[engine] < ALLOWANCE_SECONDS:
                start = time.monotonic()
                found[engine] = read_and_time(runner, work, engine)
                if writes:
                    (runner.data / work.commands[engine][0]).unlink()
                used[engine] += time.monotonic() - start
        out.append(found)
    return out


def parse():
    parser = argparse.ArgumentParser(description="Compares readers and writers of TsFile and Parquet.")
    parser.add_argument("--build", type=Path, required=True, help="where run has built everything")
    parser.add_argument("--data", type=Path, help="where the files are made and kept (default: data-SCALE in there)")
    parser.add_argument("--scale", default="1", help="share of the rows (default: 1, the only one whose figures are quoted)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="WORK", choices=[w.name for w in works.WORKS])
    parser.add_argument("--engines", nargs="+", metavar="ENGINE", choices=works.ENGINES)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="cpu: time on the processor, where others work too")
    parser.add_argument("--no-check", action="store_true", help="do not compare counts and sums first")
    parser.add_argument("--results", type=Path, help="also write all that was measured here, as JSON")
    parser.add_argument("--doc", choices=["yes", "no"], help="put the tables into docs/performance.md (default: if all is timed at scale 1)")
    options = parser.parse_args()
    options.scale = f"{float(options.scale):g}"
    options.data = options.data or options.build / f"data-{options.scale}"
    if options.doc is None:
        whole = options.scale == "1" and options.clock == "wall" and not options.only and not options.engines
        options.doc = "yes" if whole else "no"
    return options


def choose(only, engines):
    """The works asked for, with the engines asked for; ours is always there, since the rest is divided by it."""
    chosen = [w for w in works.WORKS if not only or w.name in only]
    for work in chosen:
        if engines:
            work.commands = {e: c for e, c in work.commands.items() if e.removesuffix(works.OLD) in ("ours", *engines)}
    return chosen


def memory_of_writing(runner, work):
    """What our writer needs when batches are made as it takes them and dropped at once."""
    command, dump, file = works.arguments(work, "ours", runner.data, False)
    found = runner.run("ours", [command, dump, file, "stream=yes"])
    Path(file).unlink()
    return found


def main():
    options = parse()
    chosen = choose(options.only, options.engines)
    files.make(options.data, options.scale, options.build, chosen)
    runner = Runner(options.build, options.data)
    if not options.no_check and not check(runner, chosen):
        sys.exit("the readers do not agree; nothing was timed")
    results = report.Results(options.scale, options.clock, report.machine(options.build), {})
    present = {engine for work in chosen for engine in work.commands if work.kind != "write"}
    results.idle = {engine: runner.run(engine, ["idle"])["peak_kib"] for engine in works.ENGINES if engine in present}
    for work in chosen:
        start = time.monotonic()
        results.add(work, measure(runner, work, options.rounds), options.data)
        if work.kind == "write":
            results.memory[work.name] = memory_of_writing(runner, work)
        print(f"timed {work.name} in {time.monotonic() - start:.0f} s", flush=True)
    if options.results:
        options.results.write_text(json.dumps(results.rounds, indent=1) + "\n")
    for name, text in report.texts(results).items():
        print(text)
        if options.doc == "yes":
            report.write_doc(name, text)


if __name__ == "__main__":
    main()
