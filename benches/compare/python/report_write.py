"""The section about writers: from what was measured to tables in Markdown."""

import statistics

import report
import works

MIB = 1 << 20
# What the writer may take above its limit, and that limit unless it is told another one.
LIMIT_MIB, ABOVE_MIB = 256, 64


def verdict(found, goal, at_least):
    """Whether a goal was met."""
    met = found >= goal if at_least else found <= goal
    return "met" if met else f"missed: {report.number(found / goal * 100)} % of it"


def speed(results):
    """Time of the peers over ours."""
    rows = []
    for name, work in results.works.items():
        ours = results.median_seconds(name, "ours")
        row = [work.dataset, f"{ours:.2f} s"]
        for engine in ("wheel", "java"):
            ratios = results.ratios(name, engine)
            row.append(report.spread(ratios))
            row.append(f"{work.goals[engine]:g}: {verdict(statistics.median(ratios), work.goals[engine], True)}" if ratios else "")
        row.append(report.spread(results.ratios(name, "java", cold=True)))
        row.append(report.spread(results.ratios(name, "polars")))
        rows.append(row)
    header = ["data", "ours", "wheel", "goal", "Java", "goal", "Java, cold", "polars (Parquet)"]
    return report.table(header, rows)


def sizes(results):
    """Sizes of the files."""
    rows = []
    for name, work in results.works.items():
        found = results.sizes[name]
        row = [work.dataset] + [f"{found[e] / MIB:.1f}" if e in found else "" for e in ("ours", "wheel", "java", "polars")]
        for engine in ("wheel", "polars"):
            share = found["ours"] / found[engine] if engine in found else None
            goal = work.sizes.get(engine)
            row.append("" if share is None else f"{share:.3f}")
            row.append("" if share is None or goal is None else f"{goal:g}: {verdict(share, goal, False)}")
        rows.append(row)
    return report.table(["data", "ours", "wheel", "Java", "Parquet, zstd", "ours / wheel", "goal", "ours / Parquet", "goal"], rows)


def memory(results):
    """Highest resident size: of all above the data in memory, of ours also when it has to hold them itself."""
    rows = []
    for name, work in results.works.items():
        above = []
        for engine in ("ours", "wheel", "java", "polars"):
            found = [r[engine] for r in results.rounds[name] if engine in r]
            above.append(report.number(max(f["peak_kib"] - f["data_kib"] for f in found) / 1024) if found else "")
        data = results.rounds[name][0]["ours"]["data_kib"] / 1024
        stream = results.memory[name]["peak_kib"] / 1024
        most = LIMIT_MIB + ABOVE_MIB
        rows.append([work.dataset, report.number(data)] + above + [report.number(stream), f"{most}: {verdict(stream, most, False)}"])
    return report.table(["data", "in memory", "ours", "wheel", "Java", "polars", "ours, stream", "goal"], rows)


def reread(results):
    """How much faster what we write is read than what the C++ library writes by default."""
    readers = ["ours", "wheel", "java-low"]
    rows = []
    for name, work in results.works.items():
        row = [work.dataset]
        for engine in readers:
            ratios = results.ratios(name, engine + works.OLD, ours=engine)
            row.append(report.spread(ratios))
        rows.append(row)
    return report.table(["data", "our reader", "wheel", "Java low-level"], rows)


def writing(results):
    """The whole section."""
    parts = report.head(results, "the peer's time divided by ours")
    written = results.part("write")
    if written.works:
        parts += ["### Time, as multiples of ours", speed(written)]
        parts += ["### Size, MiB", sizes(written)]
        parts += [
            "### Highest resident size, MiB",
            "Above the data, which all have in memory before they begin. \"Stream\" is the whole process of our writer when batches are made as it "
            "takes them and dropped at once: what it holds of them is in there then.",
            memory(written),
        ]
    again = results.part("reread")
    if again.works:
        parts += ["### What we write, read: time for the wheel's default file divided by time for ours, by the same reader", reread(again)]
    return "\n\n".join(parts)
