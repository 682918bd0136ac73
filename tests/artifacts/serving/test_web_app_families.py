"""The web apps of sounds and of tables in Chromium: they answer as `zoo predict` does."""

import numpy as np
import pytest
import soundfile

import export
import zoo
from tests.artifacts import chromium
from tests.artifacts.chromium import answer, playwright
from tests.artifacts.families import family, predicted
from zoo.artifacts.serving.serve import serve

pytestmark = chromium.IN_BROWSER
# Of UCI Adult, whose table names no columns: cells by the number of the column. The rest is empty.
ROWS = [
    {1: "25", 2: "Private", 4: "11th", 6: "Never-married", 10: "Male", 13: "40"},
    {1: "52", 4: "Doctorate", 5: "16", 6: "Married-civ-spouse", 13: "60", 14: "United-States"},
    {1: "44", 7: "Exec-managerial", 10: "Female", 11: "99999"},
    {9: "White", 12: "0", 14: "Mexico"},
]


def sound(rate, seconds, pitches):
    """Returns a sound that moves through some pitches, as speech does."""
    t = np.arange(round(rate * seconds)) / rate
    hertz = np.interp(t, np.linspace(0, seconds, len(pitches)), pitches)
    wave = sum(np.sin(2 * np.pi * k * np.cumsum(hertz) / rate) / k for k in (1, 2, 3, 5))
    return 0.2 * wave * np.sin(np.pi * t / seconds)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    soundfile.write(folder / "a.wav", sound(8000, 0.4, [300, 500, 200]), 8000)
    stereo = sound(44100, 0.5, [120, 700, 1200, 90])
    soundfile.write(folder / "b.flac", np.stack([stereo, stereo / 3], 1), 44100)
    soundfile.write(folder / "c.wav", sound(48000, 3.0, [100, 900, 150, 400, 1500, 130]), 48000)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    (size,) = zoo.load("resnet8.spoken_digits").card.input.shape
    noise = np.random.default_rng(0).normal(0, 0.1, (100, size)).astype(np.float32)
    folder = tmp_path_factory.mktemp("exports") / "spoken"
    return chromium.exported(folder, "resnet8.spoken_digits", noise)


@pytest.fixture(scope="module")
def adult(tmp_path_factory):
    columns = zoo.load("residual_mlp.adult").card.input.columns
    random = np.random.default_rng(0)
    x = [
        random.integers(0, len(column.vocabulary), 100)
        if column.kind == "category"
        else random.uniform(column.edges[0], column.edges[-1], 100)
        for column in columns
    ]
    folder = tmp_path_factory.mktemp("exports") / "adult"
    return chromium.exported(folder, "residual_mlp.adult", np.stack(x, 1).astype(np.float32))


def test_sounds(spoken, sounds, tmp_path):
    wanted = zoo.predict(sounds, artifact=str(spoken), top=5).predictions
    microphone = f"--use-file-for-fake-audio-capture={sounds[-1]}"
    with (
        serve(artifact=spoken, port=0) as served,
        chromium.launched(microphone) as browser,
        chromium.opened(browser, served.address) as page,
    ):
        gaps = list[float]()
        for path in sounds[:2]:  # Each is one window.
            with chromium.awaited(page):
                page.set_input_files("#file", path)
            shown, said = answer(page)
            (whole,) = [row for row in wanted if row.file == str(path)]
            scores = {best.label: best.score for best in whole.labels}
            assert said == whole.labels[0].label
            gaps += list(chromium.gaps(shown, scores))
        assert np.mean(gaps) <= 0.01
        with chromium.awaited(page):
            page.set_input_files("#file", sounds[2])
        parts = [line.split("\n") for line in page.locator("#parts li").all_inner_texts()]
        windows = [row for row in wanted if row.file == str(sounds[2])]
        assert len(windows) > 3
        assert [said for _, said in parts] == [row.labels[0].label for row in windows]
        assert parts[0][0].startswith("0.00–")
        page.click("#microphone")
        with chromium.awaited(page):
            playwright.expect(page.locator("#parts li")).to_have_count(0)
        assert sum(answer(page)[0].values()) == pytest.approx(1, abs=0.3)
        page.click("#microphone")
        assert page.inner_text("#microphone") == "Listen"
        chromium.check_app(browser, page, served.address, tmp_path)


def test_a_stream_of_sound(sounds, tmp_path):
    (size,) = zoo.load("resnet8.spoken_digits").card.input.shape
    noise = np.random.default_rng(0).normal(0, 0.1, (100, size)).astype(np.float32)
    slide = export.Slide(size // 5)
    file = chromium.exported(tmp_path / "spoken", "resnet8.spoken_digits", noise, slide)
    wanted = zoo.predict(sounds[2], artifact=str(file)).predictions
    with (
        serve(artifact=file, port=0) as served,
        chromium.launched() as browser,
        chromium.opened(browser, served.address) as page,
    ):
        with chromium.awaited(page):
            page.set_input_files("#file", sounds[2])
        parts = [line.split("\n") for line in page.locator("#parts li").all_inner_texts()]
        assert len(parts) == len(wanted) > 10
        assert [said for _, said in parts] == [row.labels[0].label for row in wanted]


def test_rows_of_a_table(adult, tmp_path):
    columns = zoo.load("residual_mlp.adult").card.input.columns
    lines = [",".join(row.get(1 + number, "") for number in range(len(columns))) for row in ROWS]
    table = tmp_path / "rows.csv"
    table.write_text("\n".join(lines) + "\n")
    wanted = zoo.predict(table, artifact=str(adult)).predictions
    assert len({prediction.prediction for prediction in wanted}) == 2
    with (
        serve(artifact=adult, port=0, title="Income") as served,
        chromium.launched() as browser,
        chromium.opened(browser, served.address) as page,
    ):
        assert page.inner_text("h1") == "Income"
        for row, prediction in zip(ROWS, wanted, strict=True):
            for number, column in enumerate(columns, 1):
                field = page.locator(f"[name='{column.name}']")
                fill = field.select_option if column.kind == "category" else field.fill
                fill(row.get(number, ""))
            with chromium.awaited(page):
                field.dispatch_event("input", {"bubbles": True})
            shown, said = answer(page)
            assert said == prediction.prediction
            assert abs(shown[said] - prediction.confidence) <= 0.01
        chromium.check_app(browser, page, served.address, tmp_path)


@pytest.mark.parametrize("name", ["sets of labels", "a value", "rows, a value"])
def test_other_tasks(name, tmp_path):
    made = family(name, tmp_path)
    (first, *_) = predicted(made.files[:1], made.folder / "cpu.tflite")
    with (
        serve(artifact=made.folder, port=0) as served,
        chromium.launched() as browser,
        chromium.opened(browser, served.address) as page,
    ):
        with chromium.awaited(page):
            if "labels" in first[0]:
                page.set_input_files("#file", made.files[0])
            else:
                page.locator("[name='weight']").fill("3.5")
                page.locator("[name='kind']").select_option("a")
                page.locator("[name='colour']").select_option("red")
        text = page.inner_text("section.answer")
        for best in first[0].get("labels", []):
            assert best["label"] in text
            figure = 100 * best["score"] if name == "sets of labels" else best["score"]
            assert f"{figure:.1f}"[:3] in text
        chromium.check_app(browser, page, served.address, tmp_path)
