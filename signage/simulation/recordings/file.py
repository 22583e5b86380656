"""A recording as a file of numbers: no pictures, no face vectors.

Gzip'd JSON, the same bytes for the same recording, so that it also travels to other processes.
"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import numpy as np

from signage.simulation.recordings.recording import Moment, Recording
from signage.types.arrays import Floats
from signage.types.vision import Facing, Gaze, HeadPose, Sighting, Traits

_VERSION = 5


def dump(recording: Recording) -> bytes:
    """``recording`` for `load`."""
    document = {
        "version": _VERSION,
        "duration_s": recording.duration_s,
        "people": recording.people,
        "said": recording.messages,
        "moments": [
            [m.t_s, [_record(person) for person in m.people], m.fault, m.unfollowed]
            for m in recording.moments
        ],
    }
    return gzip.compress(json.dumps(document).encode(), compresslevel=6, mtime=0)


def load(data: bytes) -> Recording:
    """What `dump` was given. Raises ValueError where ``data`` is damaged, or of another version."""
    try:
        document = json.loads(gzip.decompress(data))
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']}, not {_VERSION}")
        return Recording(
            tuple(
                Moment(t_s, tuple(_sighting(record) for record in people), fault, unfollowed)
                for t_s, people, fault, unfollowed in document["moments"]
            ),
            document["duration_s"],
            document["people"],
            tuple(document["said"]),
        )
    except (OSError, EOFError, zlib.error, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no recording: {error!r}") from error


def _record(sighting: Sighting) -> dict[str, Any]:
    pose, gaze, traits = sighting.head_pose, sighting.gaze, sighting.traits
    return {
        "track": sighting.track,
        "face": sighting.face_xyxy_px,
        "body": sighting.body_xyxy_px,
        "position": sighting.position_m,
        "below": sighting.below_m,
        "pose": None if pose is None else [pose.yaw_deg, pose.pitch_deg, pose.roll_deg],
        "gaze": None if gaze is None else [gaze.t_s, gaze.yaw_deg, gaze.pitch_deg, gaze.sd_deg],
        "shut": sighting.eyes_shut,
        "facing": sighting.body_facing,
        "traits": None
        if traits is None
        else [
            traits.weight,
            _list(traits.age_probs),
            traits.female_prob,
            _list(traits.mood_probs),
        ],
        "expression": dict(sighting.expression),
        "logos": None if sighting.logos is None else dict(sighting.logos),
        "earlier": sighting.earlier_tracks,
        "joined": sighting.joined,
        "missed": sighting.missed_s,
        "picture": sighting.is_picture,
        "alive": sighting.is_alive,
    }


def _sighting(record: dict[str, Any]) -> Sighting:
    pose, gaze, traits = record["pose"], record["gaze"], record["traits"]
    facing = record["facing"]
    return Sighting(
        track=record["track"],
        face_xyxy_px=_tuple(record["face"]),
        body_xyxy_px=_tuple(record["body"]),
        position_m=_tuple(record["position"]),
        below_m=record["below"],
        head_pose=None if pose is None else HeadPose(*pose),
        gaze=None if gaze is None else Gaze(*gaze),
        eyes_shut=record["shut"],
        body_facing=None if facing is None else Facing(facing),
        traits=None
        if traits is None
        else Traits(traits[0], _array(traits[1]), traits[2], _array(traits[3])),
        expression=record["expression"],
        logos=record["logos"],
        earlier_tracks=_tuple(record["earlier"]),
        joined=tuple(record["joined"]),
        missed_s=record["missed"],
        is_picture=record["picture"],
        is_alive=record["alive"],
    )


def _tuple(values: list[Any] | None) -> Any:
    return None if values is None else tuple(values)


def _list(values: Floats | None) -> list[float] | None:
    return None if values is None else [float(value) for value in values]


def _array(values: list[float] | None) -> Floats | None:
    return None if values is None else np.array(values, dtype=np.float64)
