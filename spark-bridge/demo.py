"""TsFile in Spark: a file that the Java library wrote, its schema, a filter with its plan, and a window for each device."""

import sys

from pyspark.sql import SparkSession

jar, file = sys.argv[1:3]
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.jars", jar)
    .config("spark.ui.enabled", "false")
    .config("spark.sql.sources.v2.bucketing.enabled", "true")  # the default since Spark 4.1
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
print(f"Spark {spark.version}")

df = spark.read.format("tsfile").load(file)
print(f'\n>>> df = spark.read.format("tsfile").load("{file}")\n>>> df.printSchema()')
df.printSchema()

print(">>> some = df.where(\"time >= 2 and tag1 = 'x' and f_double > 20.5\"); some.explain()")
some = df.where("time >= 2 and tag1 = 'x' and f_double > 20.5")
some.explain()
print(">>> some.show(5)")
some.show(5)

df.createOrReplaceTempView("t")
query = "select tag1, time, f_double - lag(f_double) over (partition by tag1 order by time) as change from t"
print(f'>>> rows = spark.sql("{query}"); rows.explain()')
rows = spark.sql(query)
rows.explain()
print("No Exchange and no Sort: each device is a partition, in the order of time.\n\n>>> rows.show(6)")
rows.show(6)
spark.stop()
