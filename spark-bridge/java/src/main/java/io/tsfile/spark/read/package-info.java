/** Reading: what Spark asks for becomes a plan of the engine, and its batches become Spark's. */
package io.tsfile.spark.read;
