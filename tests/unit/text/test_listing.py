"""Lists are data: nothing in them is run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from model.errors import InputError
from model.text import listing


@pytest.mark.parametrize("loader", [listing._SafeLoader, yaml.SafeLoader])
def test_a_list_that_would_make_an_object_is_refused(
    loader: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_SafeLoader", loader)
    path, mark = tmp_path / "list.yaml", tmp_path / "mark"
    path.write_text(f"- id: !!python/object/apply:os.mkdir [{mark}]\n", encoding="utf-8")
    with pytest.raises(InputError, match="is no valid YAML"):
        list(listing.read_entries(path, {"id": str}, {}))
    assert not mark.exists()
    path.write_text("- id: قسد\n", encoding="utf-8")
    assert [entry for _, entry in listing.read_entries(path, {"id": str}, {})] == [{"id": "قسد"}]
