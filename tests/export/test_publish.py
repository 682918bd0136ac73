"""Folders appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from export.errors import ExportError
from export.publish import check_output, publish, working_folder


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(ExportError, match=r"not just an earlier export \(it has 'thesis.txt'\)"):
        check_output(tmp_path)


def test_a_file_is_refused(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_text("")
    with pytest.raises(ExportError, match="is not a folder"):
        check_output(path)


def test_new_empty_and_earlier_are_accepted(tmp_path):
    check_output(tmp_path / "new")
    check_output(tmp_path)
    (tmp_path / "report.json").write_text("{}")
    check_output(tmp_path)


def test_the_working_folder_is_removed_whatever_happens(tmp_path):
    def interrupted():
        with working_folder(tmp_path / "out") as folder:
            (folder / "half").write_text("")
            assert folder.parent == tmp_path
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not os.listdir(tmp_path)


def test_a_failed_rename_puts_the_earlier_export_back(tmp_path, monkeypatch):
    output, finished, aside = tmp_path / "out", tmp_path / "finished", tmp_path / "aside"
    output.mkdir()
    (output / "report.json").write_text("earlier")
    finished.mkdir()
    rename = Path.rename

    def refuse(self, target):
        if self == finished:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="Input/output"):
        publish(finished, output, aside)
    assert (output / "report.json").read_text() == "earlier"
