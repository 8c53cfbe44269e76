"""The dataset card that describes what was found."""

from radflow.new.found import Entry, Found
from radflow.new.place import Place
from radflow.new.yaml_text import lines

NOT_STATED = "not stated"
"""Stands in a card and in its reports for what only the user knows."""

_UNSURE = "MR, CT, XR or other: how intensities are read; a guess, correct it"


def card_text(name: str, found: Found, place: Place) -> str:
    """Write `config/datasets/NAME.yaml`; what nobody knows yet says so."""
    about = found.about
    modality = "" if found.sure else _UNSURE
    entries = [
        Entry("title", about.get("title", name), "full name of the dataset"),
        Entry("description", about.get("description", ""), "what the images and labels show"),
        Entry("licence", about.get("licence", NOT_STATED), "terms of use; reports show it"),
        Entry("attribution", about.get("attribution", ""), "credit line the licence asks for"),
        Entry("citation", about.get("citation", NOT_STATED), "how to cite; reports show it"),
        Entry("layout", found.layout),
        Entry("channels", list(found.channels)),
        Entry("modality", found.modality, modality),
        Entry("classes", dict(found.classes), _about_classes(found)),
        *(
            [Entry("targets", list(found.targets), "classes of a case as a whole")]
            * bool(found.targets)
        ),
        *([Entry(found.layout, list(found.rules))] * bool(found.rules)),
    ]
    text = "\n".join(lines(entries))
    head, *rest = lines(place.source, 4)
    source = "\n".join([head, *rest]).replace("    ", "  - ", 1)
    if head.lstrip().startswith("#"):
        source = "\n".join([head[2:], rest[0].replace("    ", "  - ", 1), *rest[1:]])
    bounds = [
        Entry("archive", list(place.archive) or {}, "bounds of the archive; {}: the defaults"),
        Entry(
            "intake",
            list(found.intake) or {},
            "bounds of a case, and declared repairs; {}: the defaults, none",
        ),
    ]
    end = "\n".join(lines(bounds))
    return f"{text}\nsources:\n{source}\n{end}\n"


def _about_classes(found: Found) -> str:
    if not found.classes:
        return "no label maps were found"
    return "values of the label maps; give them the names that reports should show"
