"""Packaging: dependencies, the `zoo` command, and the checkpoints that ship."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="zoo-residual",
    version="0.1.0",
    description="A Keras 3 zoo of residual networks with pretrained, verified TFLite export",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=[*find_packages(include=["zoo*", "export*"]), "zoo.pretrained"],
    # The checkout's checkpoints/ is installed as zoo/pretrained/.
    package_dir={"zoo.pretrained": "checkpoints"},
    package_data={
        "zoo": ["py.typed", "models/imagenet_labels.txt"],
        "export": ["clients/templates/**/*"],
        "zoo.pretrained": ["*/card.json", "*/model.safetensors"],
    },
    install_requires=[
        "absl-py>=2.3",
        "ai-edge-litert>=2.3,<2.4",  # Its schema and CompiledModel are no public interface.
        "filelock>=3.16",
        "huggingface_hub>=1",
        "jinja2>=3.1",
        "keras>=3.15,<3.16",
        "matplotlib>=3.10",
        "ml_dtypes>=0.5.1",  # bfloat16 for numpy; Keras has it too.
        "numpy>=2.1",
        "pillow>=11.3",
        "rich>=14",
        "safetensors>=0.6.1",
        "scikit-learn>=1.7",
        "scipy>=1.15",
        "segno>=1.6",  # QR codes, in Python alone.
        "soundfile>=0.13,<0.15",
        "soxr>=0.5,<2",
        "tensorflow>=2.21,<2.22",
        "tensorflow-datasets>=4.9.9",
        "importlib_resources>=6",  # tensorflow-datasets imports it and forgets to ask for it.
    ],
    extras_require={
        "test": [
            "pytest>=8",
            "pytest-xdist>=3.8",
            "datasets>=4",
            "pillow-heif>=1",
            "jax>=0.8",
            "pyyaml>=6",
            "tensorboard>=2.20",
            "tree-sitter>=0.25",  # Parses the Swift of the generated code.
            "tree-sitter-swift>=0.7",
        ],
        "lint": ["ruff", "mypy", "import-linter>=2.17"],
        "tensorboard": ["tensorboard>=2.20"],
        "heif": ["pillow-heif>=1"],  # Its wheel holds x265, whose licence is the GPL.
        "hf": ["datasets>=4"],  # --data=hf:OWNER/NAME
        "torch": ["torch>=2.6"],  # benchmarks/throughput.py
        # Software of real devices, that exports are tried on.
        "provers": [
            "ethos-u-vela>=5.2",
            "mediapipe>=1.2",
            "tflite-micro>=0.dev20261023182759",  # There are only pre-releases.
        ],
        "browser": ["playwright>=1.50"],  # Drives Chromium, for the tests of the web app.
        # Sphinx, since it is kept: MkDocs is not, and its successors are young (November 2026).
        "docs": ["sphinx>=9,<10", "myst-parser>=5", "furo>=2025.12.19"],
        "golden": ["timm>=1", "torch>=2.6", "torchvision>=0.21"],  # tests/golden/make_goldens.py
    },
    entry_points={"console_scripts": ["zoo=zoo.commands.main:main"]},
)
