"""From what was measured to tables in Markdown."""

import datetime
import platform
import re
import statistics
import subprocess
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import report_query
import report_write

HERE = Path(__file__).parent
DOC = HERE.parents[2] / "docs/performance.md"
# What stands between the marks of a section, by its name.
BEGIN, END = "<!-- bench-compare {}: begin -->", "<!-- bench-compare {}: end -->"

TITLES = {
    "wheel": "wheel",
    "wheel-query": "wheel, tag filter",
    "wheel-prepared": "wheel, by locators",
    "java-low": "Java low-level",
    "java-blocks": "Java executor",
    "java-query": "Java query",
    "pyarrow": "pyarrow",
    "polars": "polars",
    "duckdb": "DuckDB",
}


@dataclass
class Results:
    """All rounds of all works."""

    scale: str
    clock: str
    machine: str
    idle: dict
    rounds: dict = field(default_factory=dict)
    works: dict = field(default_factory=dict)
    sizes: dict = field(default_factory=dict)
    # Of our writer when it is given batches that are dropped at once.
    memory: dict = field(default_factory=dict)

    def add(self, work, rounds, data):
        self.works[work.name] = work
        self.rounds[work.name] = rounds
        if work.kind == "write":
            self.sizes[work.name] = {e: found["bytes"] for r in rounds for e, found in r.items()}
        else:
            self.sizes[work.name] = {e: (data / file).stat().st_size for e, (file, _) in work.commands.items()}

    def part(self, *kinds):
        """Only the works of these kinds."""
        return replace(self, works={n: w for n, w in self.works.items() if w.kind in kinds})

    def seconds(self, name, engine, found, cold=False):
        """The time that counts: of a JVM the last one or, when `cold`, the first; of many openings the median of the later half, always by
        the wall, since the processor's clock of a JVM is too coarse; of short processes the median, always on the processor. A query counts
        alone."""
        if self.works[name].kind == "open":
            times = found["seconds"]
            return times[0] if cold else statistics.median(times[len(times) // 2 :])
        if self.works[name].kind == "process":
            return statistics.median(found["cpu_seconds"])
        times = found["cpu_seconds" if self.clock == "cpu" else "seconds"]
        return times[0 if cold else -1] / self.works[name].per_run(engine)

    def ratios(self, name, engine, cold=False, ours="ours"):
        """Engine's time over that of `ours`, one for each round both took part in."""
        both = [r for r in self.rounds[name] if engine in r and ours in r]
        return [self.seconds(name, engine, r[engine], cold) / self.seconds(name, ours, r[ours]) for r in both]

    def median_seconds(self, name, engine):
        """Of all rounds."""
        return statistics.median(self.seconds(name, engine, r[engine]) for r in self.rounds[name] if engine in r)

    def peak_mib(self, name, engine):
        """The highest of all rounds, or None where the engine took no part."""
        peaks = [r[engine]["peak_kib"] for r in self.rounds[name] if engine in r]
        return max(peaks) / 1024 if peaks else None


def number(value):
    """Three digits, or all of those before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(ratios):
    """Median, and the least and the largest where there are several."""
    if not ratios:
        return ""
    median = number(statistics.median(ratios))
    return f"{median} ({number(min(ratios))}..{number(max(ratios))})" if len(ratios) > 1 else f"{median} (one round)"


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def goals(results):
    """What was wanted and what came."""
    rows = []
    for name, work in results.works.items():
        for engine, goal in work.goals.items():
            if ratios := results.ratios(name, engine):
                median = statistics.median(ratios)
                verdict = "met" if median >= goal else f"missed: {number(median / goal * 100)} % of it"
                rows.append([work.title, work.whose, TITLES[engine], f"{goal:g}", spread(ratios), verdict])
    return table(["work", "file of", "peer", "goal", "peer's seconds / ours", ""], rows) if rows else ""


def speed(results):
    """Ratios of all engines."""
    engines = [e for e in TITLES if any(e in w.commands for w in results.works.values())]
    rows = []
    for name, work in results.works.items():
        ours = results.median_seconds(name, "ours")
        shown = f"{ours * 1e6:.0f} us" if ours < 0.01 else f"{ours * 1e3:.0f} ms" if ours < 0.1 else f"{ours:.2f} s"
        size = f"{results.sizes[name]['ours'] / 2**20:.1f}"
        rows.append([work.title, work.whose, size, shown] + [spread(results.ratios(name, e)) for e in engines])
    return table(["work", "file of", "MiB", "ours"] + [TITLES[e] for e in engines], rows)


def cold(results):
    """The first round of each JVM."""
    engines = [e for e in ("java-low", "java-blocks", "java-query") if any(e in w.commands for w in results.works.values())]
    rows = [
        [work.title, work.whose] + [spread(results.ratios(name, e, cold=True)) for e in engines]
        for name, work in results.works.items()
        if any(e in work.commands for e in engines)
    ]
    return table(["work", "file of"] + [TITLES[e] for e in engines], rows) if rows else ""


def memory(results):
    """Highest resident size."""
    engines = ["ours"] + [e for e in TITLES if any(e in w.commands for w in results.works.values())]
    rows = [["idle", ""] + [number(results.idle[e] / 1024) for e in engines]]
    for name, work in results.works.items():
        peaks = [results.peak_mib(name, e) for e in engines]
        rows.append([work.title, work.whose] + ["" if p is None else number(p) for p in peaks])
    above = max(results.peak_mib(name, "ours") for name in results.works) - results.idle["ours"] / 1024
    shown = table(["work", "file of", "ours"] + [TITLES[e] for e in engines[1:]], rows)
    return f"{shown}\n\nOurs is at most {number(above)} MiB above its idle process."


def output(*command):
    """What a program says about itself, its first line."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout.splitlines()[0]


def machine(build):
    """Date, machine and versions."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.MULTILINE))
    kib = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text()).group(1))
    java = next((build / "java/lib").glob("tsfile-*.jar")).stem.removeprefix("tsfile-")
    jdk = re.search(r'"(.*)"', output("java", "-version")).group(1)
    return (
        f"{datetime.date.today()}; {cpu.group(1) if cpu else platform.machine()}, {cores} cores, {kib / 2**20:.0f} GiB; "
        f"{output('rustc', '--version').split(' (')[0]}; wheel {version('tsfile')} on Python {platform.python_version()}; "
        f"Java library {java} on JDK {jdk}; pyarrow {version('pyarrow')}, polars {version('polars')}, DuckDB {version('duckdb')}"
    )


def head(results, ratio):
    """Where and how it was measured."""
    clock = "Time on the processor (the machine was not quiet)" if results.clock == "cpu" else "Wall clock"
    parts = [f"{results.machine}. {clock}; {ratio}, median of the rounds (least..largest)."]
    if results.scale != "1":
        parts.append(f"Made at scale {results.scale}: only figures at scale 1 may be quoted.")
    return parts


def reading(results):
    """The section about readers."""
    parts = head(results, "the peer's time divided by ours")
    if found := goals(results):
        parts += ["### Goals", found]
    parts += ["### Time, as multiples of ours", speed(results)]
    if found := cold(results):
        parts += ["### The same for the first round of a cold JVM", found]
    parts += ["### Highest resident size, MiB", memory(results)]
    return "\n\n".join(parts)


def texts(results):
    """The sections by name, as far as anything was measured for them."""
    out = {}
    if (part := results.part("scan", "open")).works:
        out["reading"] = reading(part)
    if (part := results.part("write", "reread")).works:
        out["writing"] = report_write.writing(part)
    if (part := results.part("points", "process", "aggregate", "select")).works:
        out["queries"] = report_query.querying(part)
    return out


def write_doc(name, found):
    """Puts a section between its marks in docs/performance.md."""
    begin, end = BEGIN.format(name), END.format(name)
    before, rest = DOC.read_text().split(begin)
    _, after = rest.split(end)
    DOC.write_text(f"{before}{begin}\n\n{found}\n\n{end}{after}")
