"""`INTEGRATION.md`: how to call the exported files, with their own names, types and sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from export.report import Artifact, Report
from export.tflite.runtime import TensorInfo
from export.trainable.lesson import BATCH, TRAINABLE

# Operators whose method of MicroMutableOpResolver is not their name in camel case.
_MICRO_METHODS = {"BATCH_MATMUL": "BatchMatMul"}


def render(report: Report, *, labels: Sequence[str], pixels: bool) -> str:
    """Writes the page.

    Args:
        report: Of an export; the page speaks of what passed.
        labels: One for each output; may be empty.
        pixels: Whether inputs are images in 0..255.

    Returns:
        Markdown.
    """
    lite = {name: item for name, item in report.written.items() if item.file.endswith(".tflite")}
    learns = lite.pop(TRAINABLE, None)
    title = report.identity.get("checkpoint") or report.identity["model"]
    sections = [f"# Using {title}", _table(report), _reading(labels)]
    for_tasks = [item for item in lite.values() if labels and pixels and _suits_tasks(item)]
    if for_tasks:
        smallest = min(for_tasks, key=lambda item: item.bytes or 0)
        sections += [_android(smallest), _ios(smallest), _browser(smallest)]
    integers = [item for item in lite.values() if item.precision == "int8"]
    if any(item.states for item in lite.values()):
        sections.append(_stream(next(iter(lite.values()))))
        return "\n\n".join(sections + [_npu(item) for item in integers[:1]]) + "\n"
    if lite:
        sections.append(_python(next(iter(lite.values()))))
    if integers:
        sections += [_micro(integers[0]), _npu(integers[0])]
    if learns:
        sections.append(_learning(learns))
    return "\n\n".join(sections) + "\n"


def _suits_tasks(artifact: Artifact) -> bool:
    info = _known(artifact.input)
    return info.dtype in ("uint8", "float32") and info.shape[-1] == 3


def _table(report: Report) -> str:
    rows = [
        f"| `{item.file}` | {item.precision} | {item.bytes:,} | {_tensor(_known(item.input))} | "
        f"{_tensor(_known(item.output))} |"
        for item in report.written.values()
    ]
    return "\n".join(
        ["| file | weights | bytes | input | output |", "|---|---|---|---|---|", *rows]
    )


def _tensor(info: TensorInfo) -> str:
    shape = "×".join("N" if size < 0 else str(size) for size in info.shape)
    scaled = "" if info.scale is None else f", (x − {info.zero_point}) · {info.scale:.6g}"
    return f"`{info.name}` {info.dtype} {shape}{scaled}"


def _reading(labels: Sequence[str]) -> str:
    named = " `labels.txt` names the outputs in their order; it is inside each file too."
    return (
        "Where a formula stands behind a type, it turns the stored integer x into the value. The "
        f"signature is `serving_default`.{named if labels else ''}"
    )


def _android(artifact: Artifact) -> str:
    return f"""## Android

`com.google.mediapipe:tasks-vision`, and `{artifact.file}` in `src/main/assets`. It takes
pictures of any size.

```kotlin
val options = ImageClassifier.ImageClassifierOptions.builder()
    .setBaseOptions(BaseOptions.builder().setModelAssetPath("{artifact.file}").build())
    .setRunningMode(RunningMode.IMAGE)
    .setMaxResults(3)
    .build()
val classifier = ImageClassifier.createFromOptions(context, options)
val result = classifier.classify(BitmapImageBuilder(bitmap).build())
for (category in result.classificationResult().classifications().first().categories()) {{
    println("${{category.categoryName()}} ${{category.score()}}")
}}
```"""


def _ios(artifact: Artifact) -> str:
    return f"""## iOS

The pod `MediaPipeTasksVision`, and `{artifact.file}` in the app's bundle.

```swift
let options = ImageClassifierOptions()
options.baseOptions.modelAssetPath =
    Bundle.main.path(forResource: "{artifact.file.removesuffix(".tflite")}", ofType: "tflite")!
options.maxResults = 3
let classifier = try ImageClassifier(options: options)
let result = try classifier.classify(image: MPImage(uiImage: picture))
for category in result.classificationResult.classifications[0].categories {{
    print(category.categoryName ?? "", category.score)
}}
```"""


def _browser(artifact: Artifact) -> str:
    return f"""## Browser

`npm install @mediapipe/tasks-vision`, and its `wasm` folder beside the page.

```js
import {{ FilesetResolver, ImageClassifier }} from "@mediapipe/tasks-vision";

const vision = await FilesetResolver.forVisionTasks("wasm");
const classifier = await ImageClassifier.createFromOptions(vision, {{
  baseOptions: {{ modelAssetPath: "{artifact.file}" }},
  maxResults: 3,
}});
for (const category of classifier.classify(picture).classifications[0].categories) {{
  console.log(category.categoryName, category.score);
}}
```"""


def _python(artifact: Artifact) -> str:
    given, result = _known(artifact.input), _known(artifact.output)
    scaled = (
        ""
        if result.scale is None
        else f"{result.name} = ({result.name}.astype(np.float32) - {result.zero_point}) "
        f"* {result.scale!r}\n"
    )
    return f"""## Python, on Arm or x86

`pip install ai-edge-litert numpy`; no TensorFlow.

```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(model_path="{artifact.file}", num_threads=2)
run = interpreter.get_signature_runner("serving_default")
{given.name} = np.zeros({given.shape}, np.{given.dtype})  # Yours goes here.
{result.name} = run({given.name}={given.name})["{result.name}"][0]
{scaled}print({result.name})
```"""


def _learning(artifact: Artifact) -> str:
    given, result = _known(artifact.input), _known(artifact.output)
    example = given.shape[1:]
    many = f"{BATCH}×{'×'.join(map(str, example))}"
    return f"""## Learning on the device

`{artifact.file}` answers as the others do, and its last layer learns; what is below that stays. All
is float32, but for the labels.

| signature | takes | gives |
|---|---|---|
| `train` | `{given.name}` {many}, `label` int32 {BATCH}, `learning_rate` | `loss` |
| `infer` | `{given.name}` 1×{"×".join(map(str, example))} | `{result.name}` |
| `get_weights` | | `kernel`, `bias` |
| `set_weights` | `kernel`, `bias` | `kernel`, `bias` |

A learning rate of 1 suits it: the file scales it to its features. The file never changes; what was
learnt lasts as long as the interpreter, and is kept by `get_weights` for the next `set_weights`.

```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(model_path="{artifact.file}", num_threads=2)
names = interpreter.get_signature_list()
run = {{name: interpreter.get_signature_runner(name) for name in names}}
x = np.zeros((20, {", ".join(map(str, example))}), np.float32)  # Yours go here,
y = np.zeros(20, np.int32)  # and the class of each.
# Classes of your own start from nothing; without this line, from what it knows.
run["set_weights"](**{{name: 0 * value for name, value in run["get_weights"]().items()}})
random = np.random.default_rng(0)
for epoch in range(10):
    order = np.resize(random.permutation(len(x)), -(-len(x) // {BATCH}) * {BATCH})
    for batch in order.reshape(-1, {BATCH}):
        loss = run["train"](
            {given.name}=x[batch], label=y[batch], learning_rate=np.float32(1.0)
        )["loss"]
    print(epoch, loss)
np.savez("learnt.npz", **run["get_weights"]())

# Another day, with a fresh interpreter:
run["set_weights"](**np.load("learnt.npz"))
print(run["infer"]({given.name}=x[:1])["{result.name}"][0])
```

On Android the same signatures are called by `runSignature` of LiteRT's `Interpreter`."""


def _stream(artifact: Artifact) -> str:
    given, result = _known(artifact.input), _known(artifact.output)
    rows = "\n".join(f"| {_tensor(state)} |" for state in artifact.states)
    return f"""## A step at a time

The files take one step of a sequence. What they remember goes in and comes out under the same
names, and starts as zeros (where a formula stands behind the type, as the integer that means 0).
What comes out of an int8 file may have another formula than what goes in.

| state of {artifact.file} |
|---|
{rows}

`pip install` this package for its `export.LiteStream`, which needs no TensorFlow:

```python
import numpy as np
import export

stream = export.LiteStream("{artifact.file}", threads=2)
for features in np.zeros((5, {given.shape[-1]}), np.float32):  # Your steps go here.
    {result.name} = stream.step(features)
print({result.name})
```"""


def _micro(artifact: Artifact) -> str:
    operators = list(artifact.operators or {})
    adds = "\n".join(f"resolver.Add{_method(name)}();" for name in operators)
    figures: Mapping[str, object] = (artifact.proofs or {}).get("tflite_micro", {})
    arena = figures.get("arena_bytes")
    size = (
        f"constexpr size_t kArena = {arena};  // The least that was enough on a 64-bit computer."
        if arena
        else "constexpr size_t kArena = 256 * 1024;  // Find yours by trying."
    )
    return f"""## Microcontroller

TensorFlow Lite Micro, with `xxd -i {artifact.file}` as `model`.

```cpp
{size}
alignas(16) static uint8_t arena[kArena];
tflite::MicroMutableOpResolver<{len(operators)}> resolver;
{adds}
tflite::MicroInterpreter interpreter(tflite::GetModel(model), resolver, arena, kArena);
interpreter.AllocateTensors();
```"""


def _npu(artifact: Artifact) -> str:
    name = artifact.file.removesuffix(".tflite")
    return f"""## Ethos-U NPU

```
pip install ethos-u-vela
vela {artifact.file} --accelerator-config ethos-u55-128 --output-dir .
```

`{name}_vela.tflite` runs on TensorFlow Lite Micro with `resolver.AddEthosU()`."""


def _method(operator: str) -> str:
    camel = "".join(part if part == "2D" else part.capitalize() for part in operator.split("_"))
    return _MICRO_METHODS.get(operator, camel)


def _known(info: TensorInfo | None) -> TensorInfo:
    if info is None:
        raise ValueError("the page is for exports that passed")
    return info
