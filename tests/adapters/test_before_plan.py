"""Commands before a plan: what they see, what they may write, what is kept, and what a hostile one cannot do."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.trees import DictTree
from terrace.adapters.before_plan import commands as module
from terrace.adapters.before_plan.commands import Commands
from terrace.adapters.before_plan.files import Input, find_changed, stage
from terrace.adapters.before_plan.programs import SearchPath
from terrace.adapters.confined import Disk
from terrace.adapters.isolation.folders import demolish
from terrace.adapters.isolation.run import why_not
from terrace.config.before_plan import BeforePlan
from terrace.errors import NotReady
from terrace.plans.before_plan_outputs import CommandFailed, digest_of, not_reproducible
from terrace.plans.ports import Site
from terrace.stacks.model import Stack

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()) and not os.environ.get("CI"), reason=f"commands cannot run here: {why_not()}"),
]

SECRET = b"s" * 32
PATH = "/usr/local/bin:/usr/bin:/bin"


def sh(script: str, **more: Any) -> BeforePlan:
    given = {"folder": "app", "inputs": ("app",), "outputs": ("app/out",), **more}
    return BeforePlan(("sh", "-c", script), **given)


class Place:
    """A checkout of some files, and what runs commands in it."""

    def __init__(self, folder: Path, files: Mapping[str, str], environ: Mapping[str, str] | None = None) -> None:
        self.folder, self.files = folder, dict(files)
        self.environ = {"PATH": PATH, **(environ or {})}
        self.commands = self.anew()

    def anew(self, secret: bytes | None = SECRET) -> Commands:
        return Commands(self.folder / "cache", secret, self.environ, (self.folder / "private",))

    def site(self, *commands: BeforePlan, key: str = "dev/app", root: str = "root") -> Site:
        where = self.folder / root
        for path, text in self.files.items():
            (where / path).parent.mkdir(parents=True, exist_ok=True)
            (where / path).write_text(text.removeprefix("+x "))
        stack = Stack(key.partition("/")[0], "app", key.partition("/")[2])
        return Site(stack, where, "init", commands=commands, tree=DictTree(self.files))

    def out(self, path: str = "app/out", root: str = "root") -> str:
        return (self.folder / root / path).read_text()

    def kept(self) -> list[Path]:
        return sorted((self.folder / "cache/before-plan/kept").glob("*"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "private").mkdir()
    return Place(tmp_path, {"app/main.tf": "", "app/a.txt": "one\n", "lib/b.txt": "two\n"})


# --- what a command sees and writes ------------------------------------------------------------------------------


def test_a_command_sees_its_inputs_and_nothing_else_of_the_commit(place: Place) -> None:
    place.commands.prepare(
        place.site(sh("find /repository -type f > /tmp/all; cp /tmp/all out", inputs=("app/*.txt",)))
    )
    assert place.out() == "/repository/app/a.txt\n"


def test_a_command_may_write_its_outputs_and_everything_else_is_named(place: Place) -> None:
    with pytest.raises(CommandFailed) as refused:
        place.commands.prepare(place.site(sh("echo > out; echo > other; mkdir -p x; echo > x/y; echo > a.txt")))
    assert "it wrote 'app/a.txt', 'app/other', 'app/x/y', which `outputs` does not list" in refused.value.message
    assert "$TMPDIR" in str(refused.value.hint)
    assert not (place.folder / "root/app/out").exists()
    assert not (place.folder / "root/app/other").exists()
    assert place.kept() == []


def test_what_is_written_to_the_home_and_aside_is_gone(place: Place) -> None:
    place.commands.prepare(place.site(sh("echo 1 > $HOME/x; echo 1 > $TMPDIR/y; echo ok > out")))
    assert place.out() == "ok\n"
    assert list((place.folder / "cache/before-plan/runs").iterdir()) == []


def test_a_later_command_sees_what_an_earlier_one_wrote(place: Place) -> None:
    first = sh("cat a.txt > out")
    second = BeforePlan(("sh", "-c", "cat app/out lib/b.txt > all"), "", ("app/out", "lib"), ("all",))
    done = place.commands.prepare(place.site(first, second))
    assert place.out("all") == "one\ntwo\n"
    assert [file.path for one in done for file in one.files] == ["app/out", "all"]


def test_a_script_of_the_commit_runs_where_it_is_among_the_inputs(place: Place) -> None:
    place.files |= {"app/build.sh": "+x #!/bin/sh\necho built > out\n", "app/plain.sh": "#!/bin/sh\n"}
    run = BeforePlan(("./build.sh",), "app", ("app/*.sh",), ("app/out",))
    place.commands.prepare(place.site(run))
    assert place.out() == "built\n"
    with pytest.raises(CommandFailed, match=r"app/build.sh is not in its inputs: app/a.txt"):
        place.commands.prepare(place.site(BeforePlan(("./build.sh",), "app", ("app/a.txt",))))
    with pytest.raises(CommandFailed) as refused:
        place.commands.prepare(place.site(BeforePlan(("./plain.sh",), "app", ("app/*.sh",))))
    assert refused.value.hint == "git update-index --chmod=+x app/plain.sh"


def test_the_folders_of_outputs_are_there_before_a_command_runs(place: Place) -> None:
    outputs = ("app/build/deep/lambda.zip", "gen/[*]/**/*.json", "lib/b.txt/x", "app/out", "*.txt")
    script = (
        "find /repository -type d | sort > out; echo zip > build/deep/lambda.zip; echo 1 > '/repository/gen/*/a.json'"
    )
    place.commands.prepare(place.site(sh(script, inputs=("app", "lib"), outputs=outputs)))
    folders = ["", "/app", "/app/build", "/app/build/deep", "/gen", "/gen/*", "/lib"]
    assert place.out().splitlines() == [f"/repository{one}" for one in folders]
    assert place.out("app/build/deep/lambda.zip") == "zip\n"
    assert place.out("gen/*/a.json") == "1\n"


def test_a_folder_of_an_output_is_not_made_through_a_link_of_the_commit(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tree").mkdir()
    link = Input("120000", str(tmp_path / "elsewhere").encode())
    stage(tmp_path / "tree", {"link": link}, "", ("link/made", "plain/made"))
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "tree/plain/made").is_dir()


def test_no_file_among_the_inputs_is_told(place: Place) -> None:
    with pytest.raises(CommandFailed, match=r"its inputs contain no file of the commit: src/\*\.py"):
        place.commands.prepare(place.site(sh("true", inputs=("src/*.py",))))


def test_a_failing_command_is_told_with_its_place_its_code_and_its_last_lines_masked(place: Place) -> None:
    place.environ["API"] = "hunter2-hunter2"
    script = 'seq 1 1000 >&2; echo "token $API" >&2; echo "AKIAIOSFODNN7EXAMPLQ" >&2; exit 7'
    with pytest.raises(CommandFailed) as failed:
        place.commands.prepare(place.site(sh(script, env=("API",), line=12)))
    told = str(failed.value)
    assert told.startswith("terrace.yaml:12: dev/app was not planned: its command `sh -c ")
    assert "it exited with 7:\n    98" in told
    assert "token (sensitive)" in told
    assert "hunter2" not in told.partition("it exited with 7")[2]
    assert "AKIAIOSFODNN7EXAMPLQ" not in told.partition("it exited with 7")[2]
    assert "\n    500\n" not in told


def test_a_program_that_is_not_there_is_told(place: Place) -> None:
    with pytest.raises(NotReady, match="no-such-program was not found in the folders of PATH that commands can read"):
        place.commands.prepare(place.site(BeforePlan(("no-such-program",), "app", ("app",))))


def virtualenv(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (package,) = folder.glob("lib/python3*/site-packages")
    (package / "only_here.py").write_text("said = 'of the virtualenv'\n")
    return folder / "bin"


def test_the_python_of_an_activated_virtualenv_runs_with_its_packages(place: Place) -> None:
    bin_folder = virtualenv(place.folder / "venv/.venv")
    tool = bin_folder / "tool"
    tool.write_text(f"#!{bin_folder}/python3\nimport only_here\nprint(only_here.said, 'by tool')\n")
    tool.chmod(0o755)
    place.environ["PATH"] = f"{bin_folder}:{PATH}"
    place.commands = place.anew()
    script = "import only_here, sys; open('out', 'w').write(only_here.said)"
    place.commands.prepare(place.site(BeforePlan(("python3", "-c", script), "app", ("app",), ("app/out",))))
    assert place.out() == "of the virtualenv"
    place.commands.prepare(place.site(sh("python3 -c 'import only_here; print(only_here.said)' > out")))
    assert place.out() == "of the virtualenv\n"
    place.commands.prepare(place.site(sh("tool > out")))
    assert place.out() == "of the virtualenv by tool\n"


def test_a_program_that_links_lead_to_is_shown_with_what_lies_beside_it_and_never_a_home(place: Place) -> None:
    real = place.folder / "versions/1.2.3"
    (real / "bin").mkdir(parents=True)
    (real / "share").mkdir()
    (real / "share/said").write_text("beside\n")
    (real / "bin/tool-1").write_text(f"#!/bin/sh\ncat {place.folder}/versions/1/share/said > out\n")
    (real / "bin/tool-1").chmod(0o755)
    (real / "bin/tool").symlink_to("tool-1")
    (place.folder / "versions/1").symlink_to("1.2.3")
    links = place.folder / "links"
    links.mkdir()
    (links / "tool").symlink_to(place.folder / "versions/1/bin/tool")
    (links / "homely").symlink_to(Path.home() / "homely")
    (links / "own").symlink_to(place.folder / "private/own")
    (place.folder / "private/own").write_text("#!/bin/sh\n")
    (place.folder / "private/own").chmod(0o755)
    place.environ["PATH"] = f"{links}:{PATH}"
    place.commands = place.anew()
    place.commands.prepare(place.site(BeforePlan(("tool",), "app", ("app",), ("app/out",))))
    assert place.out() == "beside\n"
    with pytest.raises(NotReady) as unseen:
        place.commands.prepare(place.site(BeforePlan(("own",), "app", ("app",))))
    assert f"{links}/own, which links to {place.folder}/private/own" in unseen.value.message


def test_a_program_beside_the_files_of_a_home_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    for folder in ("bin", ".local/bin", ".pyenv/versions/3.11.7/bin", "links"):
        (home / folder).mkdir(parents=True)
        (home / folder / "tool").write_text("")
        (home / folder / "tool").chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    shown = {}
    for number, target in enumerate(("tool", "bin/tool", ".local/bin/tool", ".pyenv/versions/3.11.7/bin/tool")):
        links = tmp_path / f"links{number}"
        links.mkdir()
        (home / "tool").write_text("")
        (home / "tool").chmod(0o755)
        (links / "tool").symlink_to(home / target)
        found = SearchPath(str(links), ()).find("tool")
        shown[target] = found.readable if found else None
    assert shown == {
        "tool": None,
        "bin/tool": (f"{home}/bin",),
        ".local/bin/tool": (f"{home}/.local/bin",),
        ".pyenv/versions/3.11.7/bin/tool": (f"{home}/.pyenv/versions/3.11.7",),
    }


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("ln -s /etc/passwd out", "'app/out', which is a link"),
        ("ln -s a.txt out", "'app/out', which is a link"),
        ("mkfifo out", "'app/out', which is not a plain file"),
        ("mkdir out; ln -s .. out/up", "'app/out/up', which is a link"),
        ("mkdir out; echo > out/x.tf", "'app/out/x.tf': Terraform reads it as configuration"),
        ("mkdir -p out/.terraform; echo > out/.terraform/x", "reserves that name"),
        ("mkdir -p out/.git; echo > out/.git/config", "reserves that name"),
        ("rm a.txt; ln -s /etc/passwd a.txt; echo > out", "it wrote 'app/a.txt', which `outputs` does not list"),
        ("chmod +x a.txt; echo > out", "it wrote 'app/a.txt', which `outputs` does not list"),
        ("d=out; i=0; while [ $i -lt 210 ]; do d=$d/d; i=$((i+1)); done; mkdir -p $d; echo > $d/x", "too deep"),
        ("echo > ../lib; echo > out", "it wrote 'lib', which `outputs` does not list"),
    ],
)
def test_links_pipes_and_names_of_others_are_refused(place: Place, script: str, why: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        place.commands.prepare(place.site(sh(script)))
    assert why in refused.value.message
    assert not os.path.lexists(place.folder / "root/app/out")


def test_an_output_never_replaces_a_file_of_the_commit_with_another_content(place: Place) -> None:
    site = place.site(sh("echo other > a.txt", outputs=("app/a.txt",)))
    with pytest.raises(CommandFailed, match=r"'app/a.txt', which is in the commit with other content"):
        place.commands.prepare(site)
    assert place.out("app/a.txt") == "one\n"
    place.commands.prepare(place.site(sh("rm a.txt; echo one > a.txt", outputs=("app/a.txt",))))


def test_an_output_is_not_written_through_a_link_of_the_commit(place: Place, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    site = place.site(sh("rm -f out; mkdir out; echo > out/x", outputs=("app/out",)))
    (tmp_path / "root/app/out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CommandFailed):
        place.commands.prepare(site)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_two_stacks_that_want_another_content_at_one_path_are_told(place: Place) -> None:
    place.commands.prepare(place.site(sh("echo 1 > out"), key="dev/app"))
    with pytest.raises(CommandFailed, match=r"'app/out', which a command for dev/app wrote with other content"):
        place.commands.prepare(place.site(sh("echo 2 > out"), key="prod/app"))
    place.commands.prepare(place.site(sh("echo 1 > out"), key="prod/app"))


# --- what a hostile command cannot do ----------------------------------------------------------------------------


def test_a_command_sees_no_home_no_secret_no_process_and_no_variable_of_this_machine(place: Place) -> None:
    home = Path.home()
    place.environ |= {"AWS_SECRET_ACCESS_KEY": "x", "TERRACE_BACKUP_KEY": "y", "GITHUB_TOKEN": "z", "NAMED": "n"}
    script = (
        f"{{ cat {home}/.aws/credentials; ls {home} {place.folder} /run /var /root /etc/shadow /etc/ssh; "
        "cat /proc/*/environ; } > /tmp/seen 2>/dev/null; "
        "grep -c . /tmp/seen > out; ls /proc | grep -c '^[0-9]' >> out; env | cut -d= -f1 | sort >> out; "
        "ls -d /repository/* /tmp/* >> out"
    )
    place.commands.prepare(place.site(sh(script, env=("NAMED",))))
    lines = place.out().splitlines()
    named = ["HOME", "LANG", "NAMED", "PATH", "PWD", "SOURCE_DATE_EPOCH", "TMPDIR", "TZ"]
    assert [one for one in lines if one.isupper() and one.isidentifier() and one not in ("OLDPWD", "SHLVL")] == named
    assert int(lines[1]) < 6
    assert "AWS_SECRET_ACCESS_KEY" not in place.out()


def test_a_command_reaches_no_server_unless_the_network_is_named(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = (
            f"import socket\ntry:\n  socket.create_connection(('127.0.0.1', {port}), 2)\n  r = 'reached'\n"
            "except OSError:\n  r = 'nothing'\nopen('out', 'w').write(r)"
        )
        for network, found in ((False, "nothing"), (True, "reached")):
            run = BeforePlan(("python3", "-c", script), "app", ("app",), ("app/out",), network=network)
            place.commands.prepare(place.site(run))
            assert place.out() == found


def test_a_command_writes_nowhere_but_its_own_folders_and_gains_no_rights(place: Place) -> None:
    script = (
        "for d in /usr /etc /bin /dev /proc / /usr/local/bin; do (echo > $d/terrace-evil) 2>/dev/null && echo $d; done;"
        "mount -o remount,rw /usr 2>/dev/null && echo remounted;"
        "unshare -Urm sh -c 'mount -o remount,rw,bind /usr && echo > /usr/terrace-evil' 2>/dev/null && echo nested;"
        "grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status"
    )
    place.commands.prepare(place.site(sh(f"{{ {script}; }} > out")))
    assert place.out().split() == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"]
    assert not Path("/usr/terrace-evil").exists()


def test_a_command_of_the_superuser_changes_no_setting_of_the_system_and_reads_no_keys(place: Place) -> None:
    # Without capabilities too the superuser may write many files of /proc: one of them names a program of the kernel's.
    script = (
        "find /proc/sys /proc/sysrq-trigger /proc/irq /proc/bus /proc/fs /proc/self -type f -perm /222 2>/dev/null | "
        'while read f; do (: >> "$f") 2>/dev/null && echo "$f"; done;'
        "unshare -Um sh -c 'mount -o remount,bind,rw /proc && echo nested; mount -t proc proc /proc && echo new' "
        "2>/dev/null; find /etc -name private; id -u; : > /dev/stderr && echo said; ls -n main.tf | cut -d' ' -f3"
    )
    place.commands.prepare(place.site(sh(f"{{ {script}; }} > out")))
    user = str(os.getuid() or 65534)
    assert place.out().split() == [user, "said", user]


@pytest.mark.skipif(os.getuid() != 0, reason="only the superuser needs another user to start a command as")
def test_where_the_superuser_is_the_only_user_a_command_changes_no_setting_of_the_system(tmp_path: Path) -> None:
    text = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\nfrom test_before_plan import Place, sh\n"
        "place = Place(Path(sys.argv[1]), {'app/main.tf': ''})\n"
        "script = '{ for f in /proc/sys/kernel/*; do (: >> $f) 2>/dev/null && echo $f; done; id -u; } > out'\n"
        "place.commands.prepare(place.site(sh(script)))\n"
        "print(place.out())\n"
    )
    here = str(Path(__file__).parent)
    argv = ["unshare", "-Ur", sys.executable, "-c", text, str(tmp_path), here, str(Path(here).parent)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["65534"]


def test_what_a_command_leaves_running_is_ended(place: Place) -> None:
    # Its name is found among all processes of this machine.
    marker = f"9{os.getpid()}.25"
    place.commands.prepare(place.site(sh(f"sleep {marker} & setsid sleep {marker} & (sleep {marker} &) ; echo > out")))
    assert _running(marker) == []


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(place: Place) -> None:
    marker = f"8{os.getpid()}.25"
    with pytest.raises(NotReady, match=r"did not finish within 0\.5 s"):
        script = f"setsid sleep {marker} & sleep {marker}"
        place.commands.prepare(place.site(sh(script, timeout=timedelta(seconds=0.5))))
    _until(lambda: _running(marker) == [])
    assert place.kept() == []


def test_a_command_dies_with_terrace(place: Place, tmp_path: Path) -> None:
    marker = f"7{os.getpid()}.25"
    text = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from pathlib import Path\nfrom test_before_plan import Place, sh\n"
        "place = Place(Path(sys.argv[1]), {'app/main.tf': ''})\n"
        "place.commands.prepare(place.site(sh(f'echo > out; sleep {sys.argv[2]}')))\n"
    )
    here = str(Path(__file__).parent)
    child = subprocess.Popen([sys.executable, "-c", text, str(tmp_path), marker, here, str(Path(here).parent)])
    _until(lambda: _running(marker) != [])
    child.send_signal(signal.SIGKILL)
    child.wait()
    _until(lambda: _running(marker) == [])
    assert place.kept() == []
    # What the dead run left is removed by a later one, once it is not young any more.
    (left,) = (tmp_path / "cache/before-plan/runs").iterdir()
    os.utime(left, (1, 1))
    place.commands.prepare(place.site(sh("echo > out")))
    assert not left.exists()


def test_a_command_that_fills_the_disk_or_talks_without_an_end_is_stopped(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RUN_BYTES", 20 * 2**20)
    with pytest.raises(NotReady, match="wrote more than 20,971,520 bytes"):
        place.commands.prepare(place.site(sh("while :; do head -c 5000000 /dev/zero >> $TMPDIR/x; done")))
    with pytest.raises(NotReady, match="printed more than"):
        place.commands.prepare(place.site(sh("yes")))


def test_a_command_cannot_write_a_report_of_its_own(place: Place) -> None:
    script = "for f in /proc/1/fd/*; do echo '{\"code\": 0}' > $f; done; cat /proc/1/environ /proc/1/mem; exit 3"
    with pytest.raises(CommandFailed, match="it exited with 3"):
        place.commands.prepare(place.site(sh(script)))


def test_whatever_a_program_left_is_removed_and_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("kept")
    left = tmp_path / "left"
    left.mkdir()
    (left / "link").symlink_to(tmp_path / "mine")
    script = (
        "import os\nfor i in range(260):\n  os.mkdir('d' * 20)\n  os.chdir('d' * 20)\nopen('x', 'w')\nos.chmod('.', 0)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=left, check=True)
    demolish(left)
    assert not left.exists()
    assert (tmp_path / "mine/file").read_text() == "kept"


SWAPS = """\
import os, sys
from pathlib import Path
from terrace.adapters.isolation.folders import demolish

top, mine = Path(sys.argv[1]), Path(sys.argv[2])
left, number, seen = top, 0, 0

def swap(event, arguments):
    global seen
    known = event in ("open", "os.chmod", "os.scandir", "os.rename", "os.remove", "os.rmdir")
    if known and str(arguments[0]).rpartition("/")[2] == "d":
        seen += 1
        if seen == number:
            os.rename(left / "d", left / "aside")
            os.symlink(mine, left / "d")

sys.addaudithook(swap)
for round in range(1, 6):
    left, number, seen = top / str(round), 0, 0
    (left / "d" / "e").mkdir(parents=True)
    (left / "d" / "file").touch()
    (left / "d").chmod(0o500)
    number = round
    demolish(left)
    print(seen >= number, oct(mine.stat().st_mode & 0o777), (mine / "file").exists())
"""


def test_what_is_removed_is_never_reached_through_a_link_that_a_living_program_swaps_in(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    mine.chmod(0o750)
    (mine / "file").write_text("kept")
    argv = [sys.executable, "-c", SWAPS, str(tmp_path / "left"), str(mine)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "True 0o750 True"
    assert {line.partition(" ")[2] for line in lines} == {"0o750 True"}


def test_names_that_are_no_text_are_refused(place: Place) -> None:
    for name in ("'\\377'", "'a\\nb'", "'\\033]0;x'"):
        with pytest.raises(CommandFailed, match="whose name is not valid UTF-8"):
            place.commands.prepare(place.site(sh(f'mkdir out; echo > "out/$(printf {name})"')))


FILLS_A_SMALL_DISK = """\
import subprocess, sys
from datetime import timedelta
from pathlib import Path
small = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "small", small], check=True)
sys.path[:0] = sys.argv[2:]
from test_before_plan import Place, sh
from terrace.errors import NotReady
fills = "exec 3> $TMPDIR/x; rm $TMPDIR/x; while :; do head -c 9000000 /dev/zero >&3 || sleep 0.1; done"
place = Place(small, {"app/main.tf": ""})
try:
    place.commands.prepare(place.site(sh(fills, timeout=timedelta(seconds=20))))
except NotReady as error:
    print(error.message)
"""


def test_a_command_that_fills_the_disk_with_a_file_that_has_no_name_is_stopped(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    argv = ["unshare", "-Urm", sys.executable, "-c", FILLS_A_SMALL_DISK, str(tmp_path), here, str(Path(here).parent)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert "more than the free space of the disk" in done.stdout


def test_a_folder_that_cannot_be_looked_into_counts_as_too_much() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        hidden = Path(folder) / "hidden"
        with _not_the_superuser():
            hidden.mkdir()
            assert not Disk((Path(folder),), 2**30).is_full()
            hidden.chmod(0o300)
            assert Disk((Path(folder),), 2**30).is_full()


@contextlib.contextmanager
def _not_the_superuser() -> Iterator[None]:
    """The superuser looks into every folder."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


# --- what is kept ------------------------------------------------------------------------------------------------


def counted(place: Place, **more: Any) -> BeforePlan:
    """A command whose output differs each time that it runs."""
    return sh("cat /proc/sys/kernel/random/uuid > out", **more)


def prepared(place: Place, command: BeforePlan, root: str = "root", commands: Commands | None = None) -> str:
    (commands or place.commands).prepare(place.site(command, root=root))
    return place.out(root=root)


def test_what_a_command_wrote_is_kept_as_long_as_all_that_it_sees_is_the_same(place: Place) -> None:
    first = prepared(place, counted(place))
    assert prepared(place, counted(place), "other") == first
    assert prepared(place, counted(place), "third", place.anew()) == first
    place.files["lib/b.txt"] = "changed, and no input\n"
    assert prepared(place, counted(place), "fourth") == first
    place.files["app/a.txt"] = "changed\n"
    second = prepared(place, counted(place), "fifth")
    assert second != first
    place.files["app/a.txt"] = "+x changed\n"
    assert prepared(place, counted(place), "sixth") != second


@pytest.mark.parametrize(
    "more",
    [
        {"network": True},
        {"outputs": ("app/out", "app/more")},
        {"folder": ""},
        {"inputs": ("app", "lib")},
    ],
)
def test_another_command_takes_nothing_that_was_kept(place: Place, more: dict[str, Any]) -> None:
    if more == {"folder": ""}:
        more = {"folder": "", "outputs": ("app/out", "out")}
        first, path = prepared(place, sh("cat /proc/sys/kernel/random/uuid > out", outputs=("app/out", "out"))), "out"
    else:
        first, path = prepared(place, counted(place)), "app/out"
    place.commands.prepare(place.site(counted(place, **more), root="other"))
    assert place.out(path, "other") != first


def test_a_variable_that_a_command_gets_is_part_of_what_is_kept(place: Place) -> None:
    place.environ["MODE"] = "a"
    first = prepared(place, counted(place, env=("MODE",)))
    place.environ["MODE"] = "b"
    assert prepared(place, counted(place, env=("MODE",)), "other") != first
    del place.environ["MODE"]
    assert prepared(place, counted(place, env=("MODE",)), "third") != first
    place.environ["MODE"] = "a"
    assert prepared(place, counted(place, env=("MODE",)), "fourth") == first


@pytest.mark.parametrize("damage", ["cut", "changed", "forged", "no manifest", "empty", "folder", "gone file"])
def test_a_result_that_is_damaged_or_forged_is_never_used(place: Place, damage: str) -> None:
    first = prepared(place, counted(place))
    (kept,) = place.kept()
    file, manifest = kept / "0", kept / "manifest.json"
    match damage:
        case "cut":
            file.write_text(first[:5])
        case "changed":
            file.write_text(first.swapcase())
        case "forged":
            evil = Place(place.folder, place.files).anew(b"another key")
            other = place.folder / "cache/before-plan"
            other.rename(place.folder / "mine")
            evil.prepare(place.site(counted(place), root="evil"))
            (theirs,) = place.kept()
            (place.folder / "mine/kept" / kept.name).rename(place.folder / "aside")
            theirs.rename(place.folder / "mine/kept" / kept.name)
            demolish(other)
            (place.folder / "mine").rename(other)
        case "no manifest":
            manifest.unlink()
        case "empty":
            manifest.write_bytes(b"")
        case "folder":
            file.unlink()
            file.mkdir()
        case "gone file":
            file.unlink()
    second = prepared(place, counted(place), "other", place.anew())
    assert second != first
    assert second != (place.out(root="evil") if damage == "forged" else "")
    assert prepared(place, counted(place), "third", place.anew()) == second


def test_without_a_key_what_is_kept_is_kept_under_a_key_of_the_machine(place: Place) -> None:
    first = prepared(place, counted(place), commands=place.anew(None))
    assert prepared(place, counted(place), "other", place.anew(None)) == first
    (place.folder / "cache/before-plan/secret").write_bytes(b"short")
    assert prepared(place, counted(place), "third", place.anew(None)) != first


def test_the_results_that_are_kept_are_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 250_000)
    for number in range(4):
        place.commands.prepare(place.site(sh(f"head -c 100000 /dev/zero > out; echo {number} >> out")))
        for at, folder in enumerate(sorted(place.kept(), key=lambda one: one.stat().st_mtime_ns)):
            os.utime(folder, (at + 1, at + 1))
    assert len(place.kept()) == 2
    assert place.out().endswith("3\n")


def test_one_result_that_many_want_at_once_is_made_once(place: Place) -> None:
    found: list[str] = []
    sites = [place.site(counted(place), root=f"root{n}") for n in range(4)]

    def one(site: Site) -> None:
        place.commands.prepare(site)
        found.append((site.root / "app/out").read_text())

    threads = [threading.Thread(target=one, args=(site,)) for site in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


# --- what the plan is bound to -----------------------------------------------------------------------------------


def test_a_file_that_is_changed_after_it_was_prepared_is_noticed_and_mended(place: Place) -> None:
    site = place.site(sh("echo right > out"))
    done = place.commands.prepare(site)
    assert find_changed(site.root, done) is None
    (site.root / "app/out").write_text("wrong\n")
    assert find_changed(site.root, done) == "app/out"
    place.commands.prepare(site)
    assert place.out() == "right\n"
    (site.root / "app/out").unlink()
    (site.root / "app/out").symlink_to("/etc/passwd")
    assert find_changed(site.root, done) == "app/out"


def test_other_files_make_another_digest_and_the_same_files_the_same(place: Place) -> None:
    one = place.commands.prepare(place.site(sh("echo 1 > out")))
    same = place.anew().prepare(place.site(sh("echo 1 > out"), root="other"))
    other = place.commands.prepare(place.site(sh("echo 2 > out"), root="third"))
    assert digest_of(one) == digest_of(same) != digest_of(other)
    assert digest_of(()) == ""


def test_a_command_that_makes_other_files_on_another_machine_is_named(place: Place, tmp_path: Path) -> None:
    before = {one.source: one.digest for one in place.commands.prepare(place.site(counted(place)))}
    again = place.commands.prepare(place.site(counted(place), root="other"))
    assert not_reproducible(again, before) == ()
    elsewhere = Place(tmp_path / "elsewhere", place.files)
    there = elsewhere.commands.prepare(elsewhere.site(counted(place)))
    assert not_reproducible(there, before) == (there[0].name,)
    place.files["app/a.txt"] = "changed\n"
    assert not_reproducible(place.commands.prepare(place.site(counted(place), root="third")), before) == ()
    assert not_reproducible(there, {}) == ()


def test_what_packs_the_inputs_packs_the_same_each_time(place: Place, tmp_path: Path) -> None:
    run = BeforePlan(("tar", "cf", "out", "a.txt", "main.tf"), "app", ("app",), ("app/out",))
    one = place.commands.prepare(place.site(run))
    time.sleep(1.1)
    elsewhere = Place(tmp_path / "elsewhere", place.files)
    assert digest_of(elsewhere.commands.prepare(elsewhere.site(run))) == digest_of(one)


def _running(marker: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", marker.encode()]:
            found.append(str(path))
    return found


def _until(true: Any, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_where_namespaces_are_forbidden_no_command_runs_and_the_way_out_is_told(tmp_path: Path) -> None:
    text = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\nfrom terrace.errors import NotReady\nfrom test_before_plan import Place, sh\n"
        "place = Place(Path(sys.argv[1]), {'app/main.tf': ''})\n"
        "for network in (False, True):\n"
        "  try:\n    place.commands.prepare(place.site(sh('echo > out', network=network)))\n"
        "  except NotReady as error:\n    print(error.message, '|', error.hint)\n"
    )
    here = Path(__file__).parent
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    given = [sys.executable, "-c", text, str(tmp_path), str(here), str(here.parent)]
    done = subprocess.run(["unshare", "-Ur", "sh", "-c", forbid, "sh", *given], capture_output=True, text=True)
    said = done.stdout.splitlines()
    assert len(said) == 2, done.stderr
    assert all("this machine cannot isolate a program" in one and "`terrace doctor`" in one for one in said)
    assert not (tmp_path / "root/app/out").exists()
