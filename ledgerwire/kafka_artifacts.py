"""The jars of a real Apache Kafka, fetched once by Maven, and the Java that runs them.

For: `ledgerwire.apache_kafka`. Not for: anything an installed Ledgerwire does; it needs the
artifacts' names in kafka/pom.xml, which only a checkout of the project has.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
POM = PROJECT / "kafka" / "pom.xml"
LOGGING = PROJECT / "kafka" / "log4j2.properties"
CACHE = PROJECT / ".kafka"
OLDEST_JAVA = 17

# Small and quick to start rather than fast for hours.
_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class KafkaUnavailable(Exception):
    """Apache Kafka can't run here; the message says what is missing or what went wrong."""


def missing() -> str | None:
    """Say in a few words what Apache Kafka would need and does not find here; None if nothing."""
    if not POM.exists():
        return "a checkout of the project (kafka/pom.xml)"
    if _java_version() < OLDEST_JAVA:
        return f"Java {OLDEST_JAVA} or newer"
    if not _libraries().exists() and shutil.which("mvn") is None:
        return "Maven"
    return None


def fetch() -> Path:
    """Return the folder of Kafka's jars, fetched by Maven the first time (about 45 MB).

    Raises:
        KafkaUnavailable: Java or Maven is missing, or Maven failed.
    """
    if (lacking := missing()) is not None:
        raise KafkaUnavailable(f"Apache Kafka needs {lacking}")
    libraries = _libraries()
    if not libraries.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            _run_maven(Path(scratch) / "lib")
            # Renamed when complete, so that an interrupted fetch is never taken for a whole one;
            # another process may have been quicker.
            with contextlib.suppress(OSError):
                (Path(scratch) / "lib").rename(libraries)
    return libraries


def java_command(libraries: Path, main_class: str, *arguments: str) -> list[str]:
    """Return the command line that runs one class of Kafka's jars."""
    return [
        *(_java_program(), "-cp", f"{libraries}{os.sep}*", *_JVM),
        f"-Dlog4j2.configurationFile={LOGGING}",
        *(main_class, *arguments),
    ]


def _libraries() -> Path:
    """Return where this pom's jars belong: another version of Kafka is another folder."""
    return CACHE / f"lib-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"


def _run_maven(target: Path) -> None:
    command = [
        *("mvn", "--batch-mode", "--quiet", "--strict-checksums", "--file", str(POM)),
        *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"),
    ]
    done = subprocess.run(  # noqa: S603  # mvn, with arguments of our own
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not target.exists():
        raise KafkaUnavailable(f"Maven could not fetch Apache Kafka: {done.stdout.strip()[-1000:]}")


def _java_program() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else "java"


def _java_version() -> int:
    """Return Java's major version; 0 where there is none."""
    try:
        done = subprocess.run(  # noqa: S603  # java, asked for its version
            [_java_program(), "-version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found.group(1)) if found else 0
