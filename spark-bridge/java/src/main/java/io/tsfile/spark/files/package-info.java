/** Files: found, opened, and kept open for the next query. */
package io.tsfile.spark.files;
