"""Reads devops and tiny in Spark, as TsFile and as Parquet (zstd, written by polars), side by side in one session.

    spark.py JAR DATA [--master local[1]] [--runs 3]

DATA is a folder that `benches/compare/run` made (`data-1`). Each query runs three times, both sources in turn; the third run of each counts.
What is printed is seconds of Parquet divided by ours, by the wall clock, and beside it the same of the processor time of the whole JVM, which a
machine that is shared disturbs less. Planning is what it takes from the text of a query to its physical plan, in milliseconds. Run by the Python of an environment with pyspark: see `.ci/bench-spark`.
"""

import argparse
import os
import time

from pyspark.sql import SparkSession

parser = argparse.ArgumentParser()
parser.add_argument("jar")
parser.add_argument("data")
parser.add_argument("--master", default="local[1]")
parser.add_argument("--runs", type=int, default=3)
args = parser.parse_args()
spark = (
    SparkSession.builder.master(args.master)
    .config("spark.jars", args.jar)
    .config("spark.ui.enabled", "false")
    .config("spark.driver.memory", "6g")
    .config("spark.sql.shuffle.partitions", "4")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")


pid = spark._jvm.java.lang.ProcessHandle.current().pid()


def processor_seconds():
    """Of the JVM, its compiler and its collector among it."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def source(format, path, keyed):
    reader = spark.read.format(format)
    if format == "tsfile":
        reader = reader.option("partitioning", "keyed" if keyed else "parallel")
    return reader.load(path)


def scan(columns):
    parts = []
    for name, kind in columns:
        parts.append(f"sum(length({name}))" if kind == "string" else f"sum(cast({name} as double))" if kind == "boolean" else f"sum({name})")
    return "select " + ", ".join(parts) + " from t"


def devops(frame):
    columns = [(n, t) for n, t in frame.dtypes if n not in ("time", "host")]
    first, last = frame.selectExpr("min(time)", "max(time)").first()
    low = first + (last - first) // 2
    device = frame.select("host").first()[0]
    return [
        ("full scan, all columns", 1.6, scan(columns), False),
        ("one column", 1.0, "select sum(f_cpu) from t", False),
        ("device and range of times", 3, f"select count(*), sum(f_cpu) from t where host = '{device}' and time between {low} and {low + 1_000_000}", False),
        ("1 % of the time, all devices", 5, f"select sum(f_cpu), sum(f_mem) from t where time between {low} and {low + (last - first) // 100}", False),
        ("aggregates per device", 2, "select host, count(*), avg(f_cpu), max(f_mem) from t group by host", False),
        ("lag per device", 2, "select sum(d) from (select f_cpu - lag(f_cpu) over (partition by host order by time) d from t)", True),
    ]


def tiny(frame):
    columns = [(n, t) for n, t in frame.dtypes if n != "time"]
    return [("tiny: full scan", 1.0, scan(columns), False)]


def measure(name, queries):
    files = {"tsfile": f"{args.data}/{name}.ours.tsfile", "parquet": f"{args.data}/{name}.polars.parquet"}
    for what, goal, sql, keyed in queries(source("tsfile", files["tsfile"], False)):
        for bucketing in ("true", "false") if keyed else ("true",):
            spark.conf.set("spark.sql.sources.v2.bucketing.enabled", bucketing)
            taken, processor, planning, answers = {}, {}, {}, {}
            for _ in range(args.runs):
                for format, path in files.items():
                    source(format, path, keyed and bucketing == "true").createOrReplaceTempView("t")
                    before, started = processor_seconds(), time.perf_counter()
                    query = spark.sql(sql)
                    query._jdf.queryExecution().executedPlan()
                    planning[format] = time.perf_counter() - started
                    answers[format] = query.collect()
                    taken[format] = time.perf_counter() - started
                    processor[format] = processor_seconds() - before
            rounded = {f: sorted(str([f"{v:.9g}" if isinstance(v, float) else v for v in row]) for row in a) for f, a in answers.items()}
            same = "" if rounded["tsfile"] == rounded["parquet"] else "  ANSWERS DIFFER"
            note = "" if not keyed else f", bucketing {bucketing}"
            ratio = taken["parquet"] / taken["tsfile"]
            met = "" if keyed and bucketing == "false" else "met" if ratio >= goal else f"missed: {100 * ratio / goal:.0f} % of it"
            of_processor = processor["parquet"] / max(processor["tsfile"], 0.01)
            milliseconds = " / ".join(f"{1000 * planning[f]:.0f}" for f in ("tsfile", "parquet"))
            print(
                f"| {what}{note} | {goal} | {ratio:.2f} | {of_processor:.2f} | {taken['tsfile']:.2f} s | {milliseconds} | {met}{same} |",
                flush=True,
            )


print(f"Spark {spark.version}, {args.master}\n\n| query | goal | Parquet / ours | processor | ours | planning, ms: ours / Parquet | |\n|---|---|---|---|---|---|---|")
measure("devops", devops)
measure("tiny", tiny)
spark.stop()
