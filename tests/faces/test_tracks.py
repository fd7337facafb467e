"""One face over the frames of an animation."""

from __future__ import annotations

from depixel.faces.finder import Frame
from depixel.faces.tracks import along, tracks_of


def test_what_was_doubtful_and_seen_once_is_left_out() -> None:
    """In an animation, a certain face, or one seen again, stays; distant faces are separate tracks."""
    sure, doubtful, again = Frame(10, 10, 20), Frame(90, 10, 20, score=0.4), Frame(50, 60, 30, score=0.4)

    assert tracks_of([[sure, again], [doubtful, again], [again]]) == [{0: sure}, {0: again, 1: again, 2: again}]
    assert tracks_of([[doubtful]]) == [{0: doubtful}]


def test_a_track_is_steady_and_knows_when_the_face_is_there() -> None:
    """Jitter is removed; a missing frame is interpolated; before and after, the score is 0."""
    still = along({k: Frame(50 + (k % 2), 50, 30) for k in range(6)}, 6)
    moving = along({2: Frame(10, 10, 20), 4: Frame(30, 10, 24)}, 6)

    assert len({(f.x, f.y, f.side) for f in still}) == 1
    assert [f.score > 0 for f in moving] == [False, False, True, True, True, False]
    assert 10 < moving[3].x < moving[4].x
    assert len({f.side for f in moving}) == 1
