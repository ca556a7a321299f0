"""What is timed, and who takes part with which command."""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from queries import CHECKED as CHECKED_POINTS

HERE = Path(__file__).parent
# One run of a JVM is cold, three warm it up; the last is the one that counts.
JAVA_TIMES = 4
OPEN_TIMES = 200

ENGINES = ["ours", "wheel", "wheel-query", "wheel-prepared", "java-low", "java-blocks", "java-query", "java", "pyarrow", "polars", "duckdb"]
# Behind the name of an engine: it reads the file that the C++ library wrote, where the same engine without it reads ours.
OLD = "@wheel"


@dataclass
class Work:
    """A thing to do with one file; `commands` says for each engine that takes part which file it reads or writes, and how."""

    name: str
    title: str
    whose: str
    dataset: str
    commands: dict
    truth: str = "columns"
    column: str | None = None
    has_rows: bool = True
    kind: str = "scan"
    goals: dict = field(default_factory=dict)
    # What our file may be of that of another engine.
    sizes: dict = field(default_factory=dict)
    # The JSON that says what a correct reader finds, without its ending (default: the data set).
    facts: str = ""

    def per_run(self, engine):
        """So many queries are answered in one run of an engine."""
        return int(dict(o.split("=", 1) for o in self.commands[engine][1][1:]).get("count", 1))


def scan(name, title, file, whose, *, column=None, goals=None, truth="columns", without=()):
    """A scan of a table, without the engines in `without`."""
    dataset = file.split(".")[0]
    parquet = f"{dataset}.polars.parquet"
    one = [f"column={column}"] if column else []
    commands = {
        "ours": (file, ["scan", "form=table", *one]),
        "wheel": (file, ["query", *one]),
        "java-low": (file, ["low", *one]),
        "java-query": (file, ["query", *one]),
        "pyarrow": (parquet, ["scan", *one]),
        "polars": (parquet, ["scan", *one]),
    }
    if name == "tiny":
        commands["wheel-prepared"] = (file, ["prepared"])
    commands = {e: c for e, c in commands.items() if e not in without}
    return Work(name, title, whose, dataset, commands, truth=truth, column=column, goals=goals or {})


def tree(name, title, file, whose, *, options, column=None, without=()):
    """A scan of series that are not aligned, in the narrow form. The peers know no modes of row existence."""
    dataset = file.split(".")[0]
    one = [f"column={column}"] if column else []
    commands = {
        "ours": (file, ["scan", "form=narrow", *options, *one]),
        "wheel": (file, ["tree", *one]),
        "java-low": (file, ["low", *one]),
        "java-query": (file, ["query-tree", *one]),
    }
    commands = {e: c for e, c in commands.items() if e not in without}
    return Work(name, title, whose, dataset, commands, column=column, has_rows=False)


def opening(name, file, goals=None):
    """Opening a file and looking at its columns, over and over in one process."""
    dataset = file.split(".")[0]
    parquet = f"{dataset}.polars.parquet"
    readers = {"ours": file, "wheel": file, "java-query": file, "pyarrow": parquet, "polars": parquet}
    commands = {e: (f, ["open", f"times={OPEN_TIMES}"]) for e, f in readers.items()}
    return Work(name, f"open + schema, {dataset}", "wheel", dataset, commands, kind="open", goals=goals or {})


def reread(dataset):
    """Our file against that of the C++ library with its default encodings, read by the same engines."""
    commands = {}
    for file, which in ((f"{dataset}.ours.tsfile", ""), (f"{dataset}.wheel.tsfile", OLD)):
        commands["ours" + which] = (file, ["scan", "form=table"])
        commands["wheel" + which] = (file, ["query"])
        commands["java-low" + which] = (file, ["low"])
    return Work(f"reread-{dataset}", dataset, "ours", dataset, commands, kind="reread")


def write(dataset, goals, sizes):
    """Data in memory to a file that is closed and on disk."""
    how = {"ours": ["write"], "wheel": ["table"], "java": ["write-table"], "polars": ["table"]}
    commands = {engine: (f"written.{dataset}.{engine}", command) for engine, command in how.items()}
    return Work(f"write-{dataset}", dataset, "", dataset, commands, kind="write", goals=goals, sizes=sizes)


def points(name, title, file, whose, counts, options, ways, goals):
    """One device and one range of times at a time. `counts` says how many queries an engine answers in a run, which should take it a second,
    `ways` in which way it does."""
    dataset = file.split(".")[0]
    commands = {}
    for engine, count in counts.items():
        way = [f"way={ways[engine]}"] if engine in ways else []
        commands[engine] = (file, ["points", *way, f"queries={dataset}.points", f"count={count}", *options])
    return Work(name, title, whose, dataset, commands, kind="points", goals=goals, facts=f"{dataset}.points")


def point(whose, goals):
    """1,001 rows with 10 columns of a file that is open."""
    counts = {"ours": 2000, "wheel": 200, "wheel-prepared": 200, "java-low": 1000, "java-blocks": 500, "java-query": 500}
    ways = {"wheel": "query", "wheel-prepared": "prepared", "java-low": "low", "java-blocks": "blocks", "java-query": "query"}
    name = "point" if whose == "wheel" else f"point-{whose}"
    return points(name, "point query devops, 1001 rows", f"devops.{whose}.tsfile", whose, counts, [], ways, goals)


def lookup(whose, goals):
    """The 20 rows of one device of very many, of a file that is opened for it."""
    counts = {"ours": 1000, "wheel": 200, "wheel-query": 100, "wheel-prepared": 200, "java-low": 2000, "java-blocks": 100, "java-query": 100}
    ways = {"wheel": "series", "wheel-query": "query", "wheel-prepared": "prepared", "java-low": "low", "java-blocks": "blocks"}
    ways["java-query"] = "query"
    name = "lookup" if whose == "wheel" else f"lookup-{whose}"
    return points(name, "look-up tiny, file opened each time", f"tiny.{whose}.tsfile", whose, counts, ["open=each"], ways, goals)


def process(name, title, file, goals):
    """A fresh process that answers one point query and prints the rows as text. What counts is its time on the processor, from its first
    instruction to its last."""
    dataset = file.split(".")[0]
    ways = {"ours": "query", "wheel": "query", "java-low": "low", "java-query": "query"}
    commands = {e: (file, ["print", f"way={w}", f"queries={dataset}.points", "count=1"]) for e, w in ways.items()}
    return Work(name, title, "wheel", dataset, commands, kind="process", goals=goals, facts=f"{dataset}.point")


def aggregate(whose, goals):
    """Count, smallest, largest, first and last value of each column of each device."""
    file, parquet = f"tiny.{whose}.tsfile", "tiny.polars.parquet"
    commands = {
        "ours": (file, ["aggregate"]),
        "wheel": (file, ["aggregate"]),
        "java-low": (file, ["aggregate", "way=nodes"]),
        "duckdb": (parquet, ["aggregate"]),
    }
    name = "aggregate" if whose == "wheel" else f"aggregate-{whose}"
    return Work(name, "aggregates of each device of tiny", whose, "tiny", commands, kind="aggregate", goals=goals, facts="tiny.aggregates")


def select(which, whose, title, goals):
    """A thousandth of all rows, by value, with all columns."""
    file, parquet = f"devops.{whose}.tsfile", "devops.polars.parquet"
    readers = {"ours": file, "wheel": file, "java-low": file, "polars": parquet, "duckdb": parquet}
    commands = {e: (f, ["select", f"bounds=devops.{which}"]) for e, f in readers.items()}
    name = f"select-{which}" if whose == "wheel" else f"select-{which}-{whose}"
    return Work(name, title, whose, "devops", commands, kind="select", goals=goals, facts=f"devops.{which}")


WORKS = [
    scan("devops", "full scan devops", "devops.wheel.tsfile", "wheel", goals={"wheel": 5, "java-low": 2}),
    scan("devops-ts2diff", "full scan devops, TS_2DIFF floats", "devops.wheel-ts2diff.tsfile", "wheel", goals={"wheel": 4},
         truth="ts2diff", without=("java-query", "pyarrow", "polars")),
    # The wheel does not know RLE of BOOLEAN, which is Java's default.
    scan("devops-java", "full scan devops", "devops.java.tsfile", "Java", goals={"java-low": 2}, without=("wheel", "pyarrow", "polars")),
    scan("wide", "full scan wide, GORILLA", "wide.wheel.tsfile", "wheel", goals={"wheel": 1.8, "java-low": 3}),
    scan("wide-ts2diff", "full scan wide, TS_2DIFF floats", "wide.wheel-ts2diff.tsfile", "wheel", goals={"wheel": 4},
         truth="ts2diff", without=("java-query", "pyarrow", "polars")),
    scan("random", "full scan random, GORILLA", "random.wheel.tsfile", "wheel", goals={"wheel": 3, "java-low": 5}),
    scan("tiny", "full scan tiny", "tiny.wheel.tsfile", "wheel", goals={"wheel": 280, "java-low": 4}),
    scan("tiny-java", "full scan tiny", "tiny.java.tsfile", "Java", without=("wheel", "pyarrow", "polars")),
    scan("devops-column", "one column (f_cpu) of devops", "devops.wheel.tsfile", "wheel", column="f_cpu", goals={"wheel": 3}),
    opening("open", "devops.wheel.tsfile", goals={"wheel": 2}),
    opening("open-tiny", "tiny.wheel.tsfile"),
    tree("tree-devops-all", "not aligned: devops, rows=all", "devops.wheel-tree.tsfile", "wheel", options=["rows=all"]),
    tree("tree-devops-projected", "not aligned: devops, rows=projected", "devops.wheel-tree.tsfile", "wheel", options=["rows=projected"],
         without=("wheel", "java-low", "java-query")),
    tree("tree-column-all", "not aligned: f_cpu of devops, rows=all", "devops.wheel-tree.tsfile", "wheel", options=["rows=all"],
         column="f_cpu"),
    tree("tree-column-projected", "not aligned: f_cpu of devops, rows=projected", "devops.wheel-tree.tsfile", "wheel",
         options=["rows=projected"], column="f_cpu"),
    tree("tree-wide", "not aligned: wide", "wide.java-tree.tsfile", "Java", options=[], without=("wheel", "java-query")),
    write("devops", {"wheel": 4, "java": 4}, {"wheel": 0.5, "polars": 0.7}),
    write("wide", {"wheel": 4, "java": 3}, {"wheel": 0.3, "polars": 0.6}),
    write("random", {"wheel": 8, "java": 6}, {"wheel": 1.0}),
    write("tiny", {"wheel": 15, "java": 12}, {"wheel": 1.0}),
    reread("devops"),
    reread("wide"),
    reread("random"),
    reread("tiny"),
    point("wheel", {"wheel": 4, "java-low": 3}),
    point("ours", {"wheel": 10}),
    lookup("wheel", {"wheel": 10, "java-low": 5, "java-query": 200}),
    lookup("ours", {"wheel": 10, "java-low": 5, "java-query": 200}),
    process("process", "fresh process, 1001 rows of devops", "devops.wheel.tsfile", {"java-low": 50, "java-query": 50}),
    process("process-tiny", "fresh process, 20 rows of tiny", "tiny.wheel.tsfile", {"java-low": 50, "java-query": 50}),
    aggregate("wheel", {"wheel": 100, "java-low": 3, "duckdb": 1}),
    aggregate("ours", {"wheel": 100, "java-low": 3, "duckdb": 1}),
    select("spread", "wheel", "0.1 % of devops by f_cpu, everywhere", {"polars": 2}),
    select("spread", "ours", "0.1 % of devops by f_cpu, everywhere", {"polars": 2}),
    select("high", "wheel", "0.1 % of devops by f_mem, in few devices", {"polars": 2}),
    select("high", "ours", "0.1 % of devops by f_mem, in few devices", {"polars": 2}),
]


def program(engine, build, writes=False):
    """How an engine is started; `build` is the folder with what was built."""
    engine = engine.removesuffix(OLD)
    python = {"pyarrow": "read_pyarrow.py", "polars": "read_polars.py", "duckdb": "read_duckdb.py"}
    python |= dict.fromkeys(["wheel", "wheel-query", "wheel-prepared"], "read_wheel.py")
    if writes:
        python = {"wheel": "write_wheel.py", "polars": "write_parquet.py"}
    if engine in python:
        return [sys.executable, str(HERE / python[engine])]
    if engine == "ours":
        return [str(build / "rust/release/tsfile-compare")]
    return ["java", "-cp", os.pathsep.join([str(build / "java/classes"), str(build / "java/lib/*")]), "compare.Main"]


def arguments(work, engine, data, check):
    """What an engine is told to do for `work`: the values summed up if `check`, or timed."""
    file, (command, *options) = work.commands[engine]
    options = [o for option in options for o in filled_in(option, data)]
    if check:
        options += ["check=yes"] + [f"count={CHECKED_POINTS}"] * (work.kind == "points")
    elif engine.startswith("java") and work.kind not in ("open", "process"):
        options += [f"times={JAVA_TIMES}"]
    if work.kind == "write":
        return [command, str(data / "columns" / work.dataset), str(data / file), *options]
    return [command, str(data / file), *options]


def filled_in(option, data):
    """An option with what lies beside the files."""
    key, value = option.split("=", 1)
    if key == "queries":
        return [f"queries={data / value}"]
    if key == "bounds":
        found = json.loads((data / f"{value}.json").read_text())
        return [f"{k}={found[k]}" for k in ("column", "low", "high")]
    return [option]
