"""Texts of the set-up screen."""

from __future__ import annotations

from cozebatch.model.text import Text

TITLE = Text("设置", "Set up")
PLACE = Text("{number} / {count}   {title}", "{number} / {count}   {title}")
NO_ACCOUNT = Text("没有账号？", "No account yet?")
SEE_DEMO = Text("先看演示", "see the demo")
NEEDED = Text("这一项要填", "needed")
LOOKING = Text("正在检查，不花钱…", "checking, free of charge…")
LOOKS_GOOD = Text("没有问题（没有花钱）", "nothing wrong (nothing was charged)")
NOT_ASKED = Text(
    "没有检查：环境变量里的密钥不会发往 {host}，先在终端里运行一次并确认。",
    "Not checked: no secret from the environment is sent to {host}; run once on a terminal and confirm it.",
)
EXISTS = Text("{path} 已经有了，没有覆盖。", "{path} is there already and was not replaced.")

LANGUAGE = Text("语言", "Language")
ASK_LANGUAGE = Text("界面语言", "Language of all texts")
ZH, EN = Text.same("中文"), Text.same("English")

COZE = Text("Coze 工作流", "Coze workflow")
COZE_SHORT = Text.same("Coze")
WORKFLOW = Text("工作流链接或 ID", "Workflow: its address or id")
WORKFLOW_HINT = Text(
    "在扣子打开工作流，复制浏览器地址栏里的链接", "open the workflow in Coze and copy the address of the page"
)
TOKEN = Text("个人访问令牌", "Access token")
TOKEN_HINT = Text(
    "扣子“API 管理 → 授权 → 个人访问令牌”；留空就用环境变量 COZE_API_TOKEN",
    "Coze's personal access token; empty: the environment variable COZE_API_TOKEN",
)

SOURCE = Text("任务从哪来", "Where tasks come from")
SOURCE_SHORT = Text("任务", "Tasks")
ASK_SOURCE = Text("任务在哪里", "The tasks are in")
FEISHU = Text("飞书多维表格", "a Feishu Base")
FILE = Text("本地文件（.xlsx .csv .json .jsonl）", "a local file (.xlsx .csv .json .jsonl)")
APP_ID, APP_SECRET = Text("飞书应用 App ID", "Feishu App ID"), Text("飞书应用 App Secret", "Feishu App Secret")
APP_HINT = Text("飞书开发者后台 → 凭证与基础信息", "developer console → Credentials & Basic Info")
SECRET_HINT = Text("留空就用环境变量 FEISHU_APP_SECRET", "empty: the environment variable FEISHU_APP_SECRET")
BASE = Text("多维表格链接", "Address of the Base")
BASE_HINT = Text("打开任务所在的数据表，复制链接", "open the table of the tasks and copy its address")
TABLE = Text("数据表的 table_id", "table_id of the task table")
TASKS_FILE = Text("任务文件", "Task file")
NO_FILE = Text("没有这个文件", "there is no such file")
WRONG_KIND = Text("要 .xlsx、.csv、.json 或 .jsonl 文件", "should be an .xlsx, .csv, .json or .jsonl file")

FILMS = Text("做什么，放哪里", "What is made, and where it goes")
FILMS_SHORT = Text("成品", "Films")
ASK_MODE = Text("做成", "Make")
MODES = {
    "video": Text("MP4 成片", "MP4 films"),
    "draft": Text("剪映草稿", "JianYing drafts"),
    "both": Text("草稿和成片", "both"),
    "none": Text("不合成，只要 Coze 的结果", "nothing: only Coze's results"),
}
OUTPUT = Text("成片文件夹", "Folder of the films")
DRAFTS = Text("剪映草稿文件夹", "JianYing's draft folder")
DRAFTS_HINT = Text("剪映“设置 → 草稿位置”", "JianYing's settings say where its drafts lie")

CHECK = Text("检查", "Check")
WILL_WRITE = Text(
    "回车：写入 {path}，然后看要花多少钱。现在还不会花钱。",
    "Enter writes {path} and then shows the costs. Nothing is charged yet.",
)
NEXT_TIME = Text("下次这样启动：cozebatch-tui --tasks {path}", "Next time start with: cozebatch-tui --tasks {path}")
