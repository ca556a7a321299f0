# What there is to do here; the work itself is in .ci/. Everything can be repeated.
#
# CARGO_TARGET_DIR says where build products go (default: target). TSFILE_ORACLE_SEED chooses the random files of the tests.

# bench-compare: SCALE (share of the rows) and ROUNDS; only scale 1 writes docs/performance.md. fuzz: SECONDS for each target.

SCALE ?= 1
ROUNDS ?= 5
SECONDS ?= 60

.PHONY: help jar demo test test-spark-all test-long check fuzz bench-compare bench-spark ci
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):  ## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo:  ## tsfile-cli at work on a real file, then Spark
	@.ci/demo

jar:  ## build tsfile-spark.jar; the last line of output is its path
	@.ci/jar

test:  ## all tests, with 300 random files of the Java and C++ libraries and 500 that they read
	@.ci/test

test-spark-all:  ## the tests of the jar on Spark 3.5 (both Scalas), 4.0, 4.1, 4.2 and 4.3
	@.ci/spark-tests all

test-long:  ## the same with 10,000 and 20,000, and 1,000,000 filters
	@.ci/test long

check:  ## formatting, clippy, documentation, licences and duplicate versions
	@.ci/check

fuzz:  ## each fuzz target for SECONDS=; needs a C++ compiler
	@for target in tail page chunks scan; do tsfile/fuzz/run $$target $(SECONDS) || exit 1; done

bench-compare:  ## our reader and writer beside the C++ and Java libraries and Parquet; SCALE=, ROUNDS=
	@benches/compare/run --scale $(SCALE) --rounds $(ROUNDS)

bench-spark:  ## Spark with TsFile beside Spark with Parquet
	@.ci/bench-spark

ci:  ## everything, as the build server runs it
	@.ci/run
