"""The generated code collects samples and hands states over as Python does."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from export.clients.streams import render
from export.report import Artifact
from export.tflite.tensor import TensorInfo, dequantise, quantise
from tests.export.clients import swift

HOP, WINDOW, WIDTH, CALLS = 5, 12, 2, 9
RNG = np.random.default_rng(5)
# Beyond the range of int8 too, which then saturates; and exactly between two integers.
SAMPLES = np.round(RNG.normal(size=(CALLS * HOP + 3, WIDTH)) * 6, 2).astype(np.float32)
SAMPLES[:4] = [[0.625, -0.625], [1.875, -1.875], [40, -40], [0, 0]]


def tensor(name, steps, scale=None, zero=None, dtype="int8"):
    kind = "float32" if scale is None else dtype
    return TensorInfo(name, kind, (1, steps, WIDTH), scale, zero)


def sliding(name, scale=None, zero=None, dtype="int8"):
    state = tensor("window", WINDOW - HOP, scale, zero, dtype)
    return Artifact(
        file=f"{name}.tflite",
        precision="",
        checks=(),
        input=tensor("sequence", HOP, scale, zero, dtype),
        # The fake interpreter answers with the window itself.
        output=tensor("values", WINDOW, scale, zero, dtype),
        states=(state,),
        next_states=(state,),
    )


def stepping(name, before, after):
    """A file of one step, whose state is the sum of all steps, in another scale each way."""
    states = [
        (tensor("sum", 1, *scales),) if scales else (tensor("sum", 1),)
        for scales in (before, after)
    ]
    given = tensor("sequence", 1, 0.25, 3) if before else tensor("sequence", 1)
    return Artifact(
        f"{name}.tflite", "", (), input=given, output=tensor("values", 1, *(after or ())),
        states=states[0], next_states=states[1],
    )  # fmt: skip


SLIDING = [sliding("cpu"), sliding("edge", 0.25, -3), sliding("wide", 0.001, 0, "int16")]
STEPPING = [stepping("cpu", None, None), stepping("edge", (0.5, 4), (0.75, -2))]


def fake(item, inputs):
    """What the file would give: as numbers of the file."""
    if item in SLIDING:
        whole = np.concatenate([inputs["window"], inputs["sequence"]])
        return {"values": whole, "window": whole[HOP * WIDTH :]}
    total = dequantise(inputs["sum"], item.states[0]) + dequantise(inputs["sequence"], item.input)
    return {name: quantise(total, item.next_states[0]) for name in ("sum", "values")}


def expected(item):
    """The answers by Python, of each whole hop."""
    hop = HOP if item in SLIDING else 1
    size = int(np.prod(item.states[0].shape))
    state, name = quantise(np.zeros(size), item.states[0]), item.states[0].name
    answers = []
    for start in range(0, len(SAMPLES) - hop + 1, hop):
        new = quantise(SAMPLES[start : start + hop].reshape(-1), item.input)
        results = fake(item, {"sequence": new, name: state})
        state = quantise(dequantise(results[name], item.next_states[0]), item.states[0])
        answers.append(dequantise(results["values"], item.output))
    return np.stack(answers)


PIECES = [1, 7, 0, 31, 2]  # Numbers that come at once; the last size is repeated.

JAVASCRIPT = """
import { Stream, files } from "./stream.js";
import { readFileSync } from "node:fs";
const { samples, pieces } = JSON.parse(readFileSync("in.json", "utf8"));
const clip = (type, x) => type === "int8" ? Math.min(Math.max(x, -128), 127) : x;
const even = (x) => Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
const fakes = {
  window: (inputs) => {
    const whole = [...inputs.window, ...inputs.sequence];
    return { values: whole, window: whole.slice(inputs.sequence.length) };
  },
  sum: (inputs, { input, states: [{ before, after }] }) => {
    const value = (x, { scale, zero }) => (scale ? (x - zero) * Math.fround(scale) : x);
    const total = [...inputs.sum].map((x, i) => {
      const sum = Math.fround(value(x, before) + value(inputs.sequence[i], input));
      return after.scale ? clip("int8", even(Math.fround(sum / after.scale)) + after.zero) : sum;
    });
    return { values: total, sum: total };
  },
};
const answers = {};
for (const [file, facts] of Object.entries(files)) {
  const run = async (inputs) => fakes[facts.states[0].before.name](inputs, facts);
  const stream = new Stream(file, run);
  await stream.push(samples);
  stream.reset();
  answers[file] = [];
  for (let next = 0, turn = 0; next < samples.length; turn++) {
    const size = pieces[Math.min(turn, pieces.length - 1)];
    for (const answer of await stream.push(samples.slice(next, next + size))) {
      answers[file].push([...answer]);
    }
    next += size;
  }
}
console.log(JSON.stringify(answers));
"""

CPP = """
#include <iostream>
#include "stream.hpp"
stream::Tensors fake(const stream::File& file, const stream::Tensors& given) {
  const auto& [before, after] = file.states[0];
  if (before.name == "window") {
    std::vector<float> whole = given.at("window");
    const auto& fresh = given.at("sequence");
    whole.insert(whole.end(), fresh.begin(), fresh.end());
    const auto rest = whole.begin() + static_cast<long>(fresh.size());
    return {{"values", whole}, {"window", {rest, whole.end()}}};
  }
  std::vector<float> total = before.values(given.at("sum"));
  const std::vector<float> fresh = file.input.values(given.at("sequence"));
  for (std::size_t i = 0; i < total.size(); ++i) total[i] += fresh[i];
  return {{"values", after.stored(total)}, {"sum", after.stored(total)}};
}
int main() {
  const std::vector<float> samples = {SAMPLES};
  const std::vector<std::size_t> pieces = {PIECES};
  std::cout.precision(9);
  for (const stream::File& file : {FILES}) {
    stream::Stream stream(file, [&](const stream::Tensors& given) { return fake(file, given); });
    stream.push(samples);
    stream.reset();
    std::size_t turn = 0;
    for (auto next = samples.begin(); next != samples.end(); ++turn) {
      const auto left = static_cast<std::size_t>(samples.end() - next);
      const auto size = std::min(pieces[std::min(turn, pieces.size() - 1)], left);
      const auto end = next + static_cast<long>(size);
      for (const auto& answer : stream.push({next, end})) {
        for (float number : answer) std::cout << number << ' ';
        std::cout << '\\n';
      }
      next = end;
    }
    std::cout << (stream.full() ? "full" : "not full") << '\\n';
  }
}
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize("items", [SLIDING, STEPPING], ids=["slide", "step"])
def test_javascript_answers_as_python(items, tmp_path):
    (tmp_path / "stream.js").write_text(render(items)["stream.js"])
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "main.js").write_text(JAVASCRIPT)
    flat = SAMPLES.reshape(-1).tolist()
    (tmp_path / "in.json").write_text(json.dumps({"samples": flat, "pieces": PIECES}))
    done = subprocess.run(
        ["node", "main.js"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for item in items:
        assert np.array_equal(np.array(answers[item.file], np.float32), expected(item)), item.file


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
@pytest.mark.parametrize(
    "items", [SLIDING, pytest.param(STEPPING, marks=pytest.mark.slow)], ids=["slide", "step"]
)
def test_cpp_compiles_without_a_warning_and_answers_as_python(items, tmp_path):
    (tmp_path / "stream.hpp").write_text(render(items)["stream.hpp"])
    numbers = ", ".join(f"{number!r}f" for number in SAMPLES.reshape(-1).tolist())
    names = ", ".join(f"stream::{item.file.partition('.')[0]}()" for item in items)
    program = CPP.replace("{SAMPLES}", f"{{{numbers}}}").replace("{FILES}", f"{{{names}}}")
    program = program.replace("{PIECES}", f"{{{', '.join(map(str, PIECES))}}}")
    (tmp_path / "main.cpp").write_text(program)
    flags = ["-std=c++17", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    subprocess.run(["g++", *flags, "main.cpp", "-o", "main"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    parts = re.split(r"full\n", done.stdout)
    for item, part in zip(items, parts, strict=False):
        rows = np.array([list(map(float, line.split())) for line in part.splitlines()], np.float32)
        assert np.array_equal(rows, expected(item)), item.file


@pytest.mark.parametrize("items", [SLIDING, STEPPING], ids=["slide", "step"])
def test_every_language_knows_the_tensors_of_every_file(items):
    codes = render(items)
    assert set(codes) == {f"stream.{end}" for end in ("hpp", "js", "kt", "py", "swift")}
    hop, window = (HOP, WINDOW) if items is SLIDING else (1, 0)
    for name, code in codes.items():
        assert re.search(rf"hop\w*(, WIDTH, WINDOW)? = {hop}\b", code, re.IGNORECASE), name
        assert re.search(rf"window = (\d+, \d+, )?{window}\b", code, re.IGNORECASE), name
        assert "{{" not in code
        assert "{%" not in code
        if name != "stream.py":  # It asks the interpreter.
            for number in (0.25, -3.0) if items is SLIDING else (0.5, 4.0, 0.75, -2.0):
                assert str(number) in code, (name, number)
    compile(codes["stream.py"], "stream.py", "exec")
    assert not swift.parsed(codes["stream.swift"]).has_error
