"""What releases of the C++ library (PyPI `tsfile`) make of FLOAT and DOUBLE columns, above all those in TS_2DIFF. Run by hand:

    python3 testdata/oracle/old_wheels.py TARGET [RELEASE...]

makes a virtual environment for each release (2.3.1, 2.4.0 and 2.5.0 unless named) below TARGET/old-wheels, has each read golden files,
and prints how many values of each column come back with the right bits.
"""

import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import venv

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
FILES = ["cpp-2.5.0/enc_ts_2diff", "java-2.4.0/max_point_number", "java-2.4.0/enc_gorilla", "java-2.4.0/enc_chimp",
         "java-2.4.0/comp_nonaligned"]
RELEASES = ["2.3.1", "2.4.0", "2.5.0"]
SECONDS = 1
FORMS = {"FLOAT": ">f", "DOUBLE": ">d"}


def python_of(release, target):
    home = pathlib.Path(target) / "old-wheels" / release
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        subprocess.run(pip + [f"tsfile=={release}"], check=True)
        (home / "ready").touch()
    return python


def read(release):
    """In the environment of a release."""
    from tsfile import TsFileReader

    for file in FILES:
        path = GOLDEN / (file + ".tsfile")
        series = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["series"]
        for device, columns in series.items():
            for name, column in columns.items():
                if column["type"] in FORMS and column["encoding"] != "RLE":
                    guarded(f"{release}  {file}  {device.split('.')[-1]}.{name}", TsFileReader, path, device, name, column)


def guarded(where, open_file, path, device, name, column):
    """In a process of its own, as some releases do not come back."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        print(where, column["type"], column["encoding"], column["compression"], one(open_file(str(path)), device, name, column),
              sep="  ", flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        stopped = os.WTERMSIG(status) == signal.SIGALRM
        outcome = f"does not end within {SECONDS} s" if stopped else f"ends with signal {os.WTERMSIG(status)}"
        print(where, column["type"], column["encoding"], column["compression"], outcome, sep="  ", flush=True)


def one(reader, device, name, column):
    form = FORMS[column["type"]]
    want = column.get("decodes_to") or column.get("cpp_reads_as") or column["rows"]
    want = [w[1] if isinstance(w, list) else w for w in want]
    got, outcome = [], ""
    try:
        with reader.query_timeseries(device, [name], -(2**63), 2**63 - 1) as rows:
            while rows.next():
                got.append(struct.pack(form, rows.get_value_by_index(2)).hex())
    except Exception as e:
        outcome = f", then {type(e).__name__}"
    same = sum(a == b for a, b in zip(want, got))
    show = lambda v: ", ".join(f"{struct.unpack(form, bytes.fromhex(x))[0]:.6g}" for x in v[:3])
    return f"{same:>2} of {len(want)} right{outcome}; expected {show(want)}; got {show(got)}"


def main():
    if sys.argv[1:2] == ["--read"]:
        read(sys.argv[2])
        return
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for release in sys.argv[2:] or RELEASES:
        subprocess.run([python_of(release, sys.argv[1]), __file__, "--read", release], check=True)


if __name__ == "__main__":
    main()
