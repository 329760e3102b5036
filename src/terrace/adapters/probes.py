"""Smoke tests: HTTP requests and commands, tried as often as their configuration says."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from terrace.adapters.confined import Limits, confined
from terrace.config.model import CommandProbe, HttpProbe, Probe
from terrace.errors import Interrupted, TerraceError
from terrace.rollout.bake import Reading
from terrace.rollout.ports import ProbeResult

LONGEST = 2**20
"""Bytes of an HTTP answer that are read."""

OUTPUT = 64 * 2**20
"""Bytes that a command may write."""

PAUSE_SECONDS = 2.0
"""Between two tries of one probe."""

CANNOT_TELL = 75
"""The exit code by which a command says that it could not measure: EX_TEMPFAIL of sysexits.h."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class LiveProbes:
    """Runs probes from this machine. Commands get the variables that are handed in, PATH, HOME and the like, nothing
    else of ours."""

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._pause = pause

    def run(self, probe: Probe, *, folder: Path, variables: Mapping[str, str]) -> ProbeResult:
        try:
            if isinstance(probe, HttpProbe):
                return self._http(probe, variables)
            return _command(probe, folder, variables)
        except Interrupted:
            raise
        except TerraceError as error:
            return ProbeResult(_name(probe), "unclear", str(error))

    def _http(self, probe: HttpProbe, variables: Mapping[str, str]) -> ProbeResult:
        import httpx

        from terrace.adapters.http import LimitedTransport, ResponseTooLong, text_of

        name = _name(probe)
        missing = [v for v in _VARIABLE.findall(probe.url) if v not in variables]
        if missing:
            return ProbeResult(name, "unclear", f"there is no output for {', '.join(missing)}")
        url = _VARIABLE.sub(lambda found: variables[found[1]], probe.url)
        seen = "nothing"
        seconds = probe.timeout.total_seconds()
        with httpx.Client(transport=LimitedTransport(seconds, LONGEST), timeout=seconds) as client:
            for attempt in range(max(1, probe.attempts)):
                if attempt:
                    time.sleep(self._pause)
                extent = ""
                try:
                    answer = client.get(url, follow_redirects=False)
                except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
                    # An output went into it: it may hold a secret, so it is not repeated.
                    return ProbeResult(name, "unclear", f"its address cannot be asked ({type(error).__name__})")
                except ResponseTooLong as error:
                    answer, extent = error.answer, f" in its first {LONGEST:,} bytes"
                except httpx.TimeoutException:
                    seen = f"no whole answer within {seconds:g} s"
                    continue
                except httpx.HTTPError as error:
                    seen = f"no answer ({type(error).__name__})"
                    continue
                if answer.status_code != probe.expect:
                    seen = f"status {answer.status_code} instead of {probe.expect}"
                elif probe.contains is not None and probe.contains not in text_of(answer):
                    seen = f"a body without {probe.contains!r}{extent}"
                else:
                    return ProbeResult(name, "passed", f"answered {answer.status_code}")
        return ProbeResult(name, "failed", f"{seen} after {max(1, probe.attempts)} tries")


def _command(probe: CommandProbe, folder: Path, variables: Mapping[str, str]) -> ProbeResult:
    env = {k: os.environ[k] for k in ("PATH", "HOME", "LANG", "TMPDIR") if k in os.environ}
    limits = Limits(seconds=probe.timeout.total_seconds(), output=OUTPUT)
    done = confined(probe.argv, cwd=folder, env={**env, **variables}, limits=limits)
    if done.code == 0:
        return ProbeResult(_name(probe), "passed", "exit 0")
    said = (done.message or done.out.decode("utf-8", "replace").strip()).splitlines()
    reading: Reading = "unclear" if done.code == CANNOT_TELL else "failed"
    message = f"exit {done.code}" + (f": {_masked(said[-1], variables)}" if said else "")
    return ProbeResult(_name(probe), reading, message)


def _masked(text: str, variables: Mapping[str, str]) -> str:
    """The output of a command may repeat a value that it was given; longer values are masked."""
    for value in variables.values():
        if len(value) >= 6:
            text = text.replace(value, "***")
    return text


def _name(probe: Probe) -> str:
    return probe.name or (probe.url if isinstance(probe, HttpProbe) else probe.argv[0])
