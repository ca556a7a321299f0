/** TsFile in Java and Spark: errors, and how much native memory is in use. */
package io.tsfile;
