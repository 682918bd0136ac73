import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.data.written_photos import write_photos
from zoo.data import archives
from zoo.data.archives import is_archive, unpacked
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.forms import Table

COUNTS = {"red": 20, "green": 20}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("archives") / "colours", COUNTS)


def _packed(photos, where, kind, wrapped=True):
    base = where / f"{'wrapped' if wrapped else 'bare'}"
    root, inside = (photos.parent, photos.name) if wrapped else (photos, ".")
    return Path(shutil.make_archive(str(base), kind, root, inside))


@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapped", "bare"])
@pytest.mark.parametrize("kind", ["zip", "tar", "gztar", "bztar", "xztar"])
def test_archives_of_class_folders_are_read(photos, tmp_path, kind, wrapped):
    archive = _packed(photos, tmp_path, kind, wrapped)
    dataset = load_dataset(str(archive))
    assert dataset.fingerprint() == load_dataset(str(photos)).fingerprint()
    assert dataset.name == ("colours" if wrapped else "bare")


def test_what_a_mac_adds_is_passed_over(photos, tmp_path):
    archive = _packed(photos, tmp_path, "zip")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("__MACOSX/colours/red/._000.png", b"x")
        file.writestr(".DS_Store", b"x")
    assert load_dataset(str(archive)).labels == ("green", "red")


class _Unsaid(zipfile.ZipInfo):
    """A member whose name is written in an encoding that nothing tells."""

    encoding = "utf-8"

    def _encodeFilenameFlags(self):  # noqa: N802 - zipfile calls it so.
        return self.filename.encode(self.encoding), 0


class _Dos(_Unsaid):
    encoding = "cp437"


ZIPPED = {
    "ASCII": (zipfile.ZipInfo, "colours/red/a.png", "red"),
    "UTF-8 that says so": (zipfile.ZipInfo, "colours/Käse/a.png", "Käse"),
    "of a Mac": (_Unsaid, "colours/Ka\u0308se/a.png", "Ka\u0308se"),
    "UTF-8 that does not say so": (_Unsaid, "colours/狗/a.png", "狗"),
    "letters of DOS": (_Dos, "colours/Käse/a.png", "Käse"),
    "signs of DOS": (_Dos, "colours/±½ é/a.png", "±½ é"),
    "what UTF-8 would be in DOS, and says what it is": (zipfile.ZipInfo, "c/K├ñse/a.png", "K├ñse"),
    "backslashes": (zipfile.ZipInfo, "colours\\red\\a.png", "red"),
    "backslashes and letters": (_Unsaid, "colours\\Käse\\a.png", "Käse"),
}


@pytest.mark.parametrize("name", ZIPPED)
def test_names_in_a_zip_are_as_their_writer_meant(photos, tmp_path, name):
    kind, path, label = ZIPPED[name]
    member = kind(path)
    member.filename = path  # As the constructor would change it on Windows.
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        file.writestr(member, next(photos.glob("red/*")).read_bytes())
        file.writestr("README.txt", "")
    (picture,) = Path(unpacked(str(tmp_path / "photos.zip"))).rglob("*.png")
    assert (picture.name, picture.parent.name) == ("a.png", label)


def test_links_inside_an_archive_are_read(photos, tmp_path):
    shutil.copytree(photos, tmp_path / "colours")
    first, *_ = sorted((tmp_path / "colours" / "red").iterdir())
    (first.parent / "same.png").symlink_to(first.name)
    dataset = load_dataset(str(_packed(tmp_path / "colours", tmp_path, "tar")))
    assert sum(map(len, dataset.splits.values())) == sum(COUNTS.values()) + 1


def test_a_table_in_an_archive_is_read(tmp_path):
    rows = "".join(f"{n},{n % 7},{'yes' if n % 2 else 'no'}\n" for n in range(60))
    with zipfile.ZipFile(tmp_path / "people.zip", "w") as file:
        file.writestr("people.csv", "age,size,answer\n" + rows)
    dataset = load_dataset(
        str(tmp_path / "people.zip"), Table, reading=Reading(label_column="answer")
    )
    assert (dataset.name, dataset.labels) == ("people", ("no", "yes"))


def test_a_folder_that_is_a_split_stays_one(photos, tmp_path):
    for split in ("train", "test"):
        shutil.copytree(photos, tmp_path / "data" / split)
    archive = _packed(tmp_path / "data", tmp_path, "zip", wrapped=False)
    splits = load_dataset(str(archive)).splits
    assert len(splits["test"]) == 40
    only_train = tmp_path / "only" / "train"
    shutil.copytree(photos, only_train)
    archive = shutil.make_archive(str(tmp_path / "one"), "zip", only_train.parent)
    assert Path(unpacked(archive)).name == "one"


def test_an_archive_is_unpacked_once(photos, tmp_path, monkeypatch):
    archive = _packed(photos, tmp_path, "zip")
    folder = unpacked(str(archive))
    monkeypatch.setattr(archives, "_unpack", None)
    assert unpacked(str(archive)) == folder


def _outside_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("../evil.png", b"x")


def _absolute_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("/evil.png", b"x")


def _outside_on_windows(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a\\..\\..\\evil.png", b"x")


def _tar_of(path, **member):
    info = tarfile.TarInfo(member.pop("name", "evil"))
    for name, value in member.items():
        setattr(info, name, value)
    with tarfile.open(path, "w") as file:
        file.addfile(info, io.BytesIO(b"x" * info.size))


def _tar_through_a_link(path):
    """Each of two links leads to what looks inside, and the second one through the first."""
    with tarfile.open(path, "w") as file:
        for name, linkname in (("a/b/c", "../.."), ("a/out", "b/c/../..")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, linkname
            file.addfile(info)


def _damaged_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("red/a.png", b"y" * 100)
    path.write_bytes(path.read_bytes().replace(b"y" * 100, b"z" * 100))


def _cut_tar(path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        info = tarfile.TarInfo("red/a.png")
        info.size = 100_000
        file.addfile(info, io.BytesIO(bytes(range(250)) * 400))
    path.write_bytes(data.getvalue()[:-100])


def _locked_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("red/a.png", b"x")
    data = bytearray(path.read_bytes())
    for start in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[start] |= 1  # "Encrypted".
    path.write_bytes(data)


def _absolute_on_windows(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("\\evil.png", b"x")


def _outside_in_letters_of_a_mac(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(_Unsaid("ä/../../evil.png"), b"x")


WRONG = {
    "zip outside": (_outside_zip, "holds a path that leads outside it"),
    "absolute": (_absolute_zip, "holds a path that leads outside it"),
    "backslashes": (_outside_on_windows, "holds a path that leads outside it"),
    "absolute with backslashes": (_absolute_on_windows, "holds a path that leads outside it"),
    "outside, of a Mac": (_outside_in_letters_of_a_mac, "holds a path that leads outside it"),
    "tar outside": (partial(_tar_of, name="../evil"), "holds a path that leads outside it"),
    "link outside": (
        partial(_tar_of, type=tarfile.SYMTYPE, linkname="/etc"),
        "holds a path that leads outside it",
    ),
    "absolute tar": (partial(_tar_of, name="/evil"), "holds a path that leads outside it"),
    "hard link outside": (
        partial(_tar_of, type=tarfile.LNKTYPE, linkname="../../evil"),
        "holds a path that leads outside it",
    ),
    "through a link": (_tar_through_a_link, "holds a path that leads outside it"),
    "pipe": (partial(_tar_of, type=tarfile.FIFOTYPE), "holds a path that leads outside it"),
    "device": (partial(_tar_of, type=tarfile.CHRTYPE), "holds a path that leads outside it"),
    "damaged": (_damaged_zip, "is no whole archive: Bad CRC-32"),
    "cut": (_cut_tar, "is no whole archive"),
    "locked": (_locked_zip, "cannot be unpacked: .*password required"),
}


@pytest.fixture(params=["as it is", "older"])
def python(request, monkeypatch):
    """A Python that filters what a tar file holds, and one that does not, as 3.11.2."""
    if request.param == "older":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_archives_leave_nothing(tmp_path, cache, name, python):
    make, message = WRONG[name]
    archive = tmp_path / "wrong"
    make(archive)
    with pytest.raises(RequestError, match=message) as caught:
        load_dataset(str(archive))
    assert "\n" not in str(caught.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path != archive
                and not path.name.endswith(".lock")]  # fmt: skip


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_larger_than_the_disk_is_refused(photos, tmp_path, monkeypatch, kind):
    archive = _packed(photos, tmp_path, kind)
    monkeypatch.setattr(archives, "_ROOM", 1 << 60)
    with pytest.raises(RequestError, match=r"has room for 0\.0; set ZOO_CACHE"):
        unpacked(str(archive))


def test_files_that_are_zip_files_by_chance_are_no_archives(tmp_path):
    for suffix in (".npz", ".keras", ".pt", ".NPZ", ".xlsx", ".XLSX", ".xlsm", ".ods", ".numbers"):
        path = tmp_path / f"a{suffix}"
        _outside_zip(path)
        assert not is_archive(path)
    for suffix in (".zip", ".ZIP", "", ".photos"):
        path = tmp_path / f"a{suffix}"
        _outside_zip(path)
        assert is_archive(path)


@pytest.mark.parametrize("suffix", ["gz", "xz", "bz2"])
def test_damaged_packed_data_is_no_archive(tmp_path, suffix):
    """Of a damaged gzip file the table's reader says more."""
    whole = {"gz": gzip, "xz": lzma, "bz2": bz2}[suffix].compress(b"a,b\n1,2\n" * 999)
    for number, data in enumerate((whole[:20], whole[:12] + b"\xff" * 9 + whole[21:])):
        path = tmp_path / f"{number}.csv.{suffix}"
        path.write_bytes(data)
        assert not is_archive(path)


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        self.server.asked += 1

    def do_GET(self):
        if "cut" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)
        else:
            super().do_GET()


@pytest.fixture
def web(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(tmp_path)))
    server.asked = 0
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_address_is_fetched_once(photos, tmp_path, cache, web):
    _packed(photos, tmp_path, "zip")
    address = f"http://127.0.0.1:{web.server_port}/wrapped.zip?version=1"
    steps = []
    folder = unpacked(address, lambda done, total: steps.append((done, total)))
    assert load_dataset(address).labels == ("green", "red")
    assert (web.asked, unpacked(address), Path(folder).name) == (1, folder, "colours")
    assert steps
    [kept] = cache.glob("downloads/*/*.sha256")
    assert kept.read_text().endswith("  wrapped.zip\n")


def test_what_cannot_be_fetched_is_one_line(tmp_path, cache, web):
    wrong = {"none": "cannot be fetched: File not found", "cut": "ended after 10 of 1,000 bytes"}
    for name, message in wrong.items():
        with pytest.raises(RequestError, match=message):
            unpacked(f"http://127.0.0.1:{web.server_port}/{name}.zip")
    port = web.server_port
    web.shutdown()
    web.server_close()
    with pytest.raises(RequestError, match=r"cannot be fetched: .*refused"):
        unpacked(f"http://127.0.0.1:{port}/a.zip")
    assert not [*cache.glob("downloads/*/*")]
