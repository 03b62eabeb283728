"""The playground in a real browser: opened as a file, cut off from all networks.

Set D2L_RNN_SCREENSHOTS to a folder to keep pictures of it in four widths, light and
dark, in both languages.
"""

import json
import os
import re
from pathlib import Path

import pytest

from d2l_rnn import corpora, saving
from d2l_rnn.web import PLAYGROUND

pytestmark = pytest.mark.browser

STORY = corpora.STORY_PATH.read_text(encoding="utf-8")
SCREENSHOTS = os.environ.get("D2L_RNN_SCREENSHOTS")
SHORT = "#epochs=5"  # runs that end at once
STATE = """() => {
    const { session, values } = d2lPlayground, { store } = session;
    const current = session.runs.find(({ id }) => id === store.get('current'));
    return { values, state: current?.state ?? null, asked: current?.values ?? null,
        refused: store.get('refused'), trouble: store.get('trouble'),
        texts: store.get('texts'), labels: store.get('runs').map(({ label }) => label),
        hash: location.hash };
}"""


class Playground:
    """The page, in a browser of its own, and what its console has said."""

    def __init__(self, browser, hash="", init=None, **how):
        self.context = browser.new_context(
            **{"viewport": {"width": 1366, "height": 900}, "locale": "en-GB", **how}
        )
        self.context.set_offline(True)
        self.page, self.complaints = self.context.new_page(), []
        self.page.on("console", lambda told: self.complaints.append(told.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        if init:
            self.page.add_init_script(init)
        self.page.goto(PLAYGROUND.as_uri() + hash)

    def told(self) -> dict:
        return self.page.evaluate(STATE)

    def until(self, is_so, seconds=20):
        """Wait until what the page tells is so; returns it."""
        for _ in range(int(seconds * 20)):
            told = self.told()
            if is_so(told):
                return told
            self.page.wait_for_timeout(50)
        raise TimeoutError(f"not so after {seconds} s: {json.dumps(told)[:600]}")

    def ends(self, seconds=20):
        """Wait until the last setting asked for is shown, and learned."""
        return self.until(has_ended, seconds)

    def slider(self, label):
        return self.page.get_by_role("slider", name=label, exact=True)

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def give(self, text: str | bytes, name="own.txt"):
        """A text of the reader's own, from a file."""
        contents = text if isinstance(text, bytes) else text.encode()
        self.page.locator(".d2l-own input[type=file]").set_input_files(
            {"name": name, "mimeType": "text/plain", "buffer": contents}
        )


def has_ended(told):
    asked, state = told["asked"], told["state"]
    settings = [
        name for name in told["values"] if name not in ("begins", "temperature")
    ]
    return (
        bool(state)
        and all(asked[name] == told["values"][name] for name in settings)
        and not state["isRunning"]
        and (state["numEpochs"] >= told["values"]["epochs"] or state["hasDiverged"])
        and bool(told["texts"])
    )


@pytest.fixture
def open_page(browser):
    opened = []

    def open_it(hash=SHORT, **how):
        opened.append(Playground(browser, hash, **how))
        return opened[-1]

    yield open_it
    for each in opened:
        each.context.close()
        assert each.complaints == []


# ---- it opens and learns ----


def test_it_opens_by_itself_and_learns(open_page):
    playground = open_page("")
    told = playground.ends()
    assert told["state"]["numEpochs"] == 100
    readout = playground.page.locator(".d2l-readout").inner_text()
    assert re.search(
        r"epoch 100 of 100 · perplexity \d\.\d+ \(held out \d\.\d+\)", readout
    )
    assert told["texts"][0]["greedy"].startswith("time traveller ")
    assert playground.page.locator(".d2l-figure canvas").count() == 3
    assert (
        playground.page.evaluate("document.title") == "An RNN that learns in this page"
    )


@pytest.mark.parametrize(
    "hash, locale, words",
    [
        ("", "en-GB", "This browser has no WebAssembly with SIMD"),
        ("", "zh-CN", "这个浏览器没有带 SIMD 的 WebAssembly"),
        ("#lang=zh", "en-GB", "这个浏览器没有带 SIMD 的 WebAssembly"),
    ],
)
def test_a_browser_without_simd_is_told(open_page, hash, locale, words):
    off = "WebAssembly.validate = () => false"
    playground = open_page(hash, init=off, locale=locale)
    playground.page.get_by_text(words).wait_for()


# What is written beyond the right edge of a canvas.
CUT_OFF = """window.cutOff = [];
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (words, x, y) {
    const end = this.textAlign === 'left' ? x + this.measureText(words).width : x;
    const isTurned = this.getTransform().b !== 0;
    if (!isTurned && end > this.canvas.width) cutOff.push(words);
    write.call(this, words, x, y);
};"""


@pytest.mark.parametrize("width", [360, 1366])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_names_beside_the_curves_are_whole(open_page, language, width):
    size = {"width": width, "height": 900}
    playground = open_page(f"#epochs=5&lang={language}", init=CUT_OFF, viewport=size)
    playground.ends()
    names = (
        "d2lPlayground.view.describe(null).plots[0].levels.map(({ label }) => label)"
    )
    playground.page.wait_for_function(f"() => {names}.length === 3")
    playground.page.wait_for_timeout(200)
    assert playground.page.evaluate("cutOff") == []


# ---- every control ----


def test_every_slider_by_keyboard(open_page):
    playground = open_page()
    playground.ends()
    playground.page.locator("summary", has_text="more settings").press("Enter")
    sliders = playground.page.locator(".d2l-left input[type=range]")
    assert sliders.count() == 7
    for i in range(sliders.count()):
        before = playground.told()
        is_first = sliders.nth(i).input_value() == "0"
        sliders.nth(i).press("ArrowRight" if is_first else "ArrowLeft")
        told = playground.ends()
        changed = [k for k, v in told["values"].items() if v != before["values"][k]]
        assert len(changed) == 1
        assert sliders.nth(i).get_attribute("aria-valuetext") == str(
            told["values"][changed[0]]
        )
        name = f"{changed[0]}="
        playground.until(lambda told, name=name: name in told["hash"])


def test_every_button_by_keyboard(open_page):
    playground = open_page("#epochs=500&H=128")
    playground.until(lambda told: told["state"] and told["state"]["numEpochs"] > 2)
    playground.button("pause").press("Enter")
    paused = playground.until(lambda told: told["state"]["isPaused"])["state"]
    playground.button("one minibatch").press("Enter")
    playground.until(lambda told: told["state"]["at"] != paused["at"])
    playground.button("one epoch").press("Enter")
    playground.until(
        lambda told: (
            told["state"]["at"] == 0
            and told["state"]["numEpochs"] > paused["numEpochs"]
        )
    )
    playground.button("go on").press("Enter")
    playground.until(lambda told: told["state"]["isRunning"])
    playground.button("start again").press("Enter")
    playground.until(lambda told: told["state"] and told["state"]["numEpochs"] < 3)
    playground.page.get_by_role("button", name="keep this curve").or_(
        playground.page.locator(".d2l-icon").first
    ).first.press("Enter")
    playground.slider("theta (clipping)").press("ArrowRight")
    playground.until(lambda told: len(told["labels"]) == 2)
    playground.button("clear").press("Enter")
    assert playground.until(lambda told: len(told["labels"]) == 1)["labels"] == [
        "theta 1"
    ]


def test_choices_texts_and_what_it_writes_by_keyboard(open_page):
    playground = open_page()
    playground.ends()
    playground.button("中文故事").press("Enter")
    told = playground.ends()
    assert told["values"]["text"] == "chinese"
    assert told["texts"][0]["greedy"].startswith("时间旅人")
    playground.page.get_by_role("textbox", name="begins with").fill("小麦")
    playground.until(lambda told: told["texts"][0]["greedy"].startswith("小麦"))
    drawn = playground.told()["texts"][0]["drawn"]
    playground.button("draw again").press("Enter")
    drawn = playground.until(lambda told: told["texts"][0]["drawn"] != drawn)
    playground.slider("temperature").press("Home")
    playground.until(
        lambda told: told["texts"][0]["drawn"] != drawn["texts"][0]["drawn"]
    )
    playground.page.locator("summary", has_text="more settings").press("Enter")
    playground.button("random").press("Enter")
    assert playground.ends()["values"]["sampling"] == "random"


def test_what_it_remembers_by_keyboard_and_by_pointer(open_page):
    playground = open_page("#epochs=100")
    playground.ends()
    strips = playground.page.get_by_role("application", name="hidden units")
    for _ in range(3):
        strips.press("ArrowRight")
    strips.press("ArrowDown")
    readout = playground.page.locator(".d2l-next")
    coloured = playground.page.locator(".d2l-coloured")
    coloured.filter(has_text="coloured by unit 1").wait_for()
    assert re.search("after “.{3}”: ", readout.inner_text())
    assert readout.locator(".d2l-chance").count() == 5
    colours = coloured.locator("span").evaluate_all(
        "all => new Set(all.map(each => each.style.background)).size"
    )
    assert colours > 20
    playground.page.locator(".d2l-strips canvas").click(position={"x": 70, "y": 30})
    coloured.filter(has_text="coloured by unit 3").wait_for()
    assert re.search("after “.{6}”: ", readout.inner_text())
    assert re.search(r"unit 3: [+−][01]\.\d\d", readout.inner_text())
    assert "A row is a hidden unit (24 of 64)" in memory_of(playground)


def memory_of(playground):
    return playground.page.locator(".d2l-memory").inner_text()


def test_what_is_chosen_fits_a_smaller_network_and_a_shorter_text(open_page):
    playground = open_page()
    playground.ends()
    strips = playground.page.locator(".d2l-strips")
    for key in ["ArrowRight"] * 119 + ["ArrowDown"] * 20:
        strips.press(key)
    playground.slider("hidden units H").press("Home")
    playground.ends()
    coloured = playground.page.locator(".d2l-coloured", has_text="coloured by unit 8:")
    coloured.wait_for()
    assert "(8 of 8)" in memory_of(playground)
    playground.button("my own").press("Enter")
    playground.give("ab cd ef gh " * 9)  # 108 characters
    coloured = playground.page.locator(".d2l-coloured", has_text="ab cd ef gh")
    coloured.wait_for()
    assert "after “" in playground.page.locator(".d2l-next").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_coloured_text_can_be_read(scheme, open_page):
    """WCAG AA: a contrast of 4.5, where the units are at their ends."""
    playground = open_page("#epochs=30&theta=off&lr=10", color_scheme=scheme)
    playground.ends()
    strips = playground.page.locator(".d2l-strips")
    for key in ("ArrowRight", "ArrowDown"):
        strips.press(key)
    playground.page.wait_for_timeout(200)
    coloured = playground.page.locator(".d2l-coloured")
    pairs = coloured.locator("span").evaluate_all(
        "all => all.map(each => [getComputedStyle(each).color,"
        " getComputedStyle(each).backgroundColor])"
    )
    colours = [[luminance(each) for each in pair] for pair in pairs]
    ratios = [(max(pair) + 0.05) / (min(pair) + 0.05) for pair in colours]
    assert len({tuple(pair) for pair in pairs}) > 1 and min(ratios) >= 4.5


def luminance(colour):
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [((x + 0.055) / 1.055) ** 2.4 if x > 0.04 else x / 12.92 for x in parts]
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_phone_by_touch(open_page):
    playground = open_page(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True,
        device_scale_factor=3,
    )  # fmt: skip
    playground.ends()
    page = playground.page
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    small = page.locator(".d2l-left button, .d2l-left input, header button")
    for each in small.all():
        box = each.bounding_box()
        assert not each.is_visible() or box["height"] >= 44, each.inner_text()
    for label in ("theta (clipping)", "hidden units H", "learning rate"):
        before, box = (
            playground.told()["values"],
            playground.slider(label).bounding_box(),
        )
        page.touchscreen.tap(
            box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2
        )
        playground.until(lambda told, before=before: told["values"] != before)
    playground.ends()
    for button in ("one minibatch", "one epoch", "start again", "中文故事"):
        playground.button(button).tap()
    assert playground.until(has_ended)["values"]["text"] == "chinese"
    playground.page.locator(".d2l-strips canvas").tap(position={"x": 50, "y": 20})
    page.locator(".d2l-coloured", has_text="coloured by unit 2").wait_for()
    assert "着色" not in page.locator(".d2l-coloured").inner_text()


# ---- texts ----

HTML = "<script>hacked = 1</script><img src=x onerror='hacked = 1'>&amp;&lt;b&gt; " * 60
TEXTS = {
    "Chinese": "我在河边读书，风把书页一张一张地翻过去。\n" * 60,
    "emoji": "😀👩‍🚀🎈❤️" * 400,
    "one letter": "a" * 3000,
    "a megabyte": (STORY * 30)[:1_000_000],
    "a line": STORY.replace("\n", " ")[:30_000] + "x" * 20_000,
    "HTML": HTML,
    "controls": "".join(chr(i) for i in range(1, 300)) * 10,
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_of_one_s_own(name, open_page):
    playground = open_page()
    playground.ends()
    playground.button("my own").press("Enter")
    playground.give(TEXTS[name])
    playground.until(lambda told: told["values"]["text"] == "own")
    told = playground.ends()
    assert told["refused"] == "" and told["texts"][0]["drawn"]
    playground.page.get_by_role("textbox", name="begins with").fill(TEXTS[name][:9])
    playground.page.locator(".d2l-strips").press("ArrowRight")
    playground.page.wait_for_timeout(300)
    assert playground.page.evaluate("typeof hacked") == "undefined"
    assert playground.page.locator("main script, main img").count() == 0


def test_a_text_that_is_pasted_or_dropped(open_page):
    playground = open_page()
    playground.ends()
    playground.button("my own").press("Enter")
    box = playground.page.get_by_role("textbox", name="my own text")
    box.fill("pasted by hand, some words. " * 20)
    playground.until(lambda told: len(told["labels"]) == 2)
    playground.ends()
    drop = """text => {
        const dataTransfer = new DataTransfer();
        dataTransfer.setData('text/plain', text);
        document.body.dispatchEvent(
            new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }"""
    playground.page.evaluate(drop, "dropped from elsewhere. " * 20)
    own = ["own text, 560 characters", "own text, 480 characters"]
    playground.until(lambda told: told["labels"][1:] == own)
    assert (
        "“dropped from elsewhere." in playground.page.locator(".d2l-own").inner_text()
    )


@pytest.mark.parametrize(
    "text, words",
    [
        ("too short", "the text has 9 characters, and 100 are the least"),
        ("x" * 1_000_001, "a text of at most 1 MB, please: own.txt has 1.0 MB"),
        (b"\xff\xfe\x00t\x00e", "own.txt is not a text in UTF-8"),
    ],
)
def test_a_text_that_cannot_be_learned_is_refused_in_words(text, words, open_page):
    playground = open_page()
    playground.ends()
    playground.button("my own").press("Enter")
    playground.give(text)
    told = playground.until(lambda told: told["refused"])
    assert told["refused"].startswith(words)
    if words.startswith("the text"):  # it is told beside the box as well
        assert words in playground.page.locator(".d2l-own").inner_text()
    playground.give("long enough to be learned from, at last. " * 9)
    playground.until(lambda told: told["values"]["text"] == "own" and has_ended(told))
    playground.give("too short again")
    playground.until(lambda told: told["refused"].startswith("the text has 15"))
    playground.slider("theta (clipping)").press(
        "ArrowRight"
    )  # the text before it stays
    told = playground.ends()
    assert (told["values"]["text"], told["values"]["theta"]) == ("own", 2)
    playground.button("the story").press("Enter")
    assert playground.ends()["refused"] == ""


# ---- links ----


def test_a_link_opens_on_its_state_in_a_fresh_browser(open_page):
    first = open_page()
    first.slider("hidden units H").press("ArrowRight")
    first.slider("theta (clipping)").press("End")
    first.button("中文故事").press("Enter")
    first.page.get_by_role("textbox", name="begins with").fill("旅人 & #1")
    told = first.until(lambda told: "begins=" in told["hash"])
    second = open_page(told["hash"])
    there = second.ends()
    assert there["values"] == told["values"]
    assert there["values"]["theta"] == "off" and there["values"]["H"] == 128
    assert second.slider("theta (clipping)").get_attribute("aria-valuetext") == "off"


def test_a_link_hides_what_is_not_the_lesson(open_page):
    playground = open_page("#epochs=5&hide=lr,H,walk,memory,own,text,seed")
    playground.ends()
    assert playground.slider("theta (clipping)").is_visible()
    for label in ("learning rate", "hidden units H", "seed"):
        assert not playground.slider(label).is_visible()
    assert not playground.page.locator(".d2l-strips").is_visible()
    assert not playground.button("a walk in five steps").is_visible()
    playground.slider("theta (clipping)").press("ArrowLeft")
    playground.until(lambda told: "hide=lr,H,walk" in told["hash"])


@pytest.mark.parametrize(
    "hash, words",
    [
        ("#theta=0.3&epochs=5", "theta=0.3 became 0.2"),
        ("#H=banana&epochs=5", "H=banana became 64"),
        ("#text=own&epochs=5", "a link holds no text of one’s own"),
        ("#momentum=1&epochs=5", "there is no “momentum” to set"),
        ("#%E0%A4%A=<b>&epochs=5", "there is no “%E0%A4%A” to set"),
    ],
)
def test_a_damaged_link_is_put_right_and_this_is_said(hash, words, open_page):
    playground = open_page(hash)
    playground.ends()
    assert words in playground.page.locator(".d2l-note[role=status]").inner_text()


DAMAGED = [
    "#theta", "#theta=", "#=1", "#&&&", "#theta=%", "#theta=%E0%A4%A", "#H=64&H=9e99",
    "#T=NaN&B=-0", "##theta=2", "#lr=1,5", "#<script>alert(1)</script>",
    "#begins=<img src=x onerror=alert(1)>", f"#begins={'x' * 10_000}", "#hide=,,,",
    "#hide=theta,theta", "#text=own", "#text=%00", "#lang=%F0%9F%98%80",
    "#seed=1e-300", "#temperature=0",
]  # fmt: skip


def test_twenty_damaged_links_open_on_a_sound_state(open_page):
    assert len(DAMAGED) == 20
    playground = open_page()
    for i, hash in enumerate(DAMAGED):
        # The number of epochs says which of the links has been opened.
        playground.page.evaluate(
            "hash => { location.hash = hash }", f"{hash}&epochs={i + 1}&H=8"
        )
        told = playground.until(lambda told, i=i: told["values"]["epochs"] == i + 1)
        playground.ends()
        assert playground.page.evaluate("typeof hacked") == "undefined"
        assert set(told["values"]) == set(playground.told()["values"])


def test_an_address_that_changes_is_followed(open_page):
    playground = open_page()
    playground.ends()
    playground.page.evaluate("location.hash = '#theta=5&epochs=3'")
    told = playground.until(lambda told: told["values"]["theta"] == 5)
    assert playground.ends()["values"]["epochs"] == 3
    assert len(told["labels"]) == 2  # the curve that was there stays


# ---- the way back, the languages, the walk ----


def test_a_model_is_saved_and_opened_again(open_page, tmp_path):
    playground = open_page("#epochs=3&H=16&theta=0.5")
    playground.ends()
    save = "save this run's model as a file, with its vocabulary, setting and curve"
    with playground.page.expect_download() as saved:
        playground.page.get_by_title(save).click()
    assert saved.value.suggested_filename == "rnn-theta0.5-H16-lr1-epoch3.safetensors"
    path = tmp_path / "page.safetensors"
    saved.value.save_as(path)
    model = saving.load(path)
    assert (model.setting.theta, len(model.history)) == (0.5, 3)
    playground.slider("hidden units H").press("ArrowRight")
    playground.ends()
    playground.button("clear").click()
    strips = playground.page.locator(".d2l-strips")
    strips.wait_for(state="hidden", timeout=1000)  # in the page's next turn
    playground.slider("hidden units H").press("ArrowRight")
    playground.ends()
    playground.page.locator("input[accept='.safetensors']").set_input_files(path)
    told = playground.until(lambda told: told["values"]["H"] == 16)  # as the file says
    assert playground.slider("hidden units H").get_attribute("aria-valuetext") == "16"
    told = playground.until(lambda told: len(told["labels"]) == 2)
    assert told["labels"][1].endswith("page.safetensors")
    playground.until(lambda told: told["state"] and told["state"]["numEpochs"] == 3)
    assert "epoch 3 of 3" in playground.page.locator(".d2l-readout").inner_text()
    playground.button("one epoch").click()
    playground.until(lambda told: told["state"]["numEpochs"] == 4)
    playground.page.locator("input[accept='.safetensors']").set_input_files(
        {"name": "odd.safetensors", "mimeType": "", "buffer": b"no model"}
    )
    told = playground.until(lambda told: told["refused"])
    words = "odd.safetensors cannot be opened: it is not a file of safetensors"
    assert told["refused"] == words


def test_the_code_opens_the_same_setting_in_a_notebook(open_page):
    playground = open_page("#epochs=5&theta=0.5&H=16&text=story")
    playground.ends()
    playground.page.locator("summary", has_text="in a notebook").click()
    code = playground.page.locator("details code").inner_text()
    from d2l_rnn import explorers

    panel = eval(code, {"explorers": explorers})
    try:
        values = panel.values
        assert (values["theta"], values["num_hiddens"], values["num_epochs"]) == (
            0.5,
            16,
            5,
        )
        assert values["text"] == "story" and values["held_out"] is True
    finally:
        panel.close()


def test_both_languages(open_page):
    playground = open_page(SHORT, locale="zh-CN")
    playground.ends()
    page = playground.page
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert page.get_by_role("slider", name="学习率").is_visible()
    playground.button("English").press("Enter")
    assert page.evaluate("document.documentElement.lang") == "en-GB"
    assert playground.slider("learning rate").is_visible()
    told = playground.until(lambda told: "lang=en" in told["hash"])
    assert has_ended(told) and len(told["labels"]) == 1  # nothing is trained again


def test_another_language_changes_nothing_but_the_words(open_page):
    playground = open_page()
    playground.ends()
    page = playground.page
    playground.button("my own").press("Enter")
    box = page.get_by_role("textbox", name="my own text")
    box.fill("some words of mine. " * 20)
    playground.until(lambda told: len(told["labels"]) == 2)
    page.locator("summary", has_text="more settings").press("Enter")
    playground.button("a walk in five steps").press("Enter")
    playground.button("near 1").press("Enter")
    playground.button("中文").press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "English"
    assert "答案是“接近 28”。" in page.locator(".d2l-walk").inner_text()
    assert playground.button("下一步").is_visible()
    assert playground.slider("随机种子").is_visible()  # one of more settings
    playground.button("我的文本").press("Enter")
    assert "some words" in page.get_by_role("textbox", name="我的文本").input_value()
    assert "400 个字符" in page.locator(".d2l-own").inner_text()


def test_the_walk_gives_no_answer_away_and_keeps_the_focus(open_page):
    playground = open_page()
    playground.ends()
    focused = "document.activeElement.textContent"
    playground.button("a walk in five steps").press("Enter")
    told = playground.told()
    assert told["state"] is None and told["texts"] == []  # no curve is shown
    assert playground.page.evaluate(focused) == "near 1"
    group = playground.page.locator(".d2l-answers")
    names = group.get_attribute("aria-labelledby").split()
    words = [playground.page.locator(f"#{name}").inner_text() for name in names]
    assert words[0].startswith("A perplexity") and words[1].startswith("Which")
    playground.button("leave the walk").press("Enter")
    assert playground.page.evaluate(focused) == "a walk in five steps"
    playground.ends()  # and the curve is there again
    playground.button("a walk in five steps").press("Enter")
    playground.button("near 28").press("Enter")
    assert playground.ends()["values"]["epochs"] == 1
    playground.button("leave the walk").press("Enter")
    assert playground.ends()["values"]["epochs"] == 5  # as before


def test_a_control_has_its_hint(open_page):
    playground = open_page()
    playground.ends()
    theta = playground.slider("theta (clipping)")
    hint = playground.page.locator(f"#{theta.get_attribute('aria-describedby')}")
    assert hint.is_visible()
    assert hint.inner_text() == "a longer gradient is cut to this length"


def test_a_phone_shows_slider_hint_and_curve_at_once(open_page):
    size = {"width": 360, "height": 740}
    playground = open_page(viewport=size, has_touch=True, is_mobile=True)
    playground.ends()
    page = playground.page
    playground.slider("learning rate").tap()
    assert page.locator(".d2l-asked").inner_text().startswith("learning rate · how far")
    assert page.evaluate("scrollY") == 0
    assert page.locator(".d2l-figure").bounding_box()["y"] + 180 < 740
    playground.button("a walk in five steps").tap()
    playground.button("near 28").tap()
    assert page.evaluate("scrollY") == 0
    assert page.locator(".d2l-figure").bounding_box()["y"] + 180 < 740


def test_a_long_legend_on_a_phone_is_within_the_screen(open_page):
    size = {"width": 360, "height": 740}
    playground = open_page(viewport=size, has_touch=True, is_mobile=True)
    playground.ends()
    for label in ("theta (clipping)", "hidden units H", "learning rate"):
        playground.slider(label).press("End")
        playground.ends()
    for each in playground.page.locator(".d2l-entry button").all():
        box = each.bounding_box()
        assert box["x"] + box["width"] <= 360


def test_a_link_to_a_file_is_told_to_be_one(open_page):
    copied = "navigator.clipboard.writeText = async words => { copied = words }"
    playground = open_page("#epochs=5&theta=2", init=copied)
    playground.ends()
    playground.button("share this setting").press("Enter")
    note = playground.page.locator(".d2l-note[role=status]")
    note.get_by_text("adds #theta=2&epochs=5 to its address").wait_for()
    assert playground.page.evaluate("copied").endswith("#theta=2&epochs=5")


def test_high_contrast_shows_what_is_pressed(open_page):
    playground = open_page(forced_colors="active")
    playground.ends()
    ground = "each => getComputedStyle(each).backgroundColor"
    pressed, other = [
        playground.button(name).evaluate(ground) for name in ("the story", "my own")
    ]
    assert pressed != other


def test_the_walk_s_sentences_are_true(open_page):
    playground = open_page("")
    playground.button("a walk in five steps").press("Enter")
    ends = []
    for answer in ("near 28", "spaces", "solid", "it explodes", "lower"):
        playground.button(answer).press("Enter")
        assert "Right." in playground.page.locator(".d2l-walk").inner_text()
        told = playground.ends(60)
        shown = playground.page.locator(".d2l-readout").inner_text()
        found = re.search(
            r"perplexity ([\d.,e+∞]+)(?: \(held out ([\d.,e+]+)\))?", shown
        )
        ends.append([*found.groups(), told])
        playground.page.locator(".d2l-walk .d2l-buttons button").last.focus()
        next_one = playground.button("next").or_(playground.button("end"))
        next_one.press("Enter")
    guessing, spaces, words, fast, clipped = ends
    assert 20 < float(guessing[0]) < 28
    assert not spaces[2]["texts"][0]["greedy"].removeprefix("time traveller").strip()
    assert float(words[0]) < float(words[1])  # the solid curve ends lower
    assert "the" in words[2]["texts"][0]["greedy"].split()
    assert fast[2]["trouble"].startswith(("lost", "diverged"))
    assert float(clipped[0]) < float(words[0])
    assert playground.button("a walk in five steps").is_visible()


def test_three_curves_are_whole_in_the_legend(open_page):
    playground = open_page()
    for label in ("theta (clipping)", "hidden units H"):
        playground.ends()
        playground.slider(label).press("Home")
    playground.ends()
    playground.until(lambda told: len(told["labels"]) == 3)
    legend = playground.page.locator(".d2l-legend").bounding_box()
    for each in playground.page.locator(".d2l-entry").all():
        box = each.bounding_box()
        assert box["y"] >= legend["y"] - 1
        assert box["y"] + box["height"] <= legend["y"] + legend["height"] + 1


def test_a_wrong_answer_is_told_the_right_one(open_page):
    playground = open_page()
    playground.button("a walk in five steps").press("Enter")
    playground.button("near 1").press("Enter")
    assert "No: “near 28”." in playground.page.locator(".d2l-walk").inner_text()
    playground.button("leave the walk").press("Enter")
    assert not playground.button("near 28").is_visible()


# ---- long use ----

ACT = """([seed, many]) => new Promise(done => {
    const draw = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const one = list => list[Math.floor(draw() * list.length)];
    const not = /save|open|PNG|CSV|copy|share|walk|保存|打开|复制|分享/;
    const act = () => {
        const pick = draw();
        if (pick < 0.6) {
            const sliders = document.querySelectorAll('.d2l-left input[type=range]');
            const slider = one([...sliders]);
            slider.value = Math.floor(draw() * (Number(slider.max) + 1));
            slider.dispatchEvent(new Event('input', { bubbles: true }));
        } else if (pick < 0.95) {
            const words = each => each.title + each.textContent;
            const is = each => !each.disabled && !not.test(words(each));
            one([...document.querySelectorAll('main button')].filter(is)).click();
        } else {
            const box = document.querySelector('.d2l-own textarea');
            box.value = one(['a', 'be ', '旅人', '<b>']).repeat(40 + 300 * draw());
            box.dispatchEvent(new Event('input', { bubbles: true }));
        }
    };
    let left = many;
    const again = () => (left-- > 0 ? (act(), setTimeout(again, 30)) : done());
    again();
})"""


@pytest.mark.parametrize("seed", [1])
def test_a_thousand_random_actions(seed, open_page):
    """Nothing complains, memory is bounded, and the last setting is the one shown."""
    playground = open_page("#epochs=20")
    playground.ends()
    devtools = playground.context.new_cdp_session(playground.page)

    def heap():
        devtools.send("HeapProfiler.collectGarbage")
        return devtools.send("Runtime.getHeapUsage")["usedSize"]

    before = heap()
    playground.page.evaluate(ACT, [seed, 1000])
    assert heap() - before < 30e6
    theta = playground.slider("theta (clipping)")
    for label, key in (("hidden units H", "Home"), ("learning rate", "Home")):
        playground.slider(label).press(key)
    playground.button("the story").press("Enter")
    theta.press("Home")
    theta.press("ArrowRight")
    told = playground.ends(120)
    assert (told["values"]["theta"], told["values"]["H"]) == (0.02, 8)
    assert told["refused"] == ""


# ---- pictures, to be looked at ----


@pytest.mark.skipif(not SCREENSHOTS, reason="no pictures are wanted")
@pytest.mark.parametrize("width", [360, 768, 1366, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_pictures(width, scheme, locale, open_page):
    text = "chinese" if locale == "zh-CN" else "story"
    playground = open_page(
        f"#text={text}&epochs=100", locale=locale, color_scheme=scheme,
        viewport={"width": width, "height": 900},
        **({"has_touch": True, "is_mobile": True} if width == 360 else {}),
    )  # fmt: skip
    playground.ends(60)
    slider = playground.page.locator(".d2l-left input[type=range]").nth(2)
    slider.press("ArrowRight")
    playground.ends(60)
    playground.page.locator(".d2l-strips").press("ArrowRight")
    playground.page.locator(".d2l-strips").press("ArrowDown")
    playground.page.wait_for_timeout(500)
    name = f"playground-{width}-{scheme}-{locale}.png"
    playground.page.screenshot(path=Path(SCREENSHOTS) / name, full_page=True)


# ---- in a notebook ----

FRAME = """from d2l_rnn.web import playground

playground.frame("#theta=0.5&epochs=5", height=500)"""


def test_a_notebook_shows_it_in_a_frame(desk):
    """JupyterLab gives files of the reader's no rights but those of scripts."""
    desk.complaints.clear()
    desk.write(0, FRAME)
    desk.run(0)
    desk.until(lambda: desk.has_run(0), 30)
    assert desk.errors() == []
    frame = desk.page.frame_locator("iframe[src*='playground']")
    frame.get_by_text("of 5 · perplexity").wait_for(timeout=20_000)
    theta = frame.get_by_role("slider", name="theta (clipping)", exact=True)
    assert theta.get_attribute("aria-valuetext") == "0.5"
    theta.press("ArrowRight")
    frame.locator(".d2l-current", has_text="theta 1").wait_for(timeout=20_000)
    desk.command("notebook:clear-all-cell-outputs")
    assert desk.complaints == []
