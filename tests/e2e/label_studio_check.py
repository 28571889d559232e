"""Run by a Python that holds label-studio-sdk: its own checks of a configuration and of tasks.

label_studio_check.py config.xml tasks.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from label_studio_sdk.label_interface import LabelInterface

interface = LabelInterface(Path(sys.argv[1]).read_text(encoding="utf-8"))
interface.validate()
for task in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")):
    for prediction in task["predictions"]:
        if faults := interface.validate_prediction(prediction, return_errors=True):
            sys.exit("\n".join(faults))
        if not interface.validate_annotation(prediction | {"completed_by": 1}):
            sys.exit(f"no annotation: {prediction}")
