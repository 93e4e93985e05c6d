"""A film on its way to another machine: addresses, paths under two names, and jobs as plain data. Pure."""

from __future__ import annotations

import json
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.coze.output import pick
from cozebatch.model.task import FIELDS, Task
from cozebatch.ports import Job, Media
from cozebatch.synthesis.cluster.address import Address, parse_address, why_not
from cozebatch.synthesis.cluster.job import PROTOCOL, Spec, options_at, shared_options, spec_of
from cozebatch.synthesis.cluster.paths import NotShared, from_shared, is_below, to_shared
from support.films import options

SHARE = "/srv/films"
OUTPUTS = {"video": "data.videoUrl", "title": "title", "captions": "captions"}
texts = st.text(max_size=20)
names = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\:"), min_size=1).filter(
    lambda name: name not in (".", "..")
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tls://192.168.1.10:8786", Address("tls", "192.168.1.10", 8786)),
        (" tcp://localhost ", Address("tcp", "localhost", 8786)),
        ("tls://[::1]:1", Address("tls", "::1", 1)),
        ("192.168.1.10:8786", None),
        ("http://a:1", None),
        ("tls://a:0", None),
        ("tls://a:99999", None),
        ("tls://a:1/x", None),
        ("tls://user@a:1", None),
        ("tls://扣:1", None),
        ("tls://", None),
        ("", None),
    ],
)
def test_addresses(text: str, found: Address | None) -> None:
    assert parse_address(text) == found
    if found is not None:
        assert parse_address(str(found)) == found


def test_plain_tcp_is_for_this_machine_and_tls_needs_a_certificate() -> None:
    def allowed(text: str, *, has_certificate: bool = False, insecure: bool = False) -> bool:
        address = parse_address(text)
        assert address is not None
        return why_not(address, has_certificate=has_certificate, insecure=insecure) is None

    assert allowed("tcp://127.0.0.1:1")
    assert allowed("tcp://localhost:1")
    assert not allowed("tcp://192.168.1.10:1")
    assert not allowed("tcp://192.168.1.10:1", has_certificate=True)
    assert allowed("tcp://192.168.1.10:1", insecure=True)
    assert not allowed("tls://192.168.1.10:1", insecure=True)
    assert allowed("tls://192.168.1.10:1", has_certificate=True)


@pytest.mark.parametrize(
    ("flavour", "share", "path"),
    [
        (PurePosixPath, "/srv/films", "/srv/films/output/片 一/片 一.mp4"),
        (PureWindowsPath, r"D:\films", r"D:\films\output\片 一\片 一.mp4"),
        (PureWindowsPath, r"\\nas\films", r"\\nas\films\output\片 一\片 一.mp4"),
        (PureWindowsPath, r"\\nas\films\a", r"\\NAS\Films\A\output\片 一\片 一.mp4"),
    ],
)
def test_every_machine_finds_the_same_file(flavour: type[PurePath], share: str, path: str) -> None:
    travelling = to_shared(path, share, flavour)
    assert travelling == "output/片 一/片 一.mp4"
    assert from_shared(travelling, r"Z:\video", PureWindowsPath) == r"Z:\video\output\片 一\片 一.mp4"
    assert from_shared(travelling, "/mnt/v", PurePosixPath) == "/mnt/v/output/片 一/片 一.mp4"


@pytest.mark.parametrize("path", ["/srv/filmsx/a", "/etc/passwd", "/srv/films/../x", "a/b", "/srv/films/a\\b", "/srv"])
def test_what_lies_elsewhere_does_not_travel(path: str) -> None:
    with pytest.raises(NotShared):
        to_shared(path, SHARE, PurePosixPath)


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/passwd", "C:/x", r"a\..\..\x", "a//b", ".", "a/C:x", "a\0b"]
)
@pytest.mark.parametrize("flavour", [PurePosixPath, PureWindowsPath])
def test_no_path_leads_out_of_the_shared_folder(path: str, flavour: type[PurePath]) -> None:
    with pytest.raises(NotShared):
        from_shared(path, "/srv/films", flavour)


@given(st.lists(names, max_size=4))
def test_paths_come_back(parts: list[str]) -> None:
    path = str(PurePosixPath(SHARE).joinpath(*parts))
    assert from_shared(to_shared(path, SHARE, PurePosixPath), SHARE, PurePosixPath) == path


def test_the_working_directory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_below("output", str(tmp_path))
    assert not is_below("output", str(tmp_path / "share"))


def wire(job: Job, media: Media) -> Spec:
    shared = shared_options(options(Path(SHARE)), SHARE)
    return spec_of(job, media, options=shared, outputs=OUTPUTS, pick=pick, share=SHARE, nonce="n1")


@given(
    facts=st.fixed_dictionaries(dict.fromkeys(FIELDS, texts)),
    extra=st.dictionaries(texts.filter(lambda name: name not in FIELDS), texts, max_size=3),
    title=st.one_of(texts, st.integers(), st.lists(texts, max_size=3)),
    files=st.dictionaries(st.sampled_from(["video", "audio"]), names, max_size=2),
    pictures=st.lists(names, max_size=3),
    submitted_at=st.floats(0, 2e9),
)
def test_a_job_comes_over_as_it_was(
    facts: dict[str, str],
    extra: dict[str, str],
    title: Any,
    files: dict[str, str],
    pictures: list[str],
    submitted_at: float,
) -> None:
    task = Task(**facts, extra=MappingProxyType(extra))  # type: ignore[arg-type]
    images = tuple(f"{SHARE}/{picture}" for picture in pictures)
    media = Media({name: f"{SHARE}/m/{path}" for name, path in files.items()} | {"images": images})
    spec = wire(Job("run-1", task, {"title": title}, submitted_at), media)
    there = Spec.from_json(json.loads(json.dumps(spec.to_json())))
    assert there == spec
    assert there.key == spec.key
    job = there.job()
    assert job.task.to_json() == task.to_json()
    assert (job.run_id, job.submitted_at, job.output) == ("run-1", submitted_at, {"title": title})
    assert there.media_at(SHARE) == media


def test_neither_addresses_nor_anything_unused_travels() -> None:
    output = {
        "data": {"videoUrl": "https://x.example/v?sign=s3cret"},
        "title": "标题",
        "token": "s3cret",
        "captions": [],
    }
    spec = wire(Job("run-1", Task("t1"), output), Media({"video": f"{SHARE}/v.mp4"}))
    assert dict(spec.output) == {"title": "标题", "captions": []}
    assert "s3cret" not in json.dumps(spec.to_json())
    assert "标题" not in repr(spec)


def test_another_protocol_is_refused() -> None:
    told = wire(Job("run-1", Task("t1"), {}), Media({})).to_json()
    with pytest.raises(ValueError, match="protocol"):
        Spec.from_json(told | {"protocol": PROTOCOL + 1})


def test_the_options_mean_the_same_elsewhere() -> None:
    styles = {"清新": {"cover_background": f"{SHARE}/封面.png", "title_color": "#FFFFFF"}, "cover_background": ""}
    here = options(
        Path(SHARE), template_config=styles, background_music_path=f"{SHARE}/music/a.mp3", owner="here", outputs=OUTPUTS
    )
    there = options_at(json.loads(json.dumps(shared_options(here, SHARE))), "/mnt/v", owner="there", processors=3)
    assert there.output_dir == Path("/mnt/v/output")
    assert there.background_music_path == "/mnt/v/music/a.mp3"
    assert there.template_config["清新"] == {"cover_background": "/mnt/v/封面.png", "title_color": "#FFFFFF"}
    assert there.outputs == {"title": "title", "captions": "captions"}
    assert (there.owner, there.processors) == ("there", 3)
    assert (there.width, there.fps, there.crf, there.lang) == (here.width, here.fps, here.crf, here.lang)


@pytest.mark.parametrize("outside", ["background_music_path", "draft_folder_path"])
def test_a_file_that_the_others_cannot_see_is_named(outside: str) -> None:
    with pytest.raises(NotShared, match="elsewhere"):
        shared_options(options(Path(SHARE), mode="both", **{outside: "/elsewhere/x"}), SHARE)
