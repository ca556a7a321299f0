"""What only Python and several JVMs show: executors that get the jar from the driver and nothing else, pandas, strings over many batches.

    python cluster_test.py JAR TESTDATA
"""

import os
import sys

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import collect_list, first, max, pandas_udf, sum

jar, testdata = sys.argv[1:3]
os.environ["PYSPARK_PYTHON"] = sys.executable  # of the executors, which would take any
golden = f"{testdata}/golden"
spark = (
    SparkSession.builder.master("local-cluster[2,1,1024]")
    .config("spark.jars", jar)
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "4")
    .config("spark.sql.sources.v2.bucketing.enabled", "true")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
checks = 0


def check(what, found, expected):
    global checks
    checks += 1
    if found != expected:
        sys.exit(f"cluster_test: {what}: found {found}, expected {expected}")


def read(name, **options):
    return spark.read.format("tsfile").options(**options).load(f"{golden}/{name}")


table = read("cpp-2.5.0/table_all_types.tsfile")
check("rows", table.count(), 60)
check("rows of a filter", table.where("tag1 = 'a' and i32 > 3").count(), len([r for r in table.collect() if r.tag1 == "a" and r.i32 > 3]))
# A file whose metadata only the driver has seen, cut into many pieces for two other processes.
spark.conf.set("spark.sql.files.maxPartitionBytes", "1024")
spark.conf.set("spark.sql.files.openCostInBytes", "0")
many = read("java-2.4.0/table_many_devices.tsfile", table="many", partitioning="parallel")
check("several partitions", many.rdd.getNumPartitions() > 1, True)
rows = many.collect()
check("rows of all pieces", many.count(), len(rows))
keyed = read("java-2.4.0/table_many_devices.tsfile", table="many", partitioning="keyed")
check("keyed rows", sorted(map(str, keyed.collect())), sorted(map(str, rows)))
# Strings outlive their batch only as copies.
grouped = many.groupBy("tag1").agg(max("tag2"), first("tag2"), collect_list("tag2").alias("all"))
for row in grouped.collect():
    own = [r.tag2 for r in rows if r.tag1 == row.tag1]
    check("collected strings", sorted(row["all"]), sorted(t for t in own if t is not None))


@pandas_udf("double")
def twice(v: pd.Series) -> pd.Series:
    return v * 2


check("a pandas function", table.select(sum(twice("d"))).first()[0], 2 * table.select(sum("d")).first()[0])
check("head after a pandas function", len(table.select(twice("d")).head(3)), 3)
check("pandas", len(table.select("time", "txt", "d").toPandas()), 60)
# A path that is not there.
try:
    read("nothing.tsfile")
    sys.exit("cluster_test: a missing file was read")
except Exception as e:
    check("a missing path", "nothing.tsfile" in str(e), True)
spark.stop()
print(f"cluster_test: {checks} checks")
