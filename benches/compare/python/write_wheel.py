"""The C++ library (PyPI `tsfile`) as a writer: `write_wheel.py COMMAND DUMP FILE [encodings=ts2diff] [times=N]`.

    table       Arrow batches, the fastest way: no row is touched in Python
    dataframe   data frames, which are sorted first
    tablet      tablets, whose values are Python objects

Every setting is left as it is; `encodings=ts2diff` asks for TS_2DIFF for FLOAT and DOUBLE.
"""

import tempfile

import tsfile
from tsfile import ColumnCategory, ColumnSchema, TableSchema, Tablet, TsFileTableWriter
from tsfile.constants import TSDataType, TSEncoding

import writer
from dump import Dump

BATCH_ROWS = 100_000


def encode_floats_as_ts2diff():
    """The library has its settings only once it was used."""
    with tempfile.TemporaryDirectory() as folder:
        tsfile.TsFileWriter(f"{folder}/any.tsfile").close()
    config = tsfile.get_tsfile_config()
    config.update(float_encoding_type_=TSEncoding.TS_2DIFF, double_encoding_type_=TSEncoding.TS_2DIFF)
    tsfile.set_tsfile_config(config)


def schema(shape):
    """One table, the device is its tag."""
    columns = [ColumnSchema(shape.tag, TSDataType.STRING, ColumnCategory.TAG)]
    columns += [ColumnSchema(c.name, TSDataType[c.type], ColumnCategory.FIELD) for c in shape.columns]
    return TableSchema(shape.table, columns)


def writing(dump, parts, each):
    """What writes `parts` one after another."""

    def write(path):
        with TsFileTableWriter(path, schema(dump.shape)) as file:
            for part in parts:
                each(file, part)

    return write


def table(folder, encodings="default", rows=BATCH_ROWS):
    if encodings == "ts2diff":
        encode_floats_as_ts2diff()
    dump = Dump(folder)
    return writing(dump, list(dump.batches(int(rows))), lambda file, batch: file.write_arrow_batch(batch))


def dataframe(folder):
    dump = Dump(folder)
    frames = [batch.to_pandas() for batch in dump.batches(BATCH_ROWS)]
    return writing(dump, frames, lambda file, frame: file.write_dataframe(frame))


def tablet(folder):
    dump = Dump(folder)
    names = [c.get_column_name() for c in schema(dump.shape).get_columns() if c.get_category() != ColumnCategory.TIME]
    types = [TSDataType.STRING] + [TSDataType[c.type] for c in dump.shape.columns]
    tablets = []
    for batch in dump.batches(BATCH_ROWS):
        one = Tablet(names, types, batch.num_rows)
        one.timestamp_list = batch.column(0).to_pylist()
        one.data_list = [column.to_pylist() for column in batch.columns[1:]]
        tablets.append(one)
    return writing(dump, tablets, lambda file, one: file.write_table(one))


if __name__ == "__main__":
    writer.main({"table": table, "dataframe": dataframe, "tablet": tablet})
