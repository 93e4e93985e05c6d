"""What Coze's error codes and HTTP statuses mean for a batch, as one table.

Sources: Coze's open API documentation (error codes of the workflow interfaces) and its SDK. A row is all it takes
to teach the program another code; whether something is tried again follows from the category, in `retry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cozebatch.model.errors import HINTS, Category, Scope
from cozebatch.model.text import NOTHING, Text


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code: its category, what it says, and what a person can do about it. `scope` is `batch` where the
    configuration or the account is wrong, so that no row is to blame."""

    category: Category
    text: Text
    hint: Text = NOTHING
    scope: Scope = "task"

    def __post_init__(self) -> None:
        if not self.hint:
            object.__setattr__(self, "hint", HINTS[self.category])
        if self.category in (Category.AUTH, Category.QUOTA):
            object.__setattr__(self, "scope", "batch")


NO_SUCH_EXECUTION = 4314
NO_PERMISSION = 4101
CANCELLED_BY_A_PERSON = 777777777
"""What Coze Studio writes as `error_code` of an execution that a person cancelled (docs/coze.md)."""

CODES: Mapping[int, Meaning] = MappingProxyType(
    {
        4009: Meaning(Category.THROTTLED, Text("扣子系统繁忙", "Coze is busy")),
        4020: Meaning(Category.THROTTLED, Text("超过每分钟调用次数（RPM）", "More calls a minute than allowed (RPM)")),
        5000: Meaning(Category.SERVER, Text("扣子内部错误", "An internal error of Coze")),
        4013: Meaning(
            Category.SERVER,
            Text("模型调用出错", "The model reported an error"),
            Text(
                "模型服务暂时出错，稍后重试；持续出现请在工作流中换一个模型。",
                "The model had a passing fault; try later. If it stays, choose another model in the workflow.",
            ),
        ),
        720701001: Meaning(
            Category.SERVER,
            Text("插件调用失败或超时", "A plug-in failed or took too long"),
            Text(
                "插件服务暂时没有响应，稍后重试；持续出现请检查工作流里的插件节点。",
                "A plug-in did not respond; try later. If it stays, check the plug-in nodes of the workflow.",
            ),
        ),
        720701002: Meaning(
            Category.SERVER,
            Text("插件调用超时", "A plug-in took too long"),
            Text(
                "插件服务暂时没有响应，稍后重试；持续出现请检查工作流里的插件节点。",
                "A plug-in did not respond; try later. If it stays, check the plug-in nodes of the workflow.",
            ),
        ),
        4102: Meaning(
            Category.SERVER,
            Text("触发风控", "Stopped by Coze's risk control"),
            Text(
                "扣子风控拦截了这次调用，稍后重试；持续出现就把 logid 发给扣子客服。",
                "Coze's risk control stopped this call; try later. If it stays, give Coze support the logid.",
            ),
        ),
        4100: Meaning(
            Category.AUTH,
            Text("扣子令牌无效或已过期", "The Coze token is invalid or has expired"),
            Text(
                "到扣子“API 管理 → 授权 → 个人访问令牌”新建令牌。写入 COZE_API_TOKEN 或 coze_config.token，再跑一次。"
                "api.coze.cn 和 api.coze.com 的令牌不通用。",
                "Make a new token in Coze. Put it into COZE_API_TOKEN or coze_config.token, then run again. Tokens "
                "of api.coze.cn and api.coze.com are not interchangeable.",
            ),
        ),
        700012006: Meaning(
            Category.AUTH,
            Text("扣子令牌无效", "The Coze credentials are invalid"),
            Text(
                "检查令牌是否完整、过期或被删除，改好再跑一次。",
                "Check that the token is complete, not expired and not deleted, then run again.",
            ),
        ),
        NO_PERMISSION: Meaning(
            Category.AUTH,
            Text("扣子不允许这个令牌做这件事", "Coze does not let this token do that"),
            Text(
                "请先看扣子的原话。令牌不对，或是另一站点的（api.coze.cn 与 api.coze.com 不通用）：换成本站点的令牌。"
                "缺权限：勾选 run、listRunHistory 和 getMetaData，并选上工作流所在的工作空间。",
                "Read Coze's own words first. A wrong token, or one of the other site (api.coze.cn, api.coze.com): "
                "use one of this site. A missing permission: tick 'run', 'listRunHistory' and 'getMetaData', and the "
                "workflow's workspace.",
            ),
        ),
        4008: Meaning(
            Category.QUOTA,
            Text("今日调用次数已用完", "Today's calls are used up"),
            Text(
                "今天的额度已用完：明天再跑一次，或升级套餐。",
                "Today's quota is used up: run the same command tomorrow, or take a larger plan.",
            ),
        ),
        4011: Meaning(
            Category.QUOTA,
            Text("扣子余额不足", "The Coze balance is too low"),
            Text("给扣子账号充值，再跑一次。", "Top up the Coze account, then run the same command again."),
        ),
        4019: Meaning(
            Category.QUOTA,
            Text("扣子资源点或余额不足", "The Coze credits are used up"),
            Text(
                "给扣子账号充值或购买资源点，再跑一次。",
                "Top up the Coze account or buy credits, then run the same command again.",
            ),
        ),
        4022: Meaning(
            Category.QUOTA,
            Text("扣子余额不足", "The Coze balance is too low"),
            Text("给扣子账号充值，再跑一次。", "Top up the Coze account, then run the same command again."),
        ),
        4000: Meaning(Category.INVALID_REQUEST, Text("请求参数错误", "The request has wrong parameters")),
        4010: Meaning(
            Category.INVALID_REQUEST,
            Text("输入太长", "The input is too long"),
            Text("缩短这条文案，再跑一次。", "Shorten the script, then run the task again."),
        ),
        4012: Meaning(
            Category.INVALID_REQUEST,
            Text("工作流里的模型不可用", "A model of the workflow is not valid"),
            Text("请在工作流中换一个模型。", "Choose another model in the workflow."),
            scope="batch",
        ),
        4015: Meaning(
            Category.INVALID_REQUEST,
            Text("没有发布为 API", "It is not published to the API"),
            Text("请在扣子中把它发布为 API。", "Publish it as an API in Coze."),
            scope="batch",
        ),
        4200: Meaning(
            Category.INVALID_REQUEST,
            Text("找不到工作流，或它没有发布", "There is no such workflow, or it is not published"),
            Text(
                "请依次检查：base_url 的站点（api.coze.cn 或 api.coze.com）与令牌、工作流链接是否同一个站点；"
                "工作流是否已发布；workflow_id 是否正确。",
                "Check in this order: base_url (api.coze.cn or api.coze.com) is the site of token and workflow; the "
                "workflow is published; workflow_id is right.",
            ),
            scope="batch",
        ),
        6003: Meaning(
            Category.INVALID_REQUEST,
            Text("当前扣子套餐不支持异步执行", "This Coze plan does not allow asynchronous runs"),
            Text(
                "异步执行需要付费套餐：请升级扣子套餐。",
                "Asynchronous runs need a paid plan: change the Coze plan.",
            ),
            scope="batch",
        ),
        6031: Meaning(
            Category.INVALID_REQUEST,
            Text("工作流没有发布", "The workflow is not published"),
            Text("请在扣子中发布该工作流。", "Publish the workflow in Coze."),
            scope="batch",
        ),
        720702002: Meaning(
            Category.INVALID_REQUEST,
            Text("缺少工作流必需的参数", "A parameter that the workflow requires is missing"),
            Text(
                "请检查 parameters 的对应关系，以及这个任务里对应的内容是否为空。",
                "Check the 'parameters' mapping, and whether the task has nothing for that input.",
            ),
        ),
        720702004: Meaning(
            Category.INVALID_REQUEST,
            Text("找不到工作流要用的内容", "Something that the workflow uses does not exist"),
            Text(
                "工作流或它用到的插件、子工作流可能已被删除：在扣子里打开工作流试一次，改好后重新发布。",
                "The workflow, or a plug-in or workflow that it uses, may have been deleted: test it in Coze, mend it "
                "and publish it again.",
            ),
            scope="batch",
        ),
        720702011: Meaning(
            Category.INVALID_REQUEST,
            Text("工作流没有发布", "The workflow is not published"),
            Text(
                "在扣子里发布工作流和它用到的子工作流，再跑一次。",
                "Publish the workflow, and the workflows that it uses, in Coze; then run the same command again.",
            ),
            scope="batch",
        ),
        4105: Meaning(Category.CONTENT_REJECTED, Text("文案含敏感内容", "The text holds sensitive content")),
        4014: Meaning(
            Category.CONTENT_REJECTED,
            Text("模型处理不了这段文案", "The model cannot process this text"),
            Text("请修改文案后再跑。", "Change the script and run it again."),
        ),
        CANCELLED_BY_A_PERSON: Meaning(
            Category.WORKFLOW_INTERRUPTED,
            Text("这次执行在扣子里被取消了", "The execution was cancelled in Coze"),
            Text("需要的话，付费重做这个任务。", "Run the task again (paid) if it is still wanted."),
        ),
        NO_SUCH_EXECUTION: Meaning(
            Category.EXECUTION_LOST, Text("扣子没有这次执行的记录", "Coze has no record of this execution")
        ),
    }
)
"""Coze's codes, as answered in `code` and in the `error_code` of a failed execution."""

STATUSES: Mapping[int, Category] = MappingProxyType(
    {
        401: Category.AUTH,
        402: Category.QUOTA,
        403: Category.AUTH,
        407: Category.NETWORK,
        408: Category.SERVER,
        425: Category.SERVER,
        429: Category.THROTTLED,
    }
)
"""HTTP statuses with a meaning of their own, where the body has no code that we know."""

_NOT_COZE = frozenset({Category.INVALID_REQUEST, Category.AUTH, Category.QUOTA})

REFUSING_STATUSES = frozenset({*range(400, 500), 500, 502, 503})
"""Statuses that say that a submission was not taken (docs/contract.md §5).

504 is not among them: a gateway gave up waiting, and Coze may have taken it.
"""


def category_of_status(status: int) -> Category:
    """The category of an HTTP status that is no success."""
    if status in STATUSES:
        return STATUSES[status]
    return Category.INVALID_REQUEST if 300 <= status < 500 else Category.SERVER


def category_of(status: int, code: int | None) -> Category:
    """The category of an answer that is a refusal: by its code where the table has it, else by the HTTP status.

    HTTP 429 is over a limit whatever the code says (docs/contract.md §4).
    """
    meaning = CODES.get(code) if code is not None else None
    if status == 429 or meaning is None:
        return category_of_status(status)
    return meaning.category


def scope_of(status: int, code: int | None) -> Scope:
    """Whether every task would be refused likewise: by the code where the table has it. An answer without one of
    Coze's codes, with a status that says the request is wrong, does not come from Coze's interface at all."""
    if code is not None:
        meaning = CODES.get(code)
        return meaning.scope if meaning else "task"
    return "batch" if category_of_status(status) in _NOT_COZE else "task"
