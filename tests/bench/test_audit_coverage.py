"""How often the intervals of an audit hold the truth, on made archives with biased classifiers.

Each archive has articles whose sentences resemble each other, a classifier with errors of a known
kind, and a sample drawn as `nabra audit` draws it (rare strata oversampled) or plainly.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.audit_archives import CLASSIFIERS, simulate, simulate_groups

ARCHIVES = 1000


@pytest.mark.parametrize("prevalence", [0.01, 0.03, 0.05, 0.3])
@pytest.mark.parametrize("num_coded", [100, 200, 400])
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_coverage(classifier: str, num_coded: int, prevalence: float) -> None:
    runs = simulate(classifier, num_coded, prevalence, archives=ARCHIVES, seed=1)
    cells = []
    for name in ("naive", "classical", "ppi", "ppi++", "normal", "audit"):
        found = runs[name]
        cells.append(f"{name} {found.coverage:.3f} ±{found.half_width:.4f}")
    bias = float(np.mean(runs["naive"].values) - np.mean(runs["truth"].values))
    print(f"\n{classifier} n={num_coded} p={prevalence} naive bias {bias:+.4f}: {'; '.join(cells)}")
    # 0.95 less what chance does to 1,000 archives: 3 standard errors.
    assert runs["audit"].coverage >= 0.93
    assert abs(np.mean(runs["audit"].values) - np.mean(runs["truth"].values)) < 0.003
    # With 100 codings and 12 false alarms for each true one, half of them go to the alarms: 1.13.
    assert runs["audit"].half_width < 1.15 * runs["classical"].half_width


@pytest.mark.parametrize("by", ["label", "label,outlet"])
@pytest.mark.parametrize("num_coded", [150, 400])
def test_coverage_of_groups(num_coded: int, by: str) -> None:
    """Outlets that differ, for which the classifier errs differently; and their differences."""
    runs = simulate_groups(num_coded, by, archives=ARCHIVES, seed=2)
    for name, found in runs.items():
        print(f"\n{by} n={num_coded} {name} {found.coverage:.3f} ±{found.half_width:.4f}", end="")
        if name.startswith("naive"):
            assert found.coverage < 0.5
        else:
            assert found.coverage >= 0.93
