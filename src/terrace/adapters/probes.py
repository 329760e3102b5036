"""Smoke tests: HTTP requests and commands, with the configured number of attempts."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from terrace.adapters.confined import Limits, run_confined
from terrace.config.model import CommandProbe, HttpProbe, Probe
from terrace.errors import Interrupted, TerraceError
from terrace.rollout.health import Reading
from terrace.rollout.ports import ProbeResult
from terrace.words import plural

MAX_BODY = 2**20
"""Maximum size of an HTTP response that is read, in bytes."""

OUTPUT = 64 * 2**20
"""Maximum output of a command, in bytes."""

PAUSE_SECONDS = 2.0
"""Pause between two attempts of a probe, in seconds."""

CANNOT_TELL = 75
"""Exit code with which a command reports that it could not measure: EX_TEMPFAIL of sysexits.h."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class LiveProbes:
    """Runs probes from this machine. Commands get the given variables and PATH, HOME and the like: no other variables
    of Terrace."""

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
        url = _VARIABLE.sub(lambda match: variables[match[1]], probe.url)
        result = "nothing"
        seconds = probe.timeout.total_seconds()
        with httpx.Client(transport=LimitedTransport(seconds, MAX_BODY), timeout=seconds) as client:
            for attempt in range(max(1, probe.attempts)):
                if attempt:
                    time.sleep(self._pause)
                extent = ""
                try:
                    answer = client.get(url, follow_redirects=False)
                except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
                    # The address contains an output, which may be a secret, so that it is not printed.
                    return ProbeResult(name, "unclear", f"its address is not valid ({type(error).__name__})")
                except ResponseTooLong as error:
                    answer, extent = error.answer, f" in its first {MAX_BODY:,} bytes"
                except httpx.TimeoutException:
                    result = f"no complete response within {seconds:g} s"
                    continue
                except httpx.HTTPError as error:
                    result = f"no response ({type(error).__name__})"
                    continue
                if answer.status_code != probe.expect:
                    result = f"status {answer.status_code} instead of {probe.expect}"
                elif probe.contains is not None and probe.contains not in text_of(answer):
                    result = f"a body without {probe.contains!r}{extent}"
                else:
                    return ProbeResult(name, "passed", f"status {answer.status_code}")
        return ProbeResult(name, "failed", f"{result} after {plural(max(1, probe.attempts), 'attempt')}")


def _command(probe: CommandProbe, folder: Path, variables: Mapping[str, str]) -> ProbeResult:
    env = {k: os.environ[k] for k in ("PATH", "HOME", "LANG", "TMPDIR") if k in os.environ}
    limits = Limits(seconds=probe.timeout.total_seconds(), output=OUTPUT)
    done = run_confined(probe.argv, cwd=folder, env={**env, **variables}, limits=limits)
    if done.code == 0:
        return ProbeResult(_name(probe), "passed", "exit 0")
    lines = (done.message or done.out.decode("utf-8", "replace").strip()).splitlines()
    reading: Reading = "unclear" if done.code == CANNOT_TELL else "failed"
    message = f"exit {done.code}" + (f": {_mask(lines[-1], variables)}" if lines else "")
    return ProbeResult(_name(probe), reading, message)


def _mask(text: str, variables: Mapping[str, str]) -> str:
    """Masks values of the variables in the output of a command: all that are longer than a few characters."""
    for value in variables.values():
        if len(value) >= 6:
            text = text.replace(value, "***")
    return text


def _name(probe: Probe) -> str:
    return probe.name or (probe.url if isinstance(probe, HttpProbe) else probe.argv[0])
