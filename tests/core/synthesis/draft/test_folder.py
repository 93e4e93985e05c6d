"""JianYing's draft folder is found where its user has put it; the usual place is only the last guess."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.synthesis.draft.folder import DraftFolder, own_draft_folder, setting_in

KEY = r"Software\Bytedance\JianyingPro\GlobalSettings\History"
windows = pytest.mark.skipif(sys.platform != "win32", reason="JianYing's settings of Windows")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[General]\r\nx=1\r\ncurrentCustomDraftPath=D:\\\\JianyingPro Drafts\r\ny=2\r\n", r"D:\JianyingPro Drafts"),
        ("currentCustomDraftPath=D:/drafts", "D:/drafts"),
        (r'currentCustomDraftPath="E:\\\x526a\x6620, 2"', r"E:\剪映, 2"),
        ("currentCustomDraftPath = F:/剪映草稿 ", "F:/剪映草稿"),
        ("currentCustomDraftPath=\r\ncurrentCachePath=D:/x", None),
        ("lastCurrentCustomDraftPath=D:/x", None),
        ("", None),
    ],
)
def test_the_settings_file_is_read_as_qt_writes_it(text: str, path: str | None) -> None:
    assert setting_in(text) == path


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[Path]:
    """A folder that the registry names, as JianYing does after its user has moved the drafts."""
    folder = tmp_path / "registered"
    if sys.platform == "win32":
        import winreg

        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, KEY) as key:
            winreg.SetValueEx(key, "currentCustomDraftPath", 0, winreg.REG_SZ, str(folder))
        yield folder
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, KEY)
    else:
        yield folder


@windows
def test_an_existing_folder_that_jianying_names_goes_before_the_usual_one(tmp_path: Path, registered: Path) -> None:
    environment = {"LOCALAPPDATA": str(tmp_path)}
    usual = tmp_path / "JianyingPro" / "User Data" / "Projects" / "com.lveditor.draft"
    usual.mkdir(parents=True)
    assert own_draft_folder(environment) == DraftFolder(usual, "usual"), "the folder that was named is gone"
    moved = tmp_path / "剪映草稿"
    moved.mkdir()
    settings = tmp_path / "JianyingPro" / "User Data" / "Config" / "globalSetting"
    settings.parent.mkdir()
    escaped = str(moved).replace("\\", "\\\\")
    settings.write_text(f"[General]\ncurrentCustomDraftPath={escaped}\n", encoding="utf-8")
    assert own_draft_folder(environment) == DraftFolder(moved, "settings")
    registered.mkdir()
    assert own_draft_folder(environment) == DraftFolder(registered, "registry")


@windows
def test_without_jianying_the_usual_folder_is_the_guess(tmp_path: Path) -> None:
    usual = tmp_path / "JianyingPro" / "User Data" / "Projects" / "com.lveditor.draft"
    assert own_draft_folder({"LOCALAPPDATA": str(tmp_path)}) == DraftFolder(usual, "usual")
    assert own_draft_folder({}) is None
