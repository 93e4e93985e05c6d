"""The kinds of single values a configuration holds, each with its check and the cure in its complaint.

A check raises `PydanticCustomError` whose context carries both wordings; `complaints` turns it into a `Text`.
None of them repeats the value: it may be a secret in the wrong place.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from cozebatch.coze.workflow_link import interface_of, parse_workflow_link
from cozebatch.feishu.links import LinkError, is_identifier, parse_base, platform_of
from cozebatch.model.loopback import is_loopback_host
from cozebatch.model.text import Text
from cozebatch.model.urls import split_url


class Replaced(str):
    """A string that came from the environment: only such a one may stand for a number."""

    __slots__ = ()


class Unset(Replaced):
    """Holds a variable that is not set: complained about already, so nothing else is said of it."""

    __slots__ = ()


def wrong(zh: str, en: str) -> PydanticCustomError:
    return PydanticCustomError("cozebatch", "not as wanted", {"zh": zh, "en": en})


def looks_like_placeholder(text: str) -> bool:
    """Whether this is the sample text of a template that somebody forgot to replace."""
    lowered = text.strip().lower()
    return (
        bool(re.search(r"^你的|^您的|请填|请输入|填写|…|\.\.\.|x{5,}", lowered))
        or bool(re.fullmatch(r"<[^<>]*>|your[-_ ].*|(pat|cli|tbl|vew)_?(|[x*]{3,})", lowered))
        or lowered in ("token", "secret", "changeme", "todo")
    )


def _number(value: Any) -> Any:
    if isinstance(value, Replaced):
        text = value.strip()
        if re.fullmatch(r"[+-]?\d{1,15}", text):
            return int(text)
        if re.fullmatch(r"[+-]?\d{1,15}\.\d{1,15}", text):
            return float(text)
    return value


def _whole(value: Any) -> Any:
    value = _number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _finite(value: float) -> float:
    return float(value)


_QUOTES = "\"'`“”‘’＂「」"


def _bare(value: Any) -> Any:
    """A secret that goes into a header: printable ASCII, no spaces."""
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        raise wrong("应为文字（加双引号）", "should be text in double quotes")
    text = value.strip()
    if not text:
        return SecretStr("")
    if looks_like_placeholder(text):
        raise wrong(
            "还是模板里的示例文字，请换成真正的值（或用环境变量，如 ${COZE_API_TOKEN}）",
            "is still the sample text of the template: put the real one there (or a variable like ${COZE_API_TOKEN})",
        )
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        raise wrong("前后多了引号，请去掉，只留令牌本身", "stands in quotes of its own: leave only the token itself")
    if text.lower().startswith("bearer "):
        raise wrong("请去掉前面的 Bearer，只留令牌本身", "leave out the leading 'Bearer ', only the token itself")
    for position, character in enumerate(text, 1):
        if not "!" <= character <= "~":
            what = ("空格或换行", "a space or line break") if character.isspace() else ("非英文字符", "no plain ASCII")
            raise wrong(
                f"第 {position} 个字符是{what[0]}，令牌只能是英文字母、数字和符号，请重新完整复制",
                f"character {position} is {what[1]}; it can only be ASCII letters, digits and signs: copy it again",
            )
    if len(text) > 8192:
        raise wrong("太长，不像是令牌", "is too long for a token")
    return SecretStr(text)


def _identifier(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text:
        return ""
    if looks_like_placeholder(text):
        raise wrong(
            "还是模板里的示例文字，请换成真正的 ID", "is still the sample text of the template: put the real id"
        )
    if not is_identifier(text):
        raise wrong(
            "只能有英文字母、数字、_ 和 -，请重新复制 ID", "may hold letters, digits, _ and - only: copy the id again"
        )
    return text


def _workflow(value: Any) -> Any:
    """A workflow's address holds its id."""
    if isinstance(value, str) and "://" in value:
        link = parse_workflow_link(value)
        if link is None:
            raise wrong(
                "这个链接里没有 workflow_id，请打开工作流编辑页再复制",
                "this address holds no workflow_id: open the workflow's own page and copy its address",
            )
        value = link.workflow_id
    return _identifier(value)


def _link(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        return value.strip() if isinstance(value, str) else value
    if looks_like_placeholder(value):
        raise wrong(
            "还是模板里的示例文字，请换成多维表格的 app_token 或链接",
            "is still the sample text of the template: put the base's app_token or address",
        )
    try:
        parse_base(value)
    except LinkError as error:
        problem: Text = error.text
    else:
        return value.strip()
    raise wrong(problem.zh, problem.en)


def _url(value: str) -> str:
    address = split_url(value.strip())
    if address is None or not address.hostname or address.port == 0 or address.scheme not in ("https", "http"):
        raise wrong("应为网址，如 https://api.coze.cn", "should be an address such as https://api.coze.cn")
    if address.scheme == "http" and not is_loopback_host(address.hostname):
        raise wrong(
            "应以 https:// 开头（http:// 只允许本机）", "should begin with https:// (http:// only for loopback)"
        )
    if address.username or address.password or address.query or address.fragment:
        raise wrong("网址里不能带用户名、密码、? 或 #", "the address may hold no user, password, query or fragment")
    if not re.fullmatch(r"[!-~]+", value.strip()):
        raise wrong("网址里有空格或非英文字符", "the address holds a space or no plain ASCII")
    return value.strip().rstrip("/")


def _bare_url(value: str, right: str) -> str:
    """An address without a path, which the requests bring along."""
    url = _url(value)
    address = split_url(url)
    if address is not None and address.path:
        bare = f"{address.scheme}://{address.netloc}"
        raise wrong(f"网址里不能带路径，应为 {right or bare}", f"should have no path: write {right or bare}")
    return url


def _coze_url(value: str) -> str:
    """The interface of a Coze site is not the site that people open in a browser."""
    address = split_url(value.strip())
    host = (address.hostname or "").lower() if address is not None else ""
    right = interface_of(host)
    if right is not None and f"https://{host}" != right:
        raise wrong(f"这是扣子网页的地址，接口地址应为 {right}", f"is the address of Coze's pages: write {right}")
    return _bare_url(value, right or "")


def _feishu_url(value: str) -> str:
    """The open platform is not the site that people open in a browser."""
    address = split_url(value.strip())
    host = (address.hostname or "").lower() if address is not None else ""
    right = platform_of(host)
    if right is not None and f"https://{host}" != right:
        raise wrong(f"这是飞书网页的地址，开放平台地址应为 {right}", f"is the address of Feishu's pages: write {right}")
    return _bare_url(value, right or "")


def _filled(value: str) -> str:
    if not value.strip():
        raise wrong("不能为空", "must not be empty")
    if "\x00" in value:
        raise wrong("含有非法字符", "holds a character that is not allowed")
    return value


def _folder(value: str) -> str:
    if "…" in value:
        raise wrong(
            "还是模板里的示例路径，请换成这台电脑上的真实路径（不需要就写 null）",
            "is still the sample path of the template: put the real one (or null, if there is none)",
        )
    return _filled(value)


def _nothing_if_empty(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _program(value: Any) -> Any:
    example = ('应为列表，如 ["python", "make.py"]', 'should be a list such as ["python", "make.py"]')
    if not isinstance(value, list | tuple) or not value or not all(isinstance(part, str) for part in value):
        raise wrong(*example)
    if not value[0].strip() or any("\x00" in part for part in value):
        raise wrong(*example)
    return tuple(str(part) for part in value)


def _webhook(value: Any) -> Any:
    """The whole address is a secret: whoever has it can post."""
    if value is None or isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        raise wrong("应为文字（加双引号）", "should be text in double quotes")
    if not value.strip():
        return None
    address = split_url(value.strip())
    if address is not None and address.hostname and not address.path.strip("/"):
        raise wrong(
            "地址不完整，请在飞书群的机器人设置里重新复制 webhook 地址",
            "is not the whole address: copy the webhook again from the bot's settings in the group",
        )
    return SecretStr(_url(value))


WebhookUrl = Annotated[SecretStr | None, BeforeValidator(_webhook)]
WholeNumber = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[float, BeforeValidator(_number), AfterValidator(_finite)]
BareSecret = Annotated[SecretStr, BeforeValidator(_bare)]
Identifier = Annotated[str, BeforeValidator(_identifier)]
WorkflowId = Annotated[str, BeforeValidator(_workflow), WithJsonSchema({"type": ["string", "integer"]})]
LinkOrToken = Annotated[str, BeforeValidator(_link)]
CozeUrl = Annotated[str, AfterValidator(_coze_url)]
FeishuUrl = Annotated[str, AfterValidator(_feishu_url)]
FilledText = Annotated[str, AfterValidator(_filled)]
MaybeText = Annotated[FilledText | None, BeforeValidator(_nothing_if_empty)]
MaybeFolder = Annotated[Annotated[str, AfterValidator(_folder)] | None, BeforeValidator(_nothing_if_empty)]
MaybeIdentifier = Annotated[Identifier | None, BeforeValidator(_nothing_if_empty)]
MaybeSecret = Annotated[BareSecret | None, BeforeValidator(_nothing_if_empty)]
"""An empty string is as good as null: templates are filled in like that."""
Program = Annotated[
    tuple[str, ...],
    BeforeValidator(_program),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 1}),
]
