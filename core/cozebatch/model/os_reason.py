"""Why the system refused a file, a program or a connection, in Chinese too: it says so in English on most machines."""

from __future__ import annotations

import errno
import os

from cozebatch.model.text import Text

NO_REGULAR_FILE = Text("不是普通文件", "is no regular file")
NO_SCHEDULER = Text("那里没有 dask 调度器", "no dask scheduler answers there")

_OURS = {
    NO_REGULAR_FILE.en: NO_REGULAR_FILE.zh,
    NO_SCHEDULER.en: NO_SCHEDULER.zh,
    "has a second name (a hard link)": "还有另一个名称（硬链接）",
    "is a link to another place": "是指向别处的链接",
}
"""Of errors that the program itself raises; `disk`, which knows no texts, has words of its own."""
_SYSTEMS = {
    errno.EACCES: "没有权限，或正被其他程序占用",
    errno.EPERM: "没有权限",
    errno.ENOENT: "不存在",
    errno.EEXIST: "已经存在",
    errno.ENOTDIR: "路径里有一段不是文件夹",
    errno.EISDIR: "是文件夹",
    errno.ENOTEMPTY: "文件夹不是空的",
    errno.ENAMETOOLONG: "名称太长",
    errno.ELOOP: "链接绕成了圈",
    errno.EINVAL: "参数或名称无效",
    errno.EXDEV: "不在同一个磁盘上",
    errno.EBUSY: "正被占用",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EFBIG: "文件太大",
    errno.EROFS: "磁盘是只读的",
    errno.EIO: "磁盘读写出错",
    errno.ENODEV: "设备不存在",
    errno.ENXIO: "设备不存在",
    errno.ESTALE: "共享文件夹断开了",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多",
    errno.ENOMEM: "内存不足",
    errno.EAGAIN: "系统资源不足",
    errno.ENOEXEC: "不是可以运行的程序",
    errno.E2BIG: "命令太长",
    errno.EPIPE: "连接断了",
    errno.ECONNRESET: "连接断了",
    errno.ECONNABORTED: "连接断了",
    errno.ECONNREFUSED: "对方拒绝连接",
    errno.ETIMEDOUT: "连接超时",
    errno.EHOSTUNREACH: "网络不通",
    errno.ENETUNREACH: "网络不通",
    errno.EADDRINUSE: "已被占用",
    errno.EADDRNOTAVAIL: "这台机器没有这个地址",
}


def os_reason(error: OSError) -> Text:
    """Without a full stop. A library's own words (of TLS, of a name that cannot be resolved) stay as they are."""
    said = (error.strerror or str(error) or type(error).__name__).rstrip("。.")
    if error.strerror in _OURS:
        return Text(_OURS[error.strerror], said)
    systems = error.errno is not None and (
        getattr(error, "winerror", None) is not None or error.strerror == os.strerror(error.errno)
    )
    return Text(_SYSTEMS.get(error.errno, said) if systems and error.errno is not None else said, said)
