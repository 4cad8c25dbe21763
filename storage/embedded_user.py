"""Whom the embedded PostgreSQL runs as. It refuses to run as root, so root lends it a user.

Everybody else runs it as themselves. Nothing here changes the rights of a folder that is not the
server's own: where the lent user can not reach a folder, it is handed over by other means.
"""

import os
import pwd
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from storage.errors import EmbeddedFailed

LENT_USERS = ("ledgerwire", "postgres", "nobody")  # the first one that exists is lent


class Identity(TypedDict, total=False):
    """Keyword arguments for subprocess.run."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user of the server's processes; `uid` is None for "as ourselves"."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def for_cluster(cls, cluster: Path) -> "ServerUser":
        """Ourselves, or as root the folder's owner, or for a new folder a lent user.

        Raises EmbeddedFailed when root finds no user to lend.
        """
        if os.geteuid() != 0:
            return cls()
        if cluster.is_dir() and cluster.stat().st_uid != 0:
            return cls(cluster.stat().st_uid, cluster.stat().st_gid)
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        for name in LENT_USERS:
            if name in known and known[name].pw_uid != 0:
                return cls(known[name].pw_uid, known[name].pw_gid)
        raise EmbeddedFailed(
            "PostgreSQL does not run as root and there is no user named "
            f"{', '.join(LENT_USERS)} to run it as: start Ledgerwire as another user"
        )

    def identity(self) -> Identity:
        """Arguments that make subprocess.run use this user."""
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, target: int | Path) -> None:
        """Give a file (by descriptor) or folder to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(target, self.uid, self.gid)

    def make_folder(self, folder: Path) -> None:
        """Make the server's folder, readable by its user alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != (os.geteuid() if self.uid is None else self.uid):
            self.own(folder)

    def path_of(self, cluster: Path) -> str:
        """How a server whose working directory is `cluster` should name it.

        A lent user often can't pass through the folders above (such as /root). On Linux the
        working directory has a name that leads to it directly.
        """
        if self.uid is not None and sys.platform == "linux":
            return "/proc/self/cwd"
        return str(cluster.resolve())


def runnable_binaries(binaries: Path, user: ServerUser) -> Path:
    """`binaries`, or a copy of its installation where `user` can reach it."""
    if user.uid is None or _reachable(binaries):
        return binaries
    installation = binaries.resolve().parent
    stamp = (binaries / "postgres").stat()
    name = f"ledgerwire-postgresql-{int(stamp.st_mtime)}-{stamp.st_size}"
    for shelf in dict.fromkeys([Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]):  # noqa: S108  # only root writes below it
        if shelf.is_dir() and _reachable(shelf):
            return _copied(installation, shelf / name) / binaries.name
    raise EmbeddedFailed(f"no user but root can reach {binaries} or a temporary folder")


def _reachable(path: Path) -> bool:
    resolved = path.resolve()
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (resolved,)) and all(
        folder.stat().st_mode & 0o001 for folder in resolved.parents
    )


def _copied(installation: Path, target: Path) -> Path:
    if target.is_dir():
        if target.lstat().st_uid == 0 and not target.lstat().st_mode & 0o022:
            return target
        raise EmbeddedFailed(f"{target} was not made by root: remove it")
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=target.name))
    shutil.copytree(installation, fresh, dirs_exist_ok=True, symlinks=True)
    fresh.chmod(0o755)
    try:
        fresh.rename(target)
    except OSError:  # somebody else was quicker
        shutil.rmtree(fresh)
    return target
