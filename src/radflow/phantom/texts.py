"""What an archive of simulated subjects says about itself."""

from collections.abc import Mapping

README = """\
Simulated subjects
==================

No patient was examined. Every image here was computed by radflow from the ICBM 152 average brain:
the anatomy was deformed, lesions were put in, and the signal of each tissue was worked out from the
equations of the sequences. A subject depends on nothing but the settings, the seed and its number.
Good for trying out methods and software. Results on these subjects say nothing about patients.

derivatives/reference holds what the simulation knows: label maps, and the list of lesions.

The template: Fonov et al., NeuroImage 54 (2011) 313-327, doi:10.1016/j.neuroimage.2010.07.033;
Fonov et al., NeuroImage 47 (2009) S102, doi:10.1016/S1053-8119(09)70884-5. Its notice:

Copyright (C) 1993-2004 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological
Institute, McGill University. Permission to use, copy, modify, and distribute this software and its
documentation for any purpose and without fee is hereby granted, provided that the above copyright
notice appear in all copies. The authors and McGill University make no representations about the
suitability of this software for any purpose. It is provided "as is" without express or implied
warranty. The authors are not responsible for any data loss, equipment damage, property loss, or
injury to subjects or patients resulting from the use or misuse of this software package.
"""

COLUMNS: Mapping[str, Mapping[str, object]] = {
    "participant_id": {"Description": "simulated subject, by number"},
    "diagnosis": {"Description": "disease that was put in"},
    "age": {"Description": "age that the anatomy was given", "Units": "year"},
    "sex": {
        "Description": "sex that the anatomy was given",
        "Levels": {"F": "female", "M": "male"},
    },
    "scanner": {"Description": "simulated scanner; each has a protocol of its own"},
    "treated": {"Description": "whether a stroke was treated; n/a without a stroke"},
    "lesions": {"Description": "number of lesions, mimics left out"},
    "lesion_ml": {"Description": "volume of all lesions, mimics left out", "Units": "mL"},
    "grey_matter_ml": {"Description": "grey matter before disease", "Units": "mL"},
    "white_matter_ml": {"Description": "white matter before disease", "Units": "mL"},
    "ventricles_ml": {"Description": "ventricles before disease", "Units": "mL"},
    "hippocampi_ml": {"Description": "grey matter of both hippocampi", "Units": "mL"},
}
"""Columns of `participants.tsv`, as `participants.json` describes them."""


def description(kind: str) -> dict[str, object]:
    """Make `dataset_description.json` of a ``raw`` or a ``derivative`` dataset."""
    what = "Simulated subjects" if kind == "raw" else "What the simulation knows of its subjects"
    return {
        "Name": f"{what} (no patient was examined)",
        "BIDSVersion": "1.10.0",
        "DatasetType": kind,
        "GeneratedBy": [{"Name": "radflow phantom", "Description": "a simulation"}],
    }
