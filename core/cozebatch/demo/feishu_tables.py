"""The tables of the demo: twenty scripts of five accounts, with their voices and digital humans."""

from __future__ import annotations

from cozebatch.demo.feishu_model import RELATION, SINGLE_SELECT, TEXT, SimColumn, SimTable

CONTENT, ACCOUNTS, VOICES, HUMANS = "tbldemocontent", "tbldemoaccount", "tbldemovoice", "tbldemohuman"
READY, DONE, FAILED = "视频草稿生成", "视频草稿生成完成", "处理失败"

_ACCOUNTS = (
    ("早安小满", "小满聊生活", "zh_female_wanwan", ("DH-1001", "DH-1002")),
    ("老陈说茶", "老陈的茶馆", "zh_male_wennuan", ("DH-2001",)),
    ("职场阿May", "May 的职场课", "zh_female_zhixing", ("DH-3001", "DH-3002", "DH-3003")),
    ("厨房里的阿东", "阿东家常菜", "zh_male_qingliang", ("DH-4001", "DH-4002")),
    ("钱多多理财", "多多的小账本", "zh_female_linjia", ("DH-5001", "DH-5002")),
)

_SCRIPTS = (
    (
        0,
        "早起的人，运气都不会太差",
        "你有没有试过早起半小时？不为加班，只为自己。泡一杯热茶，看一会儿窗外。一天的从容，是从清晨开始的。",
    ),
    (
        1,
        "泡茶总是苦？多半是水温错了",
        "绿茶嫩，八十度的水就够了。乌龙和普洱才要滚水。水温对了，一泡茶就甜了一半。",
    ),
    (
        2,
        "领导说“你看着办”，到底怎么办",
        "这四个字不是放权，是考你的判断。先给两个方案，再说你建议哪个，为什么。让领导做选择题，别让他做问答题。",
    ),
    (
        3,
        "番茄炒蛋，先放番茄还是先放蛋",
        "先炒蛋，盛出来。再炒番茄，炒出汁来再放糖。最后把蛋倒回去翻两下，就是饭店的味道。",
    ),
    (
        4,
        "月薪五千，怎么存下第一个一万",
        "先存后花，发工资当天转走一千。每天记三笔账，只记最大的三笔。十个月，一万块就在那里等你。",
    ),
    (
        0,
        "房间乱的时候，先收拾这一个角落",
        "别想着一次收拾完。先收拾床头那一小块。看到一处整齐了，你自然想收拾下一处。",
    ),
    (
        1,
        "为什么老茶客都用盖碗",
        "盖碗不吸味，什么茶都能泡。出汤快慢全在手上。学会用盖碗，才算真正会泡茶。",
    ),
    (
        2,
        "开会不敢发言？记住这个三句话",
        "第一句，我同意刚才说的哪一点。第二句，我补充一个事实。第三句，我建议下一步做什么。就三句，足够了。",
    ),
    (
        3,
        "鸡胸肉不柴的秘密，只要一勺淀粉",
        "逆着纹路切片，一勺淀粉，半勺油，抓匀放十分钟。大火快炒，变色就出锅。嫩得像豆腐。",
    ),
    (
        4,
        "信用卡最低还款，到底亏在哪",
        "最低还款看着轻松，利息却从消费那天算起。一年下来，相当于多付一成多。能全额，就别只还最低。",
    ),
    (
        0,
        "一个人吃饭，也要好好摆盘",
        "一个人吃饭，更要认真。一只好看的碗，一双干净的筷子。你怎么对待自己，生活就怎么对待你。",
    ),
    (
        1,
        "春天第一杯，喝龙井还是碧螺春",
        "龙井是豆香，碧螺春是花果香。喜欢清爽选龙井，喜欢甜润选碧螺春。没有最好的茶，只有合口的茶。",
    ),
    (
        2,
        "工作三年，才懂得要会拒绝",
        "拒绝不是冷漠，是对自己的时间负责。先说我在忙什么，再说什么时候能帮。说清楚边界，别人反而更尊重你。",
    ),
    (
        3,
        "剩米饭别再炒了，试试这个锅巴",
        "米饭压平，小火慢煎，两面金黄。撒一点孜然和盐。外面脆，里面软，孩子抢着吃。",
    ),
    (
        4,
        "三个账户，管好一家人的钱",
        "一个账户管日常，一个账户管应急，一个账户管将来。钱有了去处，心里就不慌。",
    ),
    (
        0,
        "睡前别刷手机，换成这三件小事",
        "写一句今天的好事。泡五分钟脚。把明天的衣服摆好。手机放远一点，睡眠就近一点。",
    ),
    (
        1,
        "茶垢这样洗，紫砂壶三分钟变亮",
        "别用洗洁精，紫砂会吸味。一勺小苏打，温水泡三分钟。软布一擦，茶垢自己就下来了。",
    ),
    (
        2,
        "简历只改一处，面试多一倍",
        "把“负责”改成“做成了什么”。有数字写数字，有结果写结果。招聘的人，只看前十秒。",
    ),
    (
        3,
        "一锅出的排骨焖饭，懒人必学",
        "排骨焯水，和土豆一起炒香。加生抽、老抽、一点糖。米饭铺上，一键煮饭，开盖就能吃。",
    ),
    (
        4,
        "存钱罐和基金定投，该选哪一个",
        "一年内要用的钱，放存钱罐。三年不用的钱，才考虑定投。先分清钱的期限，再谈收益。",
    ),
)


def demo_tables() -> list[SimTable]:
    """The content table and the three that belong to it. Accounts are named by relation, and once by text."""
    accounts = SimTable(ACCOUNTS, [SimColumn("账号"), SimColumn("名称")], name="账号")
    voices = SimTable(VOICES, [SimColumn("音色ID"), SimColumn("关联账号", RELATION)], name="声音")
    humans = SimTable(HUMANS, [SimColumn("数字人编号"), SimColumn("关联账号", TEXT)], name="数字人")
    content = SimTable(
        CONTENT,
        [
            SimColumn("仿写标题"),
            SimColumn("仿写文案"),
            SimColumn("数字人编号"),
            SimColumn("声音ID"),
            SimColumn("项目名称"),
            SimColumn("关联账号", RELATION),
            SimColumn("模板名称"),
            SimColumn("状态", SINGLE_SELECT, [READY, DONE, FAILED]),
            SimColumn("返回结果"),
        ],
        name="视频任务",
    )
    for number, (account, name, voice, digital_humans) in enumerate(_ACCOUNTS, 1):
        accounts.add(f"recaccount{number}", {"账号": account, "名称": name})
        voices.add(f"recvoice{number}", {"音色ID": voice, "关联账号": {"link_record_ids": [f"recaccount{number}"]}})
        for place, digital_human in enumerate(digital_humans, 1):
            humans.add(f"rechuman{number}{place}", {"数字人编号": digital_human, "关联账号": account})
    for number, (owner, title, script) in enumerate(_SCRIPTS, 1):
        content.add(
            f"recdemo{number:02d}",
            {
                "仿写标题": title,
                "仿写文案": script,
                "关联账号": {"link_record_ids": [f"recaccount{owner + 1}"]},
                "状态": READY,
            },
        )
    return [content, accounts, voices, humans]
