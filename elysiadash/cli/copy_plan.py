"""What a preflight found, on stdout: the checks, then the forecast."""

from __future__ import annotations

from typing import Any, Final

from elysiadash.cli import words
from elysiadash.cli.output import write_line

_MARKS: Final = {"ok": "ok", "warns": "WARNS", "blocks": "BLOCKS", "unknown": "unknown"}
_ORDER: Final = ("blocks", "unknown", "warns", "ok")


def print_plan(checkpoint: dict[str, Any]) -> None:
    """The checks, what blocks first, and what a run will take."""
    checks = checkpoint.get("checks") or []
    order = {name: place for place, name in enumerate(_ORDER)}
    for check in sorted(checks, key=lambda one: order.get(one["result"], 0)):
        mark = _MARKS.get(check["result"], check["result"])
        write_line(f"{mark:<8}{check['code']}  {check['about']}: {check['text']}")
        if check.get("way_out") and check["result"] != "ok":
            write_line(f"        {check['way_out']}")
        if check["result"] == "blocks" and check.get("liftable"):
            write_line(f"        to go on all the same: --accept {check['code']}")
    forecast = checkpoint.get("forecast")
    if forecast:
        write_line(f"forecast: {_forecast(forecast)}")
    for note in checkpoint.get("notes") or ():
        write_line(f"note: {note}")


def _forecast(found: dict[str, Any]) -> str:
    parts = []
    if found.get("objects") is not None:
        parts.append(f"{words.count(found['objects'])} objects")
    if found.get("bytes") is not None:
        parts.append(f"{words.size(found['bytes'])} on the target's disks")
    if found.get("seconds_p50") is not None:
        long = words.seconds(found["seconds_p50"])
        if found.get("seconds_p90") is not None:
            long += f", nine in ten {words.seconds(found['seconds_p90'])}"
        parts.append(long)
    else:
        parts.append("how long is not known; --rehearse measures it")
    if found.get("freeze_seconds") is not None:
        parts.append(f"writers are kept out for {words.seconds(found['freeze_seconds'])}")
    basis = found.get("basis")
    return " · ".join(parts) + (f" ({basis})" if basis else "")
