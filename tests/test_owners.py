"""Whose files are, and how they are opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from deadlines import run_program

from zsclip import owners
from zsclip.files import writing_whole
from zsclip.owners import (
    doubt,
    doubt_found,
    follow,
    hold,
    is_plain_and_own,
    is_trusted,
    make_private_folder,
    open_more,
    open_new,
    open_plain,
)

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can give a file to another user",
)

ME, OTHER, ROOT, NOBODY = 4001, 4002, 0, 65534
FILE, FOLDER, LINK = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK


def found(kind: int, mode: int, user: int, *, group: int = 4999, links: int = 1) -> os.stat_result:
    return os.stat_result((kind | mode, 7, 7, links, user, group, 1, 0, 0, 0))


@pytest.fixture
def me(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs this is the user 4001, whose group nobody knows."""
    monkeypatch.setattr(owners, "_user", lambda: ME)


@pytest.mark.usefixtures("me")
@pytest.mark.parametrize(
    ("kind", "mode", "user", "sticky", "reason"),
    [
        (FILE, 0o600, ME, False, None),
        (FILE, 0o644, ME, False, None),
        (FILE, 0o644, ROOT, False, None),
        (FOLDER, 0o755, ROOT, False, None),
        (FILE, 0o600, OTHER, False, "/x belongs to the user 4002"),
        (FOLDER, 0o700, OTHER, True, "/x belongs to the user 4002"),
        (LINK, 0o777, OTHER, True, "/x belongs to the user 4002"),
        (LINK, 0o777, ME, False, None),
        (FILE, 0o666, ME, False, "everybody may write to /x"),
        (FILE, 0o1666, ME, True, "everybody may write to /x"),
        (FILE, 0o664, ME, False, "the group 4999 may write to /x"),
        (FOLDER, 0o775, ROOT, True, "the group 4999 may write to /x"),
        (FOLDER, 0o777, ME, True, "everybody may write to /x"),
        (FOLDER, 0o1777, ROOT, True, None),
        (FOLDER, 0o1775, ROOT, True, None),
        (FOLDER, 0o1777, ME, False, "everybody may write to /x"),
    ],
)
def test_what_belongs_to_others_or_may_be_written_by_them_is_doubted(
    kind: int, mode: int, user: int, sticky: bool, reason: str | None
) -> None:
    assert doubt_found("/x", found(kind, mode, user), sticky=sticky) == reason


def test_root_trusts_root_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "_user", lambda: 0)
    assert doubt_found("/x", found(FILE, 0o600, ROOT)) is None
    assert doubt_found("/x", found(FILE, 0o600, ME)) == "/x belongs to the user 4001"


def test_a_group_that_is_a_users_own_is_not_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian and Fedora give each user a group, and let it write."""
    grp, pwd = pytest.importorskip("grp"), pytest.importorskip("pwd")
    monkeypatch.setattr(owners, "_user", lambda: ME)
    monkeypatch.setattr(
        pwd, "getpwuid", lambda user: pwd.struct_passwd(("me", "", ME, 77, *3 * "x"))
    )
    for name, members, reason in [
        ("me", [], None),
        ("me", ["me"], None),
        ("me", ["me", "other"], "the group 77 may write to /x"),
        ("staff", [], "the group 77 may write to /x"),
    ]:
        group = grp.struct_group((name, "", 77, members))
        monkeypatch.setattr(grp, "getgrgid", lambda number, group=group: group)
        assert doubt_found("/x", found(FILE, 0o664, ME, group=77)) == reason


def test_where_users_have_no_numbers_nothing_is_doubted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(owners, "_user", lambda: None)
    tmp_path.chmod(0o777)
    assert doubt(tmp_path / "file") is None
    assert doubt_found("/x", found(FILE, 0o666, OTHER)) is None
    assert is_plain_and_own(found(FILE, 0o666, OTHER))


# -------------------------------------------------------------------------------------- the way


def test_every_folder_on_the_way_counts(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "file"
    file.parent.mkdir(parents=True)
    assert doubt(file) is None
    file.write_bytes(b"")
    assert doubt(file) is None
    for place in (file, file.parent, file.parent.parent):
        mode = stat.S_IMODE(place.stat().st_mode)
        place.chmod(mode | 0o002)
        assert doubt(file) == f"everybody may write to {place}"
        place.chmod(mode)


def test_a_shared_folder_with_the_sticky_bit_is_fit_to_hold_folders_only(tmp_path: Path) -> None:
    """In the folder itself others could put a log beside the file before SQLite does."""
    tmp_path.chmod(0o1777)
    (tmp_path / "mine").mkdir()
    assert doubt(tmp_path / "mine" / "file") is None
    assert doubt(tmp_path / "not there" / "file") is None
    assert doubt(tmp_path / "file") == f"everybody may write to {tmp_path}"
    assert doubt(tmp_path / "mine" / ".." / "file") == f"everybody may write to {tmp_path}"
    (tmp_path / "mine" / "link").symlink_to("../")
    assert doubt(tmp_path / "mine" / "link" / "file") == f"everybody may write to {tmp_path}"
    (tmp_path / "mine" / "file").symlink_to("../file/")
    (tmp_path / "file").write_bytes(b"")
    assert doubt(tmp_path / "mine" / "file") == f"everybody may write to {tmp_path}"


def test_both_ends_of_a_link_count(tmp_path: Path) -> None:
    for name in ("safe", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "shared").chmod(0o777)
    (tmp_path / "safe" / "out").symlink_to(tmp_path / "shared", target_is_directory=True)
    (tmp_path / "shared" / "in").symlink_to("../safe", target_is_directory=True)
    reason = f"everybody may write to {tmp_path / 'shared'}"
    assert doubt(tmp_path / "safe" / "out" / "file") == reason
    assert doubt(tmp_path / "shared" / "in" / "file") == reason


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        doubt(tmp_path / "a" / "file")


def test_what_lies_above_the_home_is_not_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There it belongs to nobody in some containers."""
    (tmp_path / "home").mkdir()
    tmp_path.chmod(0o777)
    file = tmp_path / "home" / "file"
    assert doubt(file) == f"everybody may write to {tmp_path}"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert doubt(file) is None
    assert doubt(tmp_path / "homes") == f"everybody may write to {tmp_path}"
    assert doubt(tmp_path / "file") == f"everybody may write to {tmp_path}"
    (tmp_path / "home").chmod(0o777)
    assert doubt(file) == f"everybody may write to {tmp_path / 'home'}"


def test_a_home_may_be_a_link_to_where_the_homes_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As automounters make them."""
    (tmp_path / "disks" / "me").mkdir(parents=True)
    (tmp_path / "disks").chmod(0o777)
    (tmp_path / "home").symlink_to("disks/me")
    files = [tmp_path / "home" / "file", tmp_path / "disks" / "me" / "file"]
    for file in files:
        assert doubt(file) == f"everybody may write to {tmp_path / 'disks'}"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert [doubt(file) for file in files] == [None, None]
    (tmp_path / "disks" / "me").chmod(0o777)
    for file in files:
        assert doubt(file) == f"everybody may write to {tmp_path / 'disks' / 'me'}"


def test_what_the_user_names_is_trusted_with_all_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    inside = tmp_path / "a" / "file"
    monkeypatch.setenv("ZSCLIP_TRUST", os.pathsep.join(["", "/srv", f"{tmp_path}/"]))
    assert is_trusted(inside)
    assert doubt(inside) is None
    monkeypatch.setenv("ZSCLIP_TRUST", str(inside))
    assert is_trusted(inside)
    assert not is_trusted(tmp_path / "a")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ZSCLIP_TRUST", "~/a")
    assert is_trusted(inside)
    monkeypatch.setenv("ZSCLIP_TRUST", "")
    assert not is_trusted(inside)


def test_what_is_named_is_trusted_by_whatever_link_one_comes_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages name the folder itself, and not the link that led there."""
    (tmp_path / "team").mkdir()
    (tmp_path / "team").chmod(0o777)
    (tmp_path / "link").symlink_to("team")
    files = [tmp_path / "link" / "file", tmp_path / "team" / "file"]
    for file in files:
        assert doubt(file) == f"everybody may write to {tmp_path / 'team'}"
    for name in ("team", "link"):
        monkeypatch.setenv("ZSCLIP_TRUST", str(tmp_path / name))
        assert [(doubt(file), is_trusted(file)) for file in files] == [(None, True)] * 2
    tmp_path.chmod(0o777)  # where the link could be another one tomorrow
    monkeypatch.setenv("ZSCLIP_TRUST", str(tmp_path / "team"))
    assert doubt(files[0]) == f"everybody may write to {tmp_path}"
    assert doubt(files[1]) is None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZSCLIP_TRUST", "team")  # which would be another one elsewhere
    assert not is_trusted(files[1])


@as_root
def test_root_does_not_trust_the_home_of_a_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with sudo, where it is kept."""
    os.chown(tmp_path, NOBODY, NOBODY)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert f"{tmp_path} belongs to the user " in str(doubt(tmp_path / ".cache" / "file"))


# ---------------------------------------------------------------------------------------- opening


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code = (
        "from pathlib import Path\n"
        "from zsclip.files import file_sha256\n"
        "from zsclip.owners import open_more, open_plain\n"
        "for call in (open_plain, open_more, file_sha256):\n"
        "    try:\n"
        "        call(Path('pipe'))\n"
        "    except OSError as error:\n"
        "        print(error.errno)\n"
    )
    assert len(run_program(["-c", code], folder=tmp_path, seconds=60).split()) == 3


def test_a_new_file_takes_the_place_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    for name in ("link", "there"):
        (tmp_path / "there").write_bytes(b"old")
        with pytest.raises(FileExistsError):
            open_new(tmp_path / name)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["link", "there"]
    with open_new(tmp_path / "new", 0o600) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
        assert file.name == str(tmp_path / "new")


def test_writing_goes_on_in_a_file_of_ones_own_only(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    with pytest.raises(FileNotFoundError):
        open_more(mine)
    mine.write_bytes(b"a")
    with open_more(mine) as file:
        file.write(b"b")
    with open_plain(mine) as read:
        assert read.read() == b"ab"
    (tmp_path / "link").symlink_to(mine)
    os.link(mine, tmp_path / "second")
    for name in ("link", "second", "mine"):
        with pytest.raises(OSError, match=r"symbolic links|of the user's own"):
            open_more(tmp_path / name)
    assert mine.read_bytes() == b"ab"


@pytest.mark.usefixtures("me")
def test_a_file_of_another_user_is_not_ones_own() -> None:
    assert is_plain_and_own(found(FILE, 0o600, ME))
    assert not is_plain_and_own(found(FILE, 0o666, OTHER))
    assert not is_plain_and_own(found(FILE, 0o600, ROOT))
    assert not is_plain_and_own(found(FILE, 0o600, ME, links=2))
    assert not is_plain_and_own(found(stat.S_IFIFO, 0o600, ME))


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Makes a link to a file that seems to be another user's, in a folder where all may write."""

    def plant(target: Path) -> Path:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        link = shared / "out"
        link.symlink_to(target)
        if os.geteuid() == 0:
            os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
            return link
        real = os.lstat

        def lstat(path: str) -> os.stat_result:
            values = list(real(path))
            values[4] = NOBODY if os.fspath(path) == str(link) else values[4]
            return os.stat_result(values)

        monkeypatch.setattr(os, "lstat", lstat)
        return link

    return plant


@pytest.mark.parametrize("how", ["file", "folder"])
def test_a_link_that_another_user_planted_is_not_written_through(
    tmp_path: Path, plant: Callable[[Path], Path], how: str
) -> None:
    victim = tmp_path / "home" / "precious"
    victim.parent.mkdir()
    victim.write_bytes(b"old")
    link = plant(victim if how == "file" else victim.parent)
    target = link if how == "file" else link / "precious"
    with pytest.raises(PermissionError, match="another user"), writing_whole(target) as file:
        file.write(b"new")
    assert victim.read_bytes() == b"old"


def test_a_link_of_ones_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    (tmp_path / "shared" / "link").symlink_to(tmp_path / "file")
    assert follow(tmp_path / "shared" / "link") == tmp_path / "file"


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    target.write_bytes(b"old")
    target.chmod(0o600)
    with writing_whole(target) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_folders_are_made_for_the_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_folder(tmp_path / "a" / "b")
        make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / p).stat().st_mode) for p in ("a", "a/b")] == [0o700, 0o700]


def test_a_file_is_held_by_one_at_a_time_and_only_where_its_name_leads_to_it(
    tmp_path: Path,
) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "file"
    with open_new(path) as first, open_more(path) as second:
        assert hold(first, path)
        assert not hold(second, path)
        path.unlink()
        first.close()
        assert not hold(second, path)
        path.touch()
        assert not hold(second, path)
    with open_more(path) as third:
        assert hold(third, path)
