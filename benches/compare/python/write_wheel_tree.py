"""Writes a data set with the C++ library as a tree of devices whose series each have times of their own (not aligned):
`python write_wheel_tree.py DUMP FILE`. Encodings are what the library takes for a table by default."""

import sys

import numpy as np
from tsfile import Tablet, TimeseriesSchema, TsFileWriter
from tsfile.constants import Compressor, TSDataType, TSEncoding

from dump import Dump

TABLET_ROWS = 20_000
ENCODINGS = {
    "BOOLEAN": TSEncoding.PLAIN,
    "INT32": TSEncoding.TS_2DIFF,
    "INT64": TSEncoding.TS_2DIFF,
    "FLOAT": TSEncoding.GORILLA,
    "DOUBLE": TSEncoding.GORILLA,
    "STRING": TSEncoding.PLAIN,
}


def objects(dump, column, start, end):
    """The values of some rows as Python objects, None where they are null."""
    values = dump.values(column)[start:end]
    if column.type == "STRING":
        values = np.array(column.words, object)[values]
    elif column.type == "BOOLEAN":
        values = (values != 0).astype(object)
    else:
        values = values.astype(object)
    valid = dump.valid(column)
    if valid is not None:
        values[valid[start:end] == 0] = None
    return values.tolist()


def main():
    folder, path = sys.argv[1:]
    dump = Dump(folder)
    shape = dump.shape
    names = [c.name for c in shape.columns]
    types = [TSDataType[c.type] for c in shape.columns]
    writer = TsFileWriter(path)
    for number, name in enumerate(shape.devices):
        device = f"root.{shape.table}.{name}"
        for c in shape.columns:
            writer.register_timeseries(device, TimeseriesSchema(c.name, TSDataType[c.type], ENCODINGS[c.type], Compressor.LZ4))
        last = (number + 1) * shape.rows_per_device
        for start in range(number * shape.rows_per_device, last, TABLET_ROWS):
            end = min(start + TABLET_ROWS, last)
            tablet = Tablet(names, types, end - start)
            tablet.set_table_name(device)
            tablet.timestamp_list = dump.times()[start:end].tolist()
            tablet.data_list = [objects(dump, c, start, end) for c in shape.columns]
            writer.write_tablet(tablet)
    writer.close()


if __name__ == "__main__":
    main()
