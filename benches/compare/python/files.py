"""Makes the files of the comparison, each once: a file is there when it is whole."""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import works

HERE = Path(__file__).parent
SOURCES = [
    "generate.py",
    "queries.py",
    "dump.py",
    "reader.py",
    "writer.py",
    "write_wheel.py",
    "write_wheel_tree.py",
    "write_parquet.py",
    "requirements.txt",
    "../../../testdata/oracle/requirements.txt",
    "../java/pom.xml",
    "../java/src/compare/Dump.java",
    "../java/src/compare/Write.java",
]


def writer(name, dump, build):
    """The command that writes file `name` from a dump; the file to write comes behind it, then the rest."""
    kind = name.split(".")[1]
    python = [sys.executable]
    java = works.program("java-low", build)
    return {
        "ours": (works.program("ours", build) + ["write", dump], []),
        "wheel": (python + [HERE / "write_wheel.py", "table", dump], []),
        "wheel-ts2diff": (python + [HERE / "write_wheel.py", "table", dump], ["encodings=ts2diff"]),
        "wheel-tree": (python + [HERE / "write_wheel_tree.py", dump], []),
        "polars": (python + [HERE / "write_parquet.py", "table", dump], []),
        "java": (java + ["write-table", dump], []),
        "java-tree": (java + ["write-tree", dump], []),
    }[kind]


def stamp(scale):
    """What the files depend on."""
    digest = hashlib.sha256()
    for source in SOURCES:
        digest.update((HERE / source).read_bytes())
    return f"scale {scale}, sources {digest.hexdigest()[:16]}"


def make(data, scale, build, chosen):
    """Makes what the works in `chosen` read and is not there yet. Files of another scale or other sources are thrown away."""
    data.mkdir(parents=True, exist_ok=True)
    mark = data / "stamp"
    if not mark.exists() or mark.read_text() != stamp(scale):
        for old in data.glob("*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        mark.write_text(stamp(scale))
    for work in chosen:
        make_columns(data, work.dataset, scale)
        if work.facts and not (data / f"{work.facts}.json").exists():
            subprocess.run([sys.executable, HERE / "queries.py", data, work.dataset], check=True)
    for name in sorted({file for work in chosen if work.kind != "write" for file, _ in work.commands.values()}):
        # What we write changes with the library, so ours are always new.
        if ".ours." in name or not (data / name).exists():
            make_one(data, name, build)


def make_columns(data, dataset, scale):
    """Makes what files are written from."""
    if not (data / f"{dataset}.json").exists():
        subprocess.run([sys.executable, HERE / "generate.py", data, str(scale), dataset], check=True)


def make_one(data, name, build):
    """Makes one file."""
    start = time.monotonic()
    dataset = name.split(".")[0]
    command, options = writer(name, data / "columns" / dataset, build)
    part = data / f"part.{name}"
    part.unlink(missing_ok=True)
    subprocess.run([*command, part, *options], check=True, stdout=subprocess.DEVNULL)
    part.rename(data / name)
    print(f"made {name}: {(data / name).stat().st_size / 2**20:.1f} MiB in {time.monotonic() - start:.0f} s", flush=True)
