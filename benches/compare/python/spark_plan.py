"""Plans a query over many files in Spark: seconds on the driver and memory, for the first time and again.

    spark_plan.py JAR FILE [--counts 1000 10000] [--master local[2]]

A folder gets COUNT names of FILE, in a hundred folders `day=N`. `load` finds the files and reads their schemas; `plan` cuts a query with a filter
into partitions. Run by the Python of an environment with pyspark: see `.ci/bench-spark`.
"""

import argparse
import os
import tempfile
import time

from pyspark.sql import SparkSession

parser = argparse.ArgumentParser()
parser.add_argument("jar")
parser.add_argument("file")
parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10000])
parser.add_argument("--master", default="local[2]")
parser.add_argument("--option", action="append", default=[])
args = parser.parse_args()
spark = (
    SparkSession.builder.master(args.master)
    .config("spark.jars", args.jar)
    .config("spark.ui.enabled", "false")
    .config("spark.driver.memory", "2g")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
jvm = spark.sparkContext._jvm
loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
options = dict(o.split("=", 1) for o in args.option)


def native(method):
    """A static method of TsFileNative, which is in the jar and not on the class path that py4j looks at."""
    of = loader.loadClass("io.tsfile.TsFileNative").getMethod(method, None)
    return of.invoke(None, None)


def heap():
    jvm.java.lang.System.gc()
    runtime = jvm.java.lang.Runtime.getRuntime()
    return (runtime.totalMemory() - runtime.freeMemory()) / 2**20


def plan(path):
    started = time.perf_counter()
    frame = spark.read.format("tsfile").options(**options).load(path)
    loaded = time.perf_counter()
    frame = frame.where("time > 0")
    partitions = frame._jdf.queryExecution().executedPlan().execute().getNumPartitions()
    return loaded - started, time.perf_counter() - loaded, partitions


def fill(root, count):
    for i in range(count):
        folder = f"{root}/day={i % 100}"
        os.makedirs(folder, exist_ok=True)
        os.link(f"{root}/../one.tsfile", f"{folder}/{i:05}.tsfile")


with tempfile.TemporaryDirectory() as work:
    with open(args.file, "rb") as source, open(f"{work}/one.tsfile", "wb") as target:
        target.write(source.read())
    os.mkdir(f"{work}/warm")
    fill(f"{work}/warm", 100)
    for _ in range(3):
        plan(f"{work}/warm")
    print(f"{os.path.basename(args.file)}, {os.path.getsize(args.file)} bytes; Spark {spark.version}, {args.master}")
    print(f"{'files':>6} {'':>6} {'load s':>7} {'plan s':>7} {'partitions':>10} {'native MiB':>10} {'peak MiB':>9} {'heap MiB':>9}")
    for count in args.counts:
        root = f"{work}/{count}"
        os.mkdir(root)
        fill(root, count)
        native("peakNativeBytes")
        kept, before = native("cachedNativeBytes"), heap()
        for what in ("first", "again"):
            load, cut, partitions = plan(root)
            grown = (native("cachedNativeBytes") - kept) / 2**20
            peak = native("peakNativeBytes") / 2**20
            print(f"{count:>6} {what:>6} {load:>7.2f} {cut:>7.2f} {partitions:>10} {grown:>10.1f} {peak:>9.1f} {heap() - before:>9.1f}")
spark.stop()
