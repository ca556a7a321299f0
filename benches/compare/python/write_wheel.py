"""Writes a data set with the C++ library (PyPI `tsfile`): `python write_wheel.py DUMP FILE default|ts2diff`.

`default` leaves every setting as it is; `ts2diff` asks for TS_2DIFF for FLOAT and DOUBLE.
"""

import os
import sys

import tsfile
from tsfile import ColumnCategory, ColumnSchema, TableSchema, TsFileTableWriter
from tsfile.constants import TSDataType, TSEncoding

from dump import Dump

BATCH_ROWS = 100_000


def encode_floats_as_ts2diff(path):
    """The library has its settings only once it was used."""
    tsfile.TsFileWriter(path).close()
    os.remove(path)
    config = tsfile.get_tsfile_config()
    config.update(float_encoding_type_=TSEncoding.TS_2DIFF, double_encoding_type_=TSEncoding.TS_2DIFF)
    tsfile.set_tsfile_config(config)


def main():
    folder, path, encodings = sys.argv[1:]
    if encodings == "ts2diff":
        encode_floats_as_ts2diff(path)
    dump = Dump(folder)
    shape = dump.shape
    columns = [ColumnSchema(shape.tag, TSDataType.STRING, ColumnCategory.TAG)]
    columns += [ColumnSchema(c.name, TSDataType[c.type], ColumnCategory.FIELD) for c in shape.columns]
    with TsFileTableWriter(path, TableSchema(shape.table, columns)) as writer:
        for batch in dump.batches(BATCH_ROWS):
            writer.write_arrow_batch(batch)


if __name__ == "__main__":
    main()
