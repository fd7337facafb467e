"""Pictures of a command line that belong together (`depixel.families`): their kind is decided once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from depixel.errors import UnreadablePictureError
from depixel.families import Families
from depixel.files import Limits
from depixel.picture import Picture
from depixel.preparation.content import kind_by_content
from depixel.preparation.detection import detect
from depixel.request import Request

NOTE = "Most pictures of its set are {0}, so it was treated as {0} too; --domain sets another kind."
_AUTO = "auto"


class PictureSets:
    """
    Decides the kind of pictures that belong together. Each folder is examined once.

    Args:
        sources: the pictures of the command line; others in their folders do not count.
    """

    def __init__(self, sources: Iterable[Path]) -> None:
        self._families = Families(_Sources(sources), kind_by_content, lambda family: None)

    def settle(self, source: Path, picture: Picture, request: Request) -> tuple[Request, str]:
        """
        The request for a picture, and a note if its family decides its kind against its own pixels. Maps keep theirs: a
        normal map beside sprites is no sprite.
        """
        if request.domain != _AUTO or request.box is not None:
            return request, ""
        kind = self._families.overruling_kind(source.as_posix(), picture)
        if kind is None or detect(picture).data_alpha:
            return request, ""
        return replace(request, domain=kind), NOTE.format(kind)


# The pictures of a command line as `Families` looks at them.
class _Sources:
    def __init__(self, sources: Iterable[Path]) -> None:
        self._folders: defaultdict[str, list[str]] = defaultdict(list)
        for source in sources:
            self._folders[source.parent.as_posix()].append(source.as_posix())

    def names(self, folder: str) -> Iterator[str]:
        return iter(self._folders.get(folder, ()))

    def folders(self, folder: str) -> Iterator[str]:
        return (each for each in self._folders if PurePosixPath(each).parent.as_posix() == folder)

    def read(self, path: str, most: int | None = None) -> bytes:
        if not Path(path).is_file():  # a pipe would wait for its writer
            raise UnreadablePictureError(f"{path} is not a readable file.")
        if most is None:
            Limits().check_file(path, Path(path).stat().st_size)
        with Path(path).open("rb") as file:
            return file.read(-1 if most is None else most)
