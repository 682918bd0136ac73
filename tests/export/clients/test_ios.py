"""The iOS project: its Swift is parsed and its names are looked up, its other files are read."""

import plistlib
import re

import pytest
import yaml

from export.clients import project, versions
from tests.export.clients.swift import names, parsed
from tests.export.clients.written_projects import FORMS, TITLE, written

# The names with a capital letter that Swift, Apple's frameworks and LiteRT give to each file.
FROM_OUTSIDE = {
    "AVFoundation": "AVAudioApplication AVAudioConverter AVAudioEngine AVAudioFile AVAudioFormat "
    "AVAudioFrameCount AVAudioPCMBuffer AVAudioQuality AVAudioSession AVCaptureConnection "
    "AVCaptureDevice AVCaptureDeviceInput AVCaptureOutput AVCaptureSession "
    "AVCaptureVideoDataOutput AVCaptureVideoDataOutputSampleBufferDelegate "
    "AVCaptureVideoPreviewLayer CGFloat CMSampleBuffer CMSampleBufferGetImageBuffer CVPixelBuffer "
    "CVPixelBufferGetBaseAddress CVPixelBufferGetBytesPerRow CVPixelBufferGetHeight "
    "CVPixelBufferGetWidth CVPixelBufferLockBaseAddress CVPixelBufferUnlockBaseAddress "
    "CocoaError DispatchQueue NSError NSKeyValueObservation NSObject RotationCoordinator URL",
    "Combine": "ObservableObject Published",
    "CoreGraphics": "CGColorSpaceCreateDeviceRGB CGContext CGImage CGImageAlphaInfo CGRect",
    "CoreMotion": "CMMotionManager",
    "Foundation": "Bundle CFData CFString CocoaError Data DispatchQueue DispatchSemaphore "
    "DispatchTime OperationQueue Set String",
    "ImageIO": "CGImageSourceCopyPropertiesAtIndex CGImageSourceCreateImageAtIndex "
    "CGImageSourceCreateWithData",
    "LiteRT": "Accelerator CompiledModel Environment Options TensorBuffer",
    "PhotosUI": "PhotosPicker PhotosPickerItem",
    "SwiftUI": "AnyLayout App Binding Button Color Context Data Environment ForEach Form HStack "
    "HStackLayout Image Label LabeledContent Picker PhotosPicker ProgressView "
    "RoundedRectangle Scene Slider Spacer State StateObject Text TextField UIImage UIView "
    "UIViewRepresentable VStack VStackLayout View WindowGroup ZStack",
    "UniformTypeIdentifiers": "",
    "": "Any AnyClass Array Bool CheckedContinuation Double Float Int MainActor Never Sendable "
    "String Task UInt8 UnsafeBufferPointer Void",
}


@pytest.mark.parametrize("kind", FORMS)
def test_swift_has_no_wrong_syntax_and_no_unknown_name(kind, tmp_path):
    folder = written(tmp_path, "ios", kind)
    texts = {path.name: path.read_text() for path in sorted(folder.rglob("*.swift"))}
    assert {"AnswersApp.swift", "Classifier.swift", "Facts.swift", "SourceView.swift"} <= {*texts}
    facts = set(re.findall(r"static let (\w+)", texts["Facts.swift"]))
    own = set(re.findall(r"\b(?:struct|class|enum) (\w+)", "".join(texts.values())))
    for name, text in texts.items():
        root = parsed(text)
        assert not root.has_error, name
        assert "{{" not in text, name
        imports = ["", *re.findall(r"^import (\w+)$", text, re.MULTILINE)]
        given = {word for module in imports for word in FROM_OUTSIDE[module].split()}
        capital = {word for word in names(root) if word[:1].isupper()}
        assert capital - own - {*imports} <= given, name
        assert set(re.findall(r"\bFacts\.(\w+)", text)) <= facts, name


@pytest.mark.parametrize(
    "wrong",
    [
        "func wrong() { let = 3 }",
        "func wrong( { 3 }",
        "struct Wrong { var body: some View { Text(\"a\" } }",
        "let wrong = 1 +",
        "enum Wrong { case }",
    ],
)  # fmt: skip
def test_wrong_swift_is_refused(wrong):
    assert parsed(wrong).has_error


@pytest.mark.parametrize("kind", FORMS)
def test_plain_swift_needs_foundation_alone(kind, tmp_path):
    model = written(tmp_path, "ios", kind) / "Answers/Model"
    files = {path.name for path in model.iterdir()}
    own = {
        "picture": {"Pixels.swift", "Bitmap.swift"},
        "sound": {"Ring.swift", "Windows.swift"},
        "recording": {"Log.swift"},
        "table": {"Row.swift"},
    }
    assert files == {"Facts.swift", "Answer.swift", "Stream.swift"} | own[kind]
    for path in model.iterdir():
        assert set(re.findall(r"^import (\w+)$", path.read_text(), re.MULTILINE)) <= {"Foundation"}


@pytest.mark.parametrize("kind", FORMS)
def test_the_other_files(kind, tmp_path):
    folder = written(tmp_path, "ios", kind)
    with (folder / "Answers/Info.plist").open("rb") as file:
        info = plistlib.load(file)
    assert info["CFBundleDisplayName"] == TITLE
    asked = {key.removesuffix("UsageDescription") for key in info if key.startswith("NS")}
    wanted = {"picture": {"NSCamera"}, "sound": {"NSMicrophone"}, "recording": {"NSMotion"}}
    assert asked == wanted.get(kind, set())
    made = yaml.safe_load((folder / "project.yml").read_text())
    (target,) = made["targets"].values()
    assert made["packages"]["LiteRT"]["branch"] == versions.IOS["litert"]
    assert {part["package"] for part in target["dependencies"]} == {*made["packages"]}
    for source in target["sources"]:
        assert (folder / source["path"]).exists(), source
    settings = target["settings"]["base"]
    assert settings["PRODUCT_BUNDLE_IDENTIFIER"] == "com.example.app.annasfirstappmore"
    assert settings["GENERATE_INFOPLIST_FILE"] == "NO"
    assert settings["SWIFT_VERSION"] == versions.IOS["swift"]
    assert (folder / settings["INFOPLIST_FILE"]).is_file()
    assert (folder / "Resources/model.tflite").read_bytes() == b"model"
    readme = (folder / "README.md").read_text()
    assert "{{" not in readme
    for name in re.findall(r"`(\w+\.swift)`", readme):
        assert list(folder.rglob(name)), name


def test_facts_are_those_of_the_file(tmp_path):
    facts = (written(tmp_path, "ios", "recording") / "Answers/Model/Facts.swift").read_text()
    assert 'input = Tensor(name: "sequence", size: 2)' in facts
    assert 'states: [Tensor] = [Tensor(name: "window", size: 14)]' in facts
    assert "slides = true" in facts
    assert "threshold: Float = 0.4" in facts
    assert '"a \\u{22}$b\\u{22}\\u{5c}",' in facts


def test_the_page_names_all_versions():
    page = (project.TEMPLATES.parents[2] / "docs/apps.md").read_text(encoding="utf-8")
    table = page[page.index("| of iOS") :]
    for name, version in versions.IOS.items():
        assert re.search(rf"[ ,`]{re.escape(version)}[ ,`]", table), name
