"""Feed damaged files to every reader, in child processes that may crash, hang or grow.

    python tests/fuzz/fuzz.py --inputs 3000
    python tests/fuzz/fuzz.py --seconds 3600 --readers matlab model

A reader may refuse a file with ValueError or OSError, or read it; all else is a
finding: another exception, the end of the process, more than five seconds or a GiB, and
of a sealed file other content. The file of a finding is kept in ``--output``.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS, BYTES = 5, 2**30
ALLOWED = (ValueError, OSError)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10**9, help="of each reader")
    parser.add_argument("--seconds", type=float, default=1e9, help="for all readers")
    parser.add_argument("--readers", nargs="*", help="by default all")
    parser.add_argument("--light", action="store_true", help="without the slow ones")
    parser.add_argument("--output", type=Path, default=Path("runs/fuzz"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sys.path.insert(0, str(HERE))
    if arguments.child:
        name, folder, first = arguments.child
        child(name, Path(folder), int(first), arguments)
        return
    from readers import READERS

    names = arguments.readers or list(READERS)
    if arguments.light:
        names = [name for name in names if not READERS[name].heavy]
    each = arguments.seconds / len(names)
    findings = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            count, found = drive(name, Path(folder), each, arguments)
        findings += len(found)
        print(f"{name}: {count} inputs, {len(found)} findings", flush=True)
        for line in found[:5]:
            print(f"    {line}", flush=True)
    sys.exit(findings > 0)


def drive(name, folder, seconds, arguments):
    """Run children on one reader until it has had its inputs or its time."""
    done, found, end = 0, [], time.monotonic() + seconds
    while done < arguments.inputs and time.monotonic() < end:
        command = [sys.executable, __file__, "--child", name, str(folder), str(done)]
        command += ["--inputs", str(arguments.inputs), "--seed", str(arguments.seed)]
        command += ["--seconds", str(max(1.0, end - time.monotonic()))]
        command += ["--output", str(arguments.output)]
        with tempfile.TemporaryFile("w+") as errors:
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True
            ) as process:
                done, state = listen(process, done, found)
            if state == "starting":
                errors.seek(0)
                raise RuntimeError(f"{name} has no sound files:\n{errors.read()}")
        if state == "ended":
            break
        found.append(f"the process ended with {process.returncode} at input {done}")
        keep(folder, arguments.output, name, done)
        done += 1
    return done, found


def listen(process, done, found):
    """Note what a child says; kill it where it says nothing for too long."""
    state = "starting"
    watch = Watch(process)
    for line in process.stdout:
        watch.heard()
        event = json.loads(line)
        if "finding" in event:
            found.append(event["finding"])
        state = event.get("state", state)
        done = event["done"]
    watch.stop()
    process.wait()
    return done, state


class Watch:
    """Kills a process that has not been heard of for a minute."""

    def __init__(self, process, seconds=120):
        import threading

        self._process, self._seconds, self._last = process, seconds, time.monotonic()
        self._over = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def heard(self):
        self._last = time.monotonic()

    def stop(self):
        self._over.set()

    def _run(self):
        while not self._over.wait(1):
            if time.monotonic() - self._last > self._seconds:
                self._process.kill()
                return


def keep(folder, output, name, number):
    output.mkdir(parents=True, exist_ok=True)
    newest = max(
        (path for path in folder.rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_mtime_ns,
    )
    shutil.copy(newest, output / f"{name}-{number}{newest.suffix}")


def child(name, folder, first, arguments):
    """Read damaged files one after the other; say on standard output what happens."""
    from mutate import mutate
    from readers import READERS

    warnings.simplefilter("error")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    reader, sound = READERS[name], folder / "sound"
    warnings.simplefilter("ignore")
    shutil.rmtree(sound, ignore_errors=True)
    sound.mkdir()
    files = reader.make(sound)
    wanted = [reader.read(path) for path in files]  # also loads what it needs
    contents = [path.read_bytes() for path in files]
    limit_memory()
    signal.signal(signal.SIGPROF, too_long)  # of CPU time: others may be at work
    signal.signal(signal.SIGALRM, too_long)
    end, heard = time.monotonic() + arguments.seconds, 0.0
    number = first
    say(out, done=number, state="running")
    while number < arguments.inputs and time.monotonic() < end:
        rng = random.Random(f"{arguments.seed} {name} {number}")
        at = rng.randrange(len(files))
        damaged = mutate(contents[at], rng)
        files[at].write_bytes(damaged)
        finding = attempt(reader, files[at], wanted[at], damaged == contents[at])
        if finding:
            arguments.output.mkdir(parents=True, exist_ok=True)
            saved = arguments.output / f"{name}-{number}{files[at].suffix}"
            saved.write_bytes(damaged)
            finding = f"{saved}: {finding}"
        restore(files, contents, at)
        number += 1
        if finding or time.monotonic() > heard + 0.2:
            heard = time.monotonic()
            say(out, done=number, **({"finding": finding} if finding else {}))
    say(out, done=number, state="ended")


def say(out, **event):
    out.write(json.dumps(event) + "\n")
    out.flush()


def restore(files, contents, at):
    files[at].parent.mkdir(parents=True, exist_ok=True)
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content)


def attempt(reader, path, wanted, unchanged):
    """Return what is wrong with how a file is read, or None."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, 12 * SECONDS)
    start = time.process_time()
    try:
        found = reader.read(path)
    except ALLOWED as error:
        text = str(error)
        if "Traceback" in text or not text.strip():
            return f"says {text!r}"
        return "the sound file is refused" if unchanged else None
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})"[:300]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    if reader.sealed and found != wanted:
        return "other content under the same seal"
    return f"took {time.process_time() - start:.1f} s" if too_slow(start) else None


def too_slow(start):
    return time.process_time() - start > SECONDS


def too_long(*_):
    raise TimeoutExpired(f"more than {SECONDS} seconds")


class TimeoutExpired(BaseException):
    """A reader hangs."""


def limit_memory():
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
