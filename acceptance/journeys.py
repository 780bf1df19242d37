"""Where a call's journey keeps its parts. If inner names of the API differ, this is the only file to adapt."""

from __future__ import annotations

from typing import Any

from api import Json

ID_NAMES = ("buyerId", "targetId", "candidateId", "id", "candidate", "buyer", "target")


def candidate_id(value: Any) -> str | None:
    """The id of a candidate that is given as an id, or as an object that has one."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for name in ID_NAMES:
            found = candidate_id(value.get(name))
            if found:
                return found
    return None


def journey(details: Json) -> Json:
    return dict(details["journey"])


def chosen(decision: Json) -> str | None:
    return candidate_id(decision["chosen"])


def ranked(decision: Json) -> list[str | None]:
    return [candidate_id(one) for one in decision["ranked"]]


def refused(decision: Json) -> dict[str | None, Json]:
    return {candidate_id(one): one for one in decision["refused"]}


def everyone(decision: Json) -> set[str | None]:
    return ({chosen(decision)} | set(ranked(decision)) | set(refused(decision))) - {None}


def reason_code(refusal: Json) -> str | None:
    reason = refusal["reason"]
    return reason.get("code") if isinstance(reason, dict) else None


def counterfactual(refusal: Json) -> Any:
    return refusal["counterfactual"]
