"""Columns of a table that, by their name, tell who a patient is.

After the identifiers that the Safe Harbor method of HIPAA lists (45 CFR 164.514(b)(2)) and the
patient's attributes in the basic profile of DICOM PS3.15, Annex E. Columns of ages are no such
columns: their values are checked (`above_age_bound`).
"""

import re
from collections.abc import Iterable, Sequence

from radflow.datasets.checks.finding import Finding, Level, Problem, found

MOST_YEARS = 89
"""Age above which a patient can be told: 45 CFR 164.514(b)(2)(i)(C)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ANYWHERE = _words(
    "address adresse apellido apellidos birthdate birthday birthplace dob email fax forename "
    "geburtsdatum lastname firstname mrn nachname passport phone postcode prenom ssn surname "
    "telefon telephone vorname zip zipcode"
)
"""Words that identify wherever they stand in a column's name."""
_WHOLE = _words(
    "account_number accession accession_number birth birth_date birth_day birth_place cell "
    "city date_of_birth driver_license e_mail family_name first_name full_name geburtstag "
    "given_name hospital_number initials insurance insurance_number last_name maiden_name "
    "medical_record medical_record_number middle_name mobile mobile_number name names "
    "nhs_number nom nombre operator_name other_patient_ids participant_name "
    "patient_birth_date patient_name patient_names physician physician_name postal_code "
    "record_number referring_physician referring_physician_name social_security "
    "social_security_number street subject_name"
)
"""Names that identify as a whole; ``name`` within ``file_name`` does not."""
_WHOLE_JOINED = frozenset(name.replace("_", "") for name in _WHOLE)
_AGE = re.compile(r"(?:(?:patients?|subjects?|participants?)_)?ages?(?:_(?:years?|yrs?|y|at_\w+))?")
_YEARS = re.compile(r"\s*0*(\d{1,3})(?:\.\d*)?\s*(?:y|yr|yrs|years?)?\s*", re.IGNORECASE)


def identity_columns(names: Sequence[str]) -> list[str]:
    """Choose the columns whose name says that they hold a name, birth date, address or number.

    Parameters
    ----------
    names
        Headers, in any case and with any signs between words.

    Returns
    -------
    list of str
        Those among `names`, in their order.
    """
    return [name for name in names if _identifies(plain_header(name))]


def age_columns(names: Sequence[str]) -> list[str]:
    """Choose the columns whose name says that they hold the patient's age in years."""
    return [name for name in names if _AGE.fullmatch(plain_header(name))]


def above_age_bound(text: str) -> bool:
    """Say whether a text is an age above 89 years; open classes such as ``90+`` are not.

    ``93``, ``93.5``, ``093Y`` (DICOM) and ``93 years`` are read.
    """
    years = _YEARS.fullmatch(text)
    return years is not None and int(years[1]) > MOST_YEARS


def old_age(columns: Iterable[str], case: str) -> Finding:
    """Give the finding of an age above the bound; the age itself is not told."""
    message = f"{', '.join(columns)} is above {MOST_YEARS} years, which may identify the patient"
    remedy = f"Write the age as {MOST_YEARS + 1}+, or leave the case out"
    reason = f"an age above {MOST_YEARS}"
    return found("age", 57, reason, Problem(Level.QUAR, message, remedy), case=case)


def _identifies(name: str) -> bool:
    joined = name.replace("_", "")
    return joined in _WHOLE_JOINED or bool(_ANYWHERE & {*name.split("_"), joined})


def plain_header(name: str) -> str:
    """Turn ``PatientName``, ``patient-name`` and ``Patient name`` into ``patient_name``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return "_".join(re.findall(r"\w+", words.replace("_", " ").casefold()))
