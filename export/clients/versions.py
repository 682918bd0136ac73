"""The versions that the generated projects ask for, the one table of them.

LiteRT.js is in `templates/web/package-lock.json`, whose hashes npm checks.
"""

from __future__ import annotations

from collections.abc import Mapping

# When all of them were the newest, or were tried together.
CHECKED = "2026-11-29"
PYTHON: Mapping[str, str] = {
    "ai-edge-litert": "2.3.0",
    "numpy": "2.4.6",
    "pillow": "13.0.0",
    "soundfile": "0.14.0",
    "soxr": "1.1.0",
    "sounddevice": "0.5.6",
}
# What a Python project of each family needs.
OF_PYTHON: Mapping[str, tuple[str, ...]] = {
    "picture": ("ai-edge-litert", "numpy", "pillow"),
    "sound": ("ai-edge-litert", "numpy", "soundfile", "soxr", "sounddevice"),
    "recording": ("ai-edge-litert", "numpy"),
    "table": ("ai-edge-litert", "numpy"),
}
# Of Google's Maven repository; "android" is the Gradle plugin, whose Kotlin is built in.
ANDROID: Mapping[str, str] = {
    "android": "9.3.2",
    "activity": "1.12.0",
    "camera": "1.6.1",
    "litert": "2.3.2",
    "compile_sdk": "36",
    "min_sdk": "24",
    "gradle": "9.5.0",
}
# LiteRT for iOS is a Swift package on GitHub, "litert" its branch; "ios" is the oldest system.
IOS: Mapping[str, str] = {
    "litert": "release/2.3.0",
    "xcodegen": "2.46.0",
    "xcode": "16",
    "ios": "17.0",
    "swift": "5.0",
}
