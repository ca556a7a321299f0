/** The Spark DataSource for TsFile. */
package io.tsfile.spark;
