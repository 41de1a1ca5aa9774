"""Results on disk: frozen records of numbers and arrays as `.npz` files that hold no code and are checked when read.

A file is an archive of arrays that NumPy reads as well, without pickle: the record's arrays, a `manifest` (JSON: format,
version, kind, and every other field) and a `checksum`, the SHA-256 of all names, types, shapes and bytes. It is written
beside the old one and takes its place in one step, so that there is a whole file at any moment: the old or the new one.
"""

import contextlib
import enum
import io
import math
import os
import stat
import struct
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .checks import file_name

Arrays = dict[str, NDArray[Any]]

VERSION = 1
"""Of the format. A later one is refused: it may say what this version does not understand."""


class Saved:
    """A frozen dataclass that can be saved to a file and loaded from it.

    `parts` are the classes of the records and enums that its fields may hold: a file makes no other object.
    """

    parts: ClassVar[tuple[type, ...]] = ()

    def sound(self) -> bool:
        """Whether the fields of a file that was read fit together."""
        return True

    def save(self, path: Any) -> None:
        """Write this to a file, in NumPy's `.npz` format and without pickle; every number keeps all its bits.

        The file is written beside an older one, flushed to the disk, and takes its place in one step: an interrupted
        save leaves the old file whole.

        Parameters
        ----------
        path : where to; the name is taken as it is, ".npz" is its usual end.

        Raises
        ------
        OSError : the file cannot be written, with the reason. ValueError : a schedule that is a function cannot be saved.

        Examples
        --------
        >>> import fastgd, os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "cost.npz")
        ...     fastgd.QuadraticCost.of([1, 2, 3], [2, 4, 6]).save(path)
        ...     fastgd.QuadraticCost.load(path).mse(3.0)
        4.6666666667
        """
        file = file_name(path)
        arrays: Arrays = {}
        kind = type(self).__name__
        manifest = {"format": "fastgd", "version": VERSION, "kind": kind, "fields": _packed_fields(self, "", arrays)}
        import json  # these and zipfile, hashlib are 8 ms of start-up that only files need

        arrays["manifest"] = np.array(json.dumps(manifest))
        arrays["checksum"] = np.array(_checksum(arrays))
        data = io.BytesIO()
        np.savez(data, allow_pickle=False, **arrays)
        write_whole(file, data.getvalue())

    @classmethod
    def load(cls, path: Any) -> Self:
        """Read what `save` wrote, checked: a file that was cut off or tampered with is refused. No pickle is read.

        Parameters
        ----------
        path : of the file.

        Raises
        ------
        OSError : there is no such file, or it cannot be read. ValueError : it is damaged, or holds something else.

        Examples
        --------
        >>> import fastgd, os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "fit.npz")
        ...     fastgd.fit([1, 2, 3], [2, 4, 6], bias=False, learning_rate=0.01).save(path)
        ...     fastgd.Fit.load(path).w
        1.9998888793
        """
        import json

        file = file_name(path)
        arrays = _arrays(file)
        try:
            manifest = json.loads(arrays["manifest"].item())
            format_, version, kind = manifest["format"], manifest["version"], manifest["kind"]
            made_by_us = format_ == "fastgd" and isinstance(version, int) and isinstance(kind, str)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            made_by_us = False
        if not made_by_us:
            raise ValueError(f"{file} was not saved by fastgd: give a file that {cls.__name__}.save wrote")
        if version > VERSION:
            raise ValueError(
                f"{file} is of version {version} of the format, and this fastgd reads up to {VERSION}: update fastgd"
            )
        saved = arrays.pop("checksum", None)
        if saved is None or saved.shape or str(saved.item()) != _checksum(arrays):
            raise ValueError(f"{file} does not have its own checksum: it was changed after it was saved; save it again")
        if kind != cls.__name__:
            raise ValueError(f"{file} holds a {kind}, not a {cls.__name__}: load it by {kind}.load")
        try:
            found = cls(**_unpacked_fields(manifest["fields"], arrays, {part.__name__: part for part in cls.parts}))
            whole = found.sound()
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
            whole = False
        if not whole:
            raise ValueError(f"{file} has parts that do not fit together: it was changed after it was saved; save it again")
        return found


def write_whole(path: str, data: bytes) -> None:
    """Write a file as a whole or not at all; what is there already stays until the new file is on the disk."""
    target = os.path.realpath(path)
    beside = os.path.join(os.path.dirname(target), f".{os.path.basename(target)[:100]}.{os.urandom(8).hex()}.tmp")
    try:
        if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
            with open(target, "wb") as file:  # a device or a pipe: nothing could take its place
                file.write(data)
            return
        try:
            with open(beside, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if os.path.exists(target):
                os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
            os.replace(beside, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
        _flush_folder(os.path.dirname(target))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(path, "written", error) from error
    except ValueError as error:  # a zero byte in the name
        raise ValueError(f"{path!r} is not the path of a file") from error


def _flush_folder(folder: str) -> None:
    """Make the new name last through a loss of power, where the system can."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _refused(path: str, done: str, error: OSError) -> OSError:
    if isinstance(error, IsADirectoryError):
        return IsADirectoryError(f"{path} is a folder: give the path of a file")
    if isinstance(error, FileNotFoundError):
        folder = os.path.dirname(path) or "."
        missing = path if os.path.isdir(folder) else folder
        return FileNotFoundError(f"{path} cannot be {done}: {missing} does not exist")
    reason = error.strerror or str(error)
    return type(error)(f"{path} cannot be {done}: {reason[:1].lower()}{reason[1:]}")


def _checksum(arrays: Arrays) -> str:
    import hashlib
    import json

    found = hashlib.sha256()
    for name in sorted(arrays):
        values = arrays[name]
        head = json.dumps([name, values.dtype.str, values.shape])
        found.update(f"{len(head)}:{head}".encode())
        found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()


def _packed_fields(record: Any, prefix: str, arrays: Arrays) -> dict[str, Any]:
    return {part.name: _packed(getattr(record, part.name), prefix + part.name, arrays) for part in fields(record)}


def _packed(value: Any, name: str, arrays: Arrays) -> Any:
    """A field as JSON; arrays go into `arrays`."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, enum.Enum):
        return {"member": value.name, "of": type(value).__name__}
    if isinstance(value, float):
        return float(value)  # JSON writes the shortest digits that give the same bits
    if isinstance(value, tuple):
        return {"tuple": [_packed(one, f"{name}.{k}", arrays) for k, one in enumerate(value)]}
    if is_dataclass(value) and not isinstance(value, type):
        return {"record": type(value).__name__, "fields": _packed_fields(value, f"{name}.", arrays)}
    if callable(value):
        raise ValueError(
            "schedule is a function, which cannot be saved: use an array of factors, or an instance such as Step(every=10)"
        )
    arrays[name] = np.asarray(value)
    return {"array": name}


def _unpacked_fields(packed: dict[str, Any], arrays: Arrays, classes: dict[str, type]) -> dict[str, Any]:
    return {name: _unpacked(value, arrays, classes) for name, value in packed.items()}


def _unpacked(value: Any, arrays: Arrays, classes: dict[str, type]) -> Any:
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise ValueError("a list is not what was written")
        return value
    if "member" in value:
        return classes[value["of"]][value["member"]]  # type: ignore[index]
    if "tuple" in value:
        return tuple(_unpacked(one, arrays, classes) for one in value["tuple"])
    if "record" in value:
        return classes[value["record"]](**_unpacked_fields(value["fields"], arrays, classes))
    return arrays[value["array"]]


class _Unfit(Exception):
    """Bytes that are not what `save` writes."""


def _arrays(path: str) -> Arrays:
    """The arrays of an archive."""
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError(f"{path} is not a regular file: give a file on disk")
            data = file.read()
    except OSError as error:
        raise _refused(path, "read", error) from error
    import zipfile

    try:
        return _members(data)
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        struct.error,
        _Unfit,
    ) as error:
        said = " ".join(str(error).split()).rstrip(".")[:120] or "its lists are wrong"
        raise ValueError(
            f"{path} cannot be read ({said}): it may be cut off, damaged or something else; save it again"
        ) from error


def _members(data: bytes) -> Arrays:
    import zipfile

    stream = io.BytesIO(data)
    if not zipfile.is_zipfile(stream):
        raise _Unfit("it is not an .npz file")
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        # What is packed could be a thousand times its size; this library never packs.
        packed = any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members)
        if packed or sum(member.file_size for member in members) > len(data):
            raise _Unfit("its arrays are packed, which fastgd's are not")
        found = {member.filename.removesuffix(".npy"): _array(archive.read(member)) for member in members}
    if len(found) != len(members):
        raise _Unfit("it has two arrays of one name")
    return found


def _array(data: bytes) -> NDArray[Any]:
    """An array in NumPy's format, of numbers or text; nothing is taken on trust, and no memory before its size is known."""
    stream = io.BytesIO(data)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("version")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        count, left = math.prod(shape), data[stream.tell() :]
        if dtype.kind not in "biufU" or count * dtype.itemsize != len(left) or any(length < 0 for length in shape):
            raise ValueError("size")
        values = np.frombuffer(left, dtype) if dtype.itemsize else np.empty(count, dtype)
        return values.reshape(shape, order="F" if fortran else "C").copy(order="K")
    except (ValueError, TypeError, SyntaxError, KeyError, OverflowError, MemoryError, RecursionError) as error:
        raise _Unfit("one of its parts is not an array of numbers") from error
