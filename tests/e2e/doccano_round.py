"""Run by doccano's own Python: a file through its import and out by its export.

doccano_round.py TASKS.jsonl EXPORT.jsonl, in an environment that holds doccano.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

TASKS, EXPORT = Path(sys.argv[1]), Path(sys.argv[2])
spec = importlib.util.find_spec("backend")
assert spec is not None
assert spec.submodule_search_locations is not None
sys.path.insert(0, spec.submodule_search_locations[0])
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.development"
os.environ["DATABASE_URL"] = f"sqlite:///{EXPORT.with_suffix('.sqlite3')}"

import django  # noqa: E402

django.setup()

from data_export.models import ExportedExample  # noqa: E402
from data_export.pipeline import factories  # noqa: E402
from data_export.pipeline.dataset import Dataset  # noqa: E402
from data_export.pipeline.services import ExportApplicationService  # noqa: E402
from data_import.datasets import load_dataset  # noqa: E402
from data_import.pipeline.catalog import JSONL, RELATION_EXTRACTION  # noqa: E402
from data_import.pipeline.readers import FileName  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from projects.models import ProjectType, SequenceLabelingProject  # noqa: E402

call_command("migrate", verbosity=0)
user = User.objects.create_user("amal", password="amal")
project = SequenceLabelingProject.objects.create(
    name="nabra",
    project_type=ProjectType.SEQUENCE_LABELING,
    created_by=user,
    allow_overlapping=True,
    use_relation=True,
)
upload = FileName(full_path=str(TASKS), generated_name=TASKS.name, upload_name=TASKS.name)
dataset = load_dataset(RELATION_EXTRACTION, JSONL, [upload], project, encoding="utf_8")
dataset.save(user)
assert not dataset.errors, dataset.errors
examples = ExportedExample.objects.filter(project=project)
ExportApplicationService(
    Dataset(
        examples, factories.create_labels(project, examples), factories.create_comment(examples)
    ),
    factories.create_formatter(project, JSONL.name),
    factories.create_writer(JSONL.name),
).export(str(EXPORT))
