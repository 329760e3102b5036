"""Runs one program in namespaces of its own (Linux). A standalone script: `python -I -S child.py` with the order on
stdin.

The program sees a root with read-only system folders, its writable folders, and nothing else of this machine: no home,
no sockets of services, no other processes. It has no capabilities and, unless the order allows it, no network. The
superuser starts it as a user without files, since the superuser can change system settings and read keys also without
capabilities. All its processes are killed when it exits, or when the parent of this process ends. The result is written
to the file `report` of the order: {"error": ...} where the program was not started, {"code": N} at its end.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import resource
import signal
import sys
from pathlib import Path
from typing import Any

_NEW_NAMESPACES = 0x00020000 | 0x10000000 | 0x20000000 | 0x08000000 | 0x04000000  # mount, user, process, IPC, UTS
_NEW_NETWORK = 0x40000000
_PRIVATE, _BIND, _REMOUNT, _RECURSIVE = 1 << 18, 4096, 32, 16384
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8
_DETACH = 2
_DEATH_SIGNAL, _DUMPABLE, _NO_NEW_PRIVILEGES, _DROP_CAPABILITY = 1, 4, 38, 24
_MOUNT_SETATTR = 442
_AT_RECURSIVE = 0x8000
_HERE = -100
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_NOBODY = 65534
_KEYCTL = {"x86_64": 250, "aarch64": 219}
"""The number of the system call `keyctl`, where it is known."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


class _Refused(Exception):
    """The system does not allow this to this process."""


def _call(problem: str, name: str, *arguments: Any) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        raise _Refused(f"{problem}: {os.strerror(ctypes.get_errno())}")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    problem = f"cannot mount {target}"
    _call(problem, "mount", _bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(data))


def _restrict(path: str, attributes: int) -> None:
    """Sets attributes of a mount and of all below it."""
    settings = _Attributes(set=attributes)
    done = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_HERE),
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.c_uint(_AT_RECURSIVE),
        ctypes.byref(settings),
        ctypes.c_size_t(ctypes.sizeof(settings)),
    )
    if done != 0:
        raise _Refused(f"cannot restrict {path} (needs Linux 5.12): {os.strerror(ctypes.get_errno())}")


def _die_with_parent() -> None:
    _call("cannot follow the parent", "prctl", _DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def _enter(network: bool) -> bool:
    """Enters new namespaces. Returns whether the program can be started as a user that owns nothing on this machine."""
    user, group = os.getuid(), os.getgid()
    waits, go = os.pipe()
    helper = os.fork() if user == 0 else None
    if helper == 0:
        os.close(go)
        os._exit(0 if os.read(waits, 1) == b"1" and _map_two_users(os.getppid()) else 1)
    os.close(waits)
    if helper is not None:
        # A user who cannot change the groups keeps them; files that they can read do not exist inside.
        with contextlib.suppress(OSError):
            os.setgroups([])
    _call("no namespaces", "unshare", _NEW_NAMESPACES | (0 if network else _NEW_NETWORK))
    if helper is not None:
        os.write(go, b"1")
    os.close(go)
    if helper is not None and os.waitstatus_to_exitcode(os.waitpid(helper, 0)[1]) == 0:
        return True
    # The superuser of this machine is mapped to `nobody` inside: it could make read-only mounts writable.
    inside = (user or _NOBODY, group or _NOBODY)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside[0]} {user} 1"),
        ("gid_map", f"{inside[1]} {group} 1"),
    ):
        try:
            Path(f"/proc/self/{name}").write_text(text, encoding="ascii")
        except OSError as error:
            raise _Refused(f"cannot write {name}: {error.strerror}") from error
    return False


def _map_two_users(process: int) -> bool:
    """Maps the superuser, which builds the root, and the user of the program into the namespace of a process. Returns
    whether that worked: in a container with one user it does not, and nothing is mapped.
    """
    try:
        for name in ("gid_map", "uid_map"):
            Path(f"/proc/{process}/{name}").write_text(f"0 0 1\n{_NOBODY} {_NOBODY} 1\n", encoding="ascii")
    except OSError:
        return False
    return True


def _hand_over(order: dict[str, Any]) -> None:
    """Gives the writable folders and the output files to that user. The program does not run yet."""
    for descriptor in (1, 2):
        os.fchown(descriptor, _NOBODY, _NOBODY)
    for folder in order["writable"]:
        os.chown(folder, _NOBODY, _NOBODY)
        for directory, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(f"{directory}/{name}", _NOBODY, _NOBODY, follow_symlinks=False)


def _bind(source: str, root: str, target: str, attributes: int) -> None:
    destination = Path(root + target)
    if Path(source).is_dir():
        destination.mkdir(parents=True, exist_ok=True)
    else:
        destination.parent.mkdir(parents=True, exist_ok=True)
        if not destination.exists():
            destination.touch()
    _mount(source, str(destination), None, _BIND | _RECURSIVE)
    _restrict(str(destination), attributes)


def _build(order: dict[str, Any]) -> None:
    """Creates the root that the program sees, and enters it."""
    root = order["root"]
    # The program's user, another one than this, must be able to enter the folders that are created here.
    os.umask(0o022)
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("terrace", root, "tmpfs", _NO_SETUID | _NO_DEVICES, "mode=0755,size=1m")
    for name, target in order["links"].items():
        Path(root + name).parent.mkdir(parents=True, exist_ok=True)
        Path(root + name).symlink_to(target)
    # A readable path below a writable folder, such as /tmp, would be hidden by that folder.
    within = tuple(f"{target}/" for target in order["writable"].values())
    for path in order["readable"]:
        if not path.startswith(within):
            _bind(path, root, path, _READ_ONLY | _NO_SETUID | _NO_DEVICES)
    for path, target in order["writable"].items():
        _bind(path, root, target, _NO_SETUID | _NO_DEVICES)
    for path in order["readable"]:
        if path.startswith(within):
            _bind(path, root, path, _READ_ONLY | _NO_SETUID | _NO_DEVICES)
    Path(f"{root}/dev").mkdir(exist_ok=True)
    for name in _DEVICES:
        _bind(f"/dev/{name}", root, f"/dev/{name}", _NO_SETUID)
    for name, target in _LINKS.items():
        Path(f"{root}/dev/{name}").symlink_to(target)
    Path(f"{root}/proc").mkdir()
    # It contains settings of the system, some of which the superuser can change without capabilities.
    _mount("proc", f"{root}/proc", "proc", _READ_ONLY | _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS)
    os.chdir(root)
    _call("cannot change the root", "pivot_root", b".", b".")
    _call("cannot leave the old root", "umount2", b".", _DETACH)
    os.chdir("/")
    _mount(None, "/", None, _REMOUNT | _BIND | _READ_ONLY | _NO_SETUID | _NO_DEVICES)


def _raise_loopback() -> None:
    """Enables the loopback interface. Where that fails, programs get errors when they use it."""
    import fcntl
    import socket
    import struct

    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        fcntl.ioctl(connection, 0x8914, struct.pack("16sh", b"lo", 1) + bytes(14))


def _give_up_rights() -> None:
    # The program must not read this process, which has the order and the report.
    _call("cannot hide", "prctl", _DUMPABLE, 0, 0, 0, 0)
    for number in range(64):
        _libc.prctl(_DROP_CAPABILITY, number, 0, 0, 0)
    _call("cannot give up rights", "prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    keyctl = _KEYCTL.get(platform.machine())
    if keyctl is not None:
        # A new session keyring: the keys of the parent cannot be reached.
        _libc.syscall(ctypes.c_long(keyctl), ctypes.c_int(1), None)


def _limit(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        kind = getattr(resource, name)
        _, most = resource.getrlimit(kind)
        least = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (least, least))


def _first(order: dict[str, Any], report: int, ready: int, go: int, other_user: bool) -> int:
    """The first process of the namespace: it starts the program and waits for it. Its exit kills everything else."""
    _die_with_parent()
    os.write(ready, b"1")
    if os.read(go, 1) != b"1":
        return 1
    if not order["network"]:
        _raise_loopback()
    if other_user:
        _hand_over(order)
    _build(order)
    _give_up_rights()
    reader, tells = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.setsid()
            os.umask(0o022)
            if other_user:
                os.setresgid(_NOBODY, _NOBODY, _NOBODY)
                os.setresuid(_NOBODY, _NOBODY, _NOBODY)
            os.chdir(order["cwd"])
            _limit(order["limits"])
            os.execve(order["program"], order["argv"], order["env"])
        except OSError as error:
            os.write(tells, (error.strerror or str(error)).encode())
        finally:
            os._exit(127)
    os.close(tells)
    why = os.read(reader, 1000).decode("utf-8", "replace")
    code = _wait(child)
    _write(report, {"error": f"{order['argv'][0]} cannot be run: {why}"} if why else {"code": code})
    return 0


def _wait(child: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _write(report: int, values: dict[str, Any]) -> None:
    os.pwrite(report, json.dumps(values).encode(), 0)


def main() -> int:
    """Runs the order on stdin."""
    order = json.load(sys.stdin)
    report = os.open(order["report"], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _die_with_parent()
        if os.getppid() != order["parent"]:
            return 1
        other_user = _enter(order["network"])
        # Entering the namespaces reset the death signal.
        _die_with_parent()
        if os.getppid() != order["parent"]:
            return 1
        (ready, tells_ready), (go, tells_go) = os.pipe(), os.pipe()
        first = os.fork()
        if first == 0:
            os.close(tells_go)
            os.close(ready)
            try:
                os._exit(_first(order, report, tells_ready, go, other_user))
            except (_Refused, OSError) as error:
                _write(report, {"error": str(error), "isolation": True})
            finally:
                os._exit(1)
        os.close(tells_ready)
        os.close(go)
        if os.read(ready, 1) == b"1":
            os.write(tells_go, b"1")
        os.waitpid(first, 0)
    except (_Refused, OSError) as error:
        _write(report, {"error": str(error), "isolation": True})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
