"""Bring what the sections of every report show together, for the template."""

from collections.abc import Iterator, Mapping
from typing import Any

from radflow.report import acquisition, cohort, confounding, privacy, quality, reproduce
from radflow.report.claim import CLAIM_ADDRESS, claim_rows, claim_summary
from radflow.report.flow import flow_of
from radflow.report.leakage import NOT_STATED
from radflow.report.load import DescribedStudy, TrainedStudy
from radflow.report.names import part_title
from radflow.report.numbers import count, short
from radflow.report.sections import Kind, OptionalSection, Study, with_optional

_SIMULATED = {
    "eligibility": "nobody was recruited: subjects are simulated",
    "deidentification": "not needed: subjects are simulated",
    "reference_standard": "known from the simulation, without error",
    "annotators": "none: labels are the simulation's",
    "ethics": "not needed: no patient was examined",
}
"""What stands where the authors of a study of simulated subjects say nothing more."""


def context_of(data: Study, kind: Kind[Study]) -> dict[str, Any]:
    """Build everything the template of a report names."""
    trains = isinstance(data, TrainedStudy)
    found = _optional(data, kind)
    answered = {item.number: item for section, _ in found for item in section.claim}
    rows = claim_rows(data, otherwise={**kind.claim, **answered})
    sections = with_optional(kind.sections, [each for each, _ in found])
    return {
        "data": data,
        "inputs": data.inputs,
        "text": data.inputs.text,
        "sections": sections,
        "section_titles": dict(sections),
        "templates": {anchor: kind.template_of(anchor) for anchor, _ in sections},
        "simulated": data.inputs.card.simulated,
        "trains": trains,
        "unstated": _unstated(data),
        "part_title": part_title,
        "card": (*kind.card(data), *_origin(data)),
        "limitations": tuple(kind.limitations(data)),
        "claim": rows,
        "claim_summary": claim_summary(rows),
        "claim_address": CLAIM_ADDRESS,
        **_of_the_data(data),
        **_of_the_reproduction(data),
        **kind.context(data),
        **{section.anchor: shown for section, shown in found},
    }


def _optional(
    data: DescribedStudy, kind: Kind[Any]
) -> list[tuple[OptionalSection, Mapping[str, Any]]]:
    if not isinstance(data, TrainedStudy):
        return []
    each = ((section, section.context(data)) for section in kind.optional)
    return [(section, shown) for section, shown in each if shown is not None]


def _unstated(data: DescribedStudy) -> dict[str, str]:
    """Say what stands where the authors say nothing, by field of their text."""
    known = _SIMULATED if data.inputs.card.simulated else {}
    return dict.fromkeys(_SIMULATED, NOT_STATED) | known


def _of_the_data(data: DescribedStudy) -> dict[str, Any]:
    tables = quality.quality_tables(data)
    found = confounding.shortcuts(data.cases)
    return {
        "archive": _archive(data),
        "flow": flow_of(data),
        "findings": tables,
        "pictured": quality.has_pictures(tables),
        "identity_checks": privacy.identity_checks(data),
        "identity_found": privacy.identity_findings(data),
        "heads": privacy.shows_heads(data),
        "reference": tuple(_reference(data)),
        "cohort": cohort.cohort_table(data),
        "acquisition": acquisition.acquisition_table(data),
        "sources": confounding.sources_checked(data.cases),
        "shortcuts": [
            (confounding.shortcut_text(each), confounding.shortcut_table(each)) for each in found
        ],
    }


def _of_the_reproduction(data: DescribedStudy) -> dict[str, Any]:
    return {
        "command": reproduce.command(data),
        "hashes": reproduce.hashes_table(data),
        "seeds": reproduce.seeds_table(data),
        "versions": reproduce.versions_table(),
        "determinism": reproduce.determinism(data),
    }


def _origin(data: DescribedStudy) -> Iterator[tuple[str, str]]:
    """Yield the lines that end every card."""
    yield "Data hash", f"sha256 {short(str(data.source.get('sha256', '')), 16)}"
    yield "Authors", data.inputs.text.authors or NOT_STATED


def _reference(data: DescribedStudy) -> Iterator[str]:
    """Say what there is of a reference standard, in the cases themselves."""
    labelled = sum(case.label is not None for case in data.cases)
    classed = sum(bool(case.target) for case in data.cases)
    lesions = sum(len(case.lesions) for case in data.cases)
    if labelled:
        yield f"{count(labelled, 'label map')} of {', '.join(data.classes)}"
    if classed:
        yield f"a class for {count(classed, 'case')}: {', '.join(data.inputs.card.targets)}"
    if lesions:
        marked = sum(bool(case.lesions) for case in data.cases)
        yield f"{count(lesions, 'marked lesion')} in {count(marked, 'case')}"


def _archive(data: DescribedStudy) -> dict[str, str]:
    """Name the archive by its file alone: the folder it lay in is this machine's."""
    source = data.source
    place = str(source.get("url_or_mirror", "") or source.get("archive", ""))
    name = place if place.startswith(("http://", "https://")) else place.rpartition("/")[2]
    if data.inputs.card.simulated:
        name = f"{count(len(source.get('archives', [])), 'archive')}, simulated by this project"
    size = source.get("bytes")
    return {
        "name": name,
        "size": f"{size / 1e6:,.1f} MB" if size else "",
        "sha256": str(source.get("sha256", "")),
    }
