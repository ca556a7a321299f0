"""The C++ library (PyPI `tsfile`) as a peer.

    read_wheel.py idle
    read_wheel.py open FILE [times=N]       open, columns of the tables
    read_wheel.py query FILE [column=NAME]  a query of the table, as Arrow batches: its fastest way to read tables
    read_wheel.py tree FILE [column=NAME]   devices of the tree model, row by row: the library has no batches of these
    read_wheel.py prepared FILE             each device on its own by where its metadata lie, which is how the index of its `dataset`
                                            package reads; no tags

`check=yes` also sums up the columns.
"""

import os

from tsfile import ColumnCategory, TsFileReader

import reader

BATCH_ROWS = 65536
LOW, HIGH = -(2**63), 2**63 - 1


def open_file(file, _sums):
    """Reads the tail of the file and the columns of its tables."""
    with TsFileReader(file) as tsfile:
        tsfile.get_all_table_schemas()


def query(file, sums, column=None):
    """All of the only table, or one column of it."""
    with TsFileReader(file) as tsfile:
        (schema,) = tsfile.get_all_table_schemas().values()
        names = [c.get_column_name() for c in schema.get_columns() if c.get_category() != ColumnCategory.TIME]
        result = tsfile.query_table(schema.get_table_name(), [column] if column else names, batch_size=BATCH_ROWS)
        drain(result, sums)


def tree(file, sums, column=None):
    """All devices, one query each; every value is asked for, since nothing else would bring it here."""
    with TsFileReader(file) as tsfile:
        for path, schema in tsfile.get_all_timeseries_schemas().items():
            names = [column] if column else [s.get_timeseries_name() for s in schema.get_timeseries_list()]
            with tsfile.query_timeseries(path, names, LOW, HIGH) as result:
                rows(result, names, sums)


def rows(result, names, sums):
    """Rows of one device. Columns count from 1, which is the time."""
    places = range(2, len(names) + 2)
    times = 0
    counts, totals = [0] * (len(names) + 2), [0] * (len(names) + 2)
    is_null, get = result.is_null_by_index, result.get_value_by_index
    while result.next():
        sums.rows += 1
        times += get(1) - reader.EPOCH
        for i in places:
            if not is_null(i):
                value = get(i)
                counts[i] += 1
                totals[i] += len(value) if isinstance(value, str) else value
    for name, i in zip(names, places):
        sums.add(name, counts[i], totals[i])


def prepared(file, sums):
    """All aligned devices."""
    size = os.path.getsize(file)
    with TsFileReader(file) as tsfile:
        for device in tsfile.get_timeseries_metadata().values():
            series = []
            for m in device.timeseries:
                place = (1, 0, size, 0, 0, m.locator_flags, m.layout, m.value_metadata_offset, m.value_metadata_length)
                place += (m.time_metadata_offset, m.time_metadata_length)
                series.append(tsfile.prepare_series(place, time_owner=series[0] if series else None, trust_index=True))
            with tsfile.query_prepared_multi(series) as result:
                drain(result, sums, [m.measurement_name for m in device.timeseries])
            for one in reversed(series):
                one.close()


def drain(result, sums, names=None):
    """Takes all batches; `names` are those of the columns behind the time where the batches do not say."""
    while (batch := result.read_arrow_record_batch()) is not None:
        sums.batch(batch.rename_columns(["time"] + names) if names else batch)


if __name__ == "__main__":
    reader.main({"open": open_file, "query": query, "tree": tree, "prepared": prepared})
