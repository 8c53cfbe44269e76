"""What DICOM headers tell of who was examined: attributes are named, their values never.

This does not de-identify. Source of the table: DICOM PS3.15, table E.1-1 (Basic Application Level
Confidentiality Profile), those attributes that name a person, a place, a device or a day. Age, sex,
size and weight are patient characteristics (E.3.7) and stay; an age above 89 does not.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import Check, Level, Problem
from radflow.datasets.checks.identity_columns import MOST_YEARS

NAMING = (
    *("PatientName", "PatientID", "OtherPatientIDs", "OtherPatientIDsSequence"),
    *("OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "PatientBirthDate"),
    *("PatientBirthTime", "PatientAddress", "PatientTelephoneNumbers", "PatientTelecomInformation"),
    *("CountryOfResidence", "RegionOfResidence", "MilitaryRank", "BranchOfService"),
    *("PatientInsurancePlanCodeSequence", "MedicalRecordLocator", "PatientReligiousPreference"),
    *("ResponsiblePerson", "ResponsibleOrganization", "PatientComments"),
    *("PersonName", "PersonAddress", "PersonTelephoneNumbers", "PersonIdentificationCodeSequence"),
)
"""Attributes that name the patient."""

FURTHER = (
    *("InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName"),
    *("InstitutionCodeSequence", "InstitutionalDepartmentTypeCodeSequence", "StationName"),
    *("ReferringPhysicianName", "ReferringPhysicianAddress", "ReferringPhysicianTelephoneNumbers"),
    *("ReferringPhysicianIdentificationSequence", "ConsultingPhysicianName", "PhysiciansOfRecord"),
    *("PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "OperatorsName"),
    *("RequestingPhysician", "ScheduledPerformingPhysicianName", "VerifyingObserverName"),
    *("OrderEnteredBy", "OrderCallbackPhoneNumber", "RequestingService", "ContentCreatorName"),
    *("ReviewerName", "CurrentPatientLocation", "PatientInstitutionResidence"),
    *("AccessionNumber", "StudyID", "AdmissionID", "IssuerOfPatientID", "ServiceEpisodeID"),
    *("RequestedProcedureID", "ScheduledProcedureStepID", "PerformedProcedureStepID"),
    *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
    *("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "AcquisitionDateTime"),
    *("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "InstanceCreationDate"),
    *("InstanceCreationTime", "AdmittingDate", "AdmittingTime", "PerformedProcedureStepStartDate"),
    *(
        "PerformedProcedureStepStartTime",
        "ScheduledProcedureStepStartDate",
        "DateOfSecondaryCapture",
    ),
    *("FrameAcquisitionDateTime", "FrameReferenceDateTime", "LastMenstrualDate"),
    *("DeviceSerialNumber", "DeviceUID", "GantryID", "PlateID", "DetectorID", "CassetteID"),
    *("PerformedStationName", "PerformedStationAETitle", "ScheduledStationName"),
    *("AdditionalPatientHistory", "AdmittingDiagnosesDescription", "MedicalAlerts", "Allergies"),
    *("Occupation", "EthnicGroup", "ImageComments", "StudyComments", "RequestAttributesSequence"),
    *("OriginalAttributesSequence", "TextString", "TextComments", "VisitComments"),
)
"""Attributes that name places, other persons, orders, days and devices, or hold free text."""

_BY_TAG = {tag: name for name in (*NAMING, *FURTHER) if (tag := tag_for_keyword(name)) is not None}
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_MOST_NESTED_ITEMS = 200_000
_PICTURES = (
    "1.2.840.10008.5.1.4.1.1.7",  # secondary capture, also its multi-frame kinds
    "1.2.840.10008.5.1.4.1.1.6",  # ultrasound
    "1.2.840.10008.5.1.4.1.1.3",  # ultrasound multi-frame
    "1.2.840.10008.5.1.4.1.1.77.1",  # visible light: endoscopy, microscopy, photographs
)
_SCREENS = frozenset({"DF", "DV", "SD", "SI", "WSD"})
"""ConversionType: digitised films and video, scanned documents, screens of workstations."""
_CLEAN = "De-identify the files at their source (DICOM PS3.15 Annex E)"


@dataclass(frozen=True)
class Identity:
    """What an instance tells of who was examined, without any value.

    Attributes
    ----------
    removed
        Whether PatientIdentityRemoved (0012,0062) is YES.
    attributes
        Keywords of the tables above that are not empty, at any depth, sorted.
    private
        Private groups, e.g. ``"0009"``, sorted.
    burned_in
        Whether BurnedInAnnotation (0028,0301) is YES.
    picture
        Whether it is a capture, an ultrasound image or a photograph, where text is often burned in.
    very_old
        Whether the patient is older than 89 years.
    """

    removed: bool
    attributes: tuple[str, ...]
    private: tuple[str, ...]
    burned_in: bool
    picture: bool
    very_old: bool


def identity_of(dataset: Dataset) -> Identity:
    """Look through a header, its sequences included."""
    text = {
        key: str(dataset.get(key) or "").strip().upper()
        for key in ("PatientIdentityRemoved", "BurnedInAnnotation", "SOPClassUID", "ConversionType")
    }
    kind = text["SOPClassUID"]
    found = set(_tags(dataset))
    years = age_in_years(str(dataset.get("PatientAge") or ""))
    return Identity(
        removed=text["PatientIdentityRemoved"] == "YES",
        attributes=tuple(sorted({_BY_TAG[tag] for tag in found if tag in _BY_TAG})),
        private=tuple(sorted({f"{tag >> 16:04X}" for tag in found if tag >> 16 & 1})),
        burned_in=text["BurnedInAnnotation"] == "YES",
        picture=any(kind == uid or kind.startswith(f"{uid}.") for uid in _PICTURES)
        or text["ConversionType"] in _SCREENS,
        very_old=years is not None and years > MOST_YEARS,
    )


def age_in_years(text: str) -> float | None:
    """Give PatientAge, e.g. ``072Y`` or ``018M``, in years; None where it is not valid."""
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text.strip())
    return None if match is None else int(match[1]) * _YEARS[match[2]]


def _tags(dataset: Dataset) -> Iterator[int]:
    """Give the tags of all attributes that are not empty, those within sequences too."""
    waiting = [dataset]
    seen = 0
    while waiting:
        current = waiting.pop()
        for tag in list(current.keys()):
            element = current.get_item(tag)
            if not element.value:
                continue
            yield int(tag)
            if not _is_sequence(current, tag):
                continue
            items = cast("Sequence[Dataset]", current[tag].value)
            seen += len(items)
            if seen > _MOST_NESTED_ITEMS:
                message = f"sequences hold more than {_MOST_NESTED_ITEMS} items"
                raise ValueError(message)
            waiting.extend(items)


def _is_sequence(dataset: Dataset, tag: BaseTag) -> bool:
    """Say whether an attribute is a sequence; files of implicit VR leave it to the dictionary."""
    vr = cast("str | None", dataset.get_item(tag).VR)
    if vr is None and not tag.is_private:
        return dataset[tag].VR == "SQ"
    return vr == "SQ"


@dataclass(frozen=True)
class Identities:
    """What the instances of a series tell together, and what the card declares of them."""

    each: tuple[Identity, ...]
    rules: IntakeRules

    @property
    def removed(self) -> bool:
        """Whether every instance says that identity was removed."""
        return all(identity.removed for identity in self.each)

    @property
    def declared(self) -> bool:
        """Whether the card says that names and numbers in the files are made up."""
        return self.rules.pseudonyms

    def attributes(self) -> list[str]:
        """Keywords that are not empty in any instance, sorted."""
        return sorted({name for identity in self.each for name in identity.attributes})

    def private(self) -> list[str]:
        """Private groups of any instance, sorted."""
        return sorted({group for identity in self.each for group in identity.private})


def _attributes(identities: Identities) -> Problem | None:
    """Refuse attributes that carry identity, unless it was removed or the card declares them."""
    attributes, private = identities.attributes(), identities.private()
    if identities.removed:
        attributes, private = [name for name in attributes if name in NAMING], []
        attributes = [name for name in attributes if name != "PatientID"]
    if not attributes and not private:
        return None
    shown = [_shown(name) for name in attributes] + [f"private group {group}" for group in private]
    said = "says YES" if identities.removed else "does not say YES"
    message = f"PatientIdentityRemoved (0012,0062) {said}, not empty are: {', '.join(shown)}"
    if identities.removed:
        return Problem(Level.NOTE, message, "Values are not kept; see that they are made up")
    if identities.declared:
        return Problem(Level.NOTE, message, "Made up, as `intake: identity: pseudonyms` says")
    remedy = f"{_CLEAN}, or declare `intake: identity: pseudonyms` where all of it is made up"
    return Problem(Level.QUAR, message, remedy)


def _shown(keyword: str) -> str:
    tag = cast("int", tag_for_keyword(keyword))
    return f"{keyword} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _private(identities: Identities) -> Problem | None:
    groups = identities.private()
    if not groups or not identities.removed:
        return None
    message = f"private groups {', '.join(groups)}, whose meaning only their maker knows"
    return Problem(Level.NOTE, message, "They are not read, and not kept")


def _burned_in(identities: Identities) -> Problem | None:
    marked = sum(identity.burned_in for identity in identities.each)
    pictures = sum(identity.picture for identity in identities.each)
    if marked:
        message = f"BurnedInAnnotation (0028,0301) is YES in {marked} of {len(identities.each)}"
        return Problem(Level.QUAR, message, "Remove the text from the pixels at their source")
    if pictures:
        message = (
            f"{pictures} of {len(identities.each)} are captures, ultrasound images or photographs, "
            "where names are often part of the picture"
        )
        return Problem(Level.QUAR, message, "Look at them, and deliver them without header or text")
    return None


def _age(identities: Identities) -> Problem | None:
    if not any(identity.very_old for identity in identities.each):
        return None
    message = f"PatientAge (0010,1010) is above {MOST_YEARS} years, which few people are"
    return Problem(Level.QUAR, message, "Remove the age at its source")


IDENTITY_CHECKS: tuple[Check[Identities], ...] = (
    Check("dicom-identity", 57, "headers that may name the patient", _attributes),
    Check("dicom-private", 57, "private attributes", _private),
    Check("dicom-burned-in", 57, "text may be burned in", _burned_in),
    Check("dicom-age", 57, "an age above 89 years", _age),
)
