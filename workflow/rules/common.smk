"""What the rules share: the studies and their datasets, and which files each step makes of them."""

import ast
import hashlib
import json
import shlex
import sys
from pathlib import Path

import radflow
from radflow.config.base import Section
from radflow.config.load import check_study, load_card, load_studies
from radflow.config.origins import apart_datasets, check_origins, start_fold
from radflow.config.project import Project
from radflow.config.search import earlier_trials
from radflow.config.study import BASELINE
from radflow.errors import RadflowError
from radflow.parts import TEST, fold_number
from radflow.provenance import code_version


def told(read, *arguments):
    """Read or check the configuration; what is wrong with it is one message, not a trace of calls."""
    try:
        return read(*arguments)
    except RadflowError as error:
        raise WorkflowError(str(error)) from None


PROJECT = Project.model_validate(config)
# The studies of the project, those that stand beside them, and those that models start from.
STUDIES = told(load_studies, Path("config/studies"), PROJECT.studies)
FAMILIES = ("segmentation", "classification")
TRAINABLE = [name for name, study in STUDIES.items() if not study.describes]
TRAINED = [name for name in TRAINABLE if name in PROJECT.studies]
CURVED = [name for name in TRAINED if STUDIES[name].curve]
SEARCHED = [name for name in TRAINED if STUDIES[name].search]
DESCRIBED = [name for name in PROJECT.studies if STUDIES[name].describes]
CARDS = {
    name: told(load_card, Path("config/datasets"), name)
    for name in (*(n for s in STUDIES.values() for n in s.datasets), *PROJECT.datasets)
}

DOWNLOADED = [name for name, card in CARDS.items() if not card.simulated]
SIMULATED = [name for name, card in CARDS.items() if card.simulated]

# Snakemake lowers it to the cores it is given (`workflow.cores` stops `snakemake --report`).
ALL_CORES = 1024

# `python` in a shell command is the one that runs Snakemake, whether its environment is active or not.
shell.prefix(
    f"set -euo pipefail; export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; "
)

for each in STUDIES:
    told(check_study, STUDIES[each], CARDS[STUDIES[each].dataset])
    told(check_origins, each, STUDIES)


def one_of(names):
    """Give the pattern that matches these names alone; without names, nothing."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    study=one_of(TRAINABLE),
    dataset="[A-Za-z0-9][A-Za-z0-9_-]*",
    model="[A-Za-z0-9-]+",
    fold=r"\d+",
    part=r"fold-\d+|test",
    group="development|test",
    shard=r"\d{3}",
    size=r"\d+",
    seed=r"\d+",
    number=r"\d{3}",


def plain(value):
    """Give a section, or a mapping of sections, as plain values."""
    return value.model_dump(mode="json") if isinstance(value, Section) else value


def of_study(name):
    """Give the function that looks up a key of the study: a rule depends on no other key."""
    return lambda wildcards: plain(getattr(STUDIES[wildcards.study], name))


def card_of(wildcards):
    """Find the card of the wildcards' dataset, or of their study's."""
    dataset = wildcards.get("dataset") or STUDIES[wildcards.study].dataset
    return CARDS[dataset]


def of_card(name):
    """Give the function that looks up a key of the dataset's card."""
    return lambda wildcards: card_of(wildcards).model_dump(mode="json")[name]


def code(step):
    """Hash what the code of a step would do; Snakemake itself sees only the script's own text."""
    modules = modules_of(step)
    version = code_version(*modules)
    writes_pages = any(module.startswith("radflow.report.") for module in modules)
    return f"{version}-{templates()}" if writes_pages else version


def code_of(step):
    """Give the function that looks up `code` of a step that each family of tasks does its own way."""
    return lambda wildcards: VERSIONS[STUDIES[wildcards.study].task][step]


def templates():
    """Hash the templates of the pages, which are no modules."""
    digest = hashlib.sha256()
    for file in sorted(Path(radflow.__file__).parent.glob("report/templates/**/*")):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def modules_of(step):
    """List the modules of radflow that a step's script imports; training is a program.

    A step that each family of tasks does its own way is named with its family: `segmentation/plan`.
    """
    family, _, program = step.rpartition("/")
    if program in PROGRAMS:
        return [PROGRAMS[program], f"radflow.training.{family}"]
    script = Path(workflow.basedir, "workflow", "scripts", f"{step}.py")
    nodes = ast.walk(ast.parse(script.read_text(encoding="utf-8")))
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    return sorted(
        name
        for name in named
        if name.startswith("radflow.") and name != "radflow.steps"
    )


def folds_of(study, part):
    """List the folds whose models predict a part: the fold's own, or on the test part all."""
    return STUDIES[study].fold_numbers if part == TEST else [fold_number(part)]


def parts_of(study):
    """List the parts to predict; test cases are read only where the study opens the test part."""
    test = ["test"] if STUDIES[study].evaluation.test == "open" else []
    return [*(f"fold-{fold}" for fold in STUDIES[study].fold_numbers), *test]


def cases_of(wildcards):
    """Find the table of cases of a study's dataset."""
    return f"data/cases/{STUDIES[wildcards.study].dataset}/cases.tsv"


def apart_of(wildcards):
    """List the tables of cases of the datasets that may share no patient with a study's own."""
    return [
        f"data/cases/{name}/cases.tsv"
        for name in apart_datasets(wildcards.study, STUDIES)
    ]


def findings_of(wildcards):
    """Find what intake found in a study's dataset."""
    return str(Path(cases_of(wildcards)).with_name("findings.tsv"))


def counts_of(wildcards):
    """Find how many cases of a study's dataset intake accepted."""
    return str(Path(cases_of(wildcards)).with_name("intake.json"))


def source_of(wildcards):
    """Find the record of where a study's archives came from."""
    return f"data/raw/{STUDIES[wildcards.study].dataset}.source.json"


def archives_of(wildcards):
    """List the archives of the wildcards' dataset."""
    return archives(wildcards.dataset)


def archives(dataset):
    """List a dataset's archives: the one that is downloaded, or those that are simulated."""
    if dataset in DOWNLOADED:
        return [f"data/raw/{dataset}.tar"]
    count = CARDS[dataset].phantom.shards
    return [f"data/raw/{dataset}/{shard:03d}.tar" for shard in range(count)]


def shards_of(study, group):
    """List the files of a study's preprocessed cases; test cases have files of their own."""
    count = getattr(STUDIES[study].preprocess, f"{group}_shards")
    return [
        f"data/preprocessed/{study}/{group}-{shard:03d}.shard" for shard in range(count)
    ]


def all_shards(study):
    """List the shards that a study needs: those of test cases only where the part is open."""
    groups = ["development", *(["test"] if "test" in parts_of(study) else [])]
    return [path for group in groups for path in shards_of(study, group)]


def models_of(wildcards):
    """List the descriptions of the trained folds that predict the wildcards' part."""
    folder = f"results/{wildcards.study}/models/{wildcards.model}"
    return [
        f"{folder}/fold-{f}/model.json"
        for f in folds_of(wildcards.study, wildcards.part)
    ]


def weights_of(wildcards):
    """List the weights that belong to `models_of`."""
    return [
        str(Path(model).with_name("weights.safetensors"))
        for model in models_of(wildcards)
    ]


def shards_to_predict(wildcards):
    """List the shards that hold the cases of the wildcards' part."""
    return shards_of(
        wildcards.study, "test" if wildcards.part == "test" else "development"
    )


def precision_of(wildcards):
    """Give the precision in which a model was trained, to predict in the same."""
    return STUDIES[wildcards.study].all_models[wildcards.model].training.precision


def scoring_rules(wildcards):
    """Give the rules of evaluation that a score depends on: not which parts are open.

    Those of a classification stand in the ledger with an access to the test part, so that other
    thresholds are another access.
    """
    study = STUDIES[wildcards.study]
    left_out = {
        "test",
        *(["answers"] if study.task == "segmentation" else ["nsd_tolerance_mm"]),
    }
    return study.evaluation.model_dump(mode="json", exclude=left_out)


def answer_rules(wildcards):
    """Give the thresholds, prevalences and bins of a classification."""
    return plain(STUDIES[wildcards.study].evaluation.answers)


def earlier_access(wildcards):
    """Name the test scores to wait for, so that the ledger always has the same order of rows."""
    models = sorted(all_models(wildcards.study), key=lambda name: name != BASELINE)
    place = models.index(wildcards.model)
    if wildcards.part != "test" or place == 0:
        return []
    return [f"results/{wildcards.study}/evaluation/{models[place - 1]}/test.tsv"]


def evaluations_of(study):
    """List the tables of metrics of every model and part of a study."""
    return expand(
        f"results/{study}/evaluation/{{model}}/{{part}}.tsv",
        model=STUDIES[study].all_models,
        part=parts_of(study),
    )


def explained_part(study):
    """List the parts whose cases a study explains."""
    return (
        ["test"]
        if STUDIES[study].explain.part == "test"
        else [f"fold-{fold}" for fold in folds(study)]
    )


def explained_scores(wildcards):
    """List the tables of what a model said of the cases to explain."""
    folder = f"results/{wildcards.study}/evaluation/{wildcards.model}"
    return [f"{folder}/{part}.tsv" for part in explained_part(wildcards.study)]


def explained_folds(wildcards, file):
    """List a file of each fold of a model to explain."""
    folder = f"results/{wildcards.study}/models/{wildcards.model}"
    return [f"{folder}/fold-{fold}/{file}" for fold in folds(wildcards.study)]


def explained_shards(wildcards):
    """List the shards that hold the cases to explain."""
    test = explained_part(wildcards.study) == ["test"]
    return shards_of(wildcards.study, "test" if test else "development")


def explanations_of(study):
    """List the explanations of a study's models; none where it asks for none."""
    return expand(
        f"results/{study}/explain/{{model}}/explained.tsv",
        model=STUDIES[study].explained_models,
    )


def predictions_of(study):
    """List the tables of predictions of every model and part of a study."""
    return expand(
        PREDICTIONS, study=study, model=all_models(study), part=parts_of(study)
    )


def numbers_of(study):
    """Find the numbers of a study: its metrics, or of a described one how many cases there are."""
    if not STUDIES[study].describes:
        return f"results/{study}/metrics.json"
    return f"data/cases/{STUDIES[study].dataset}/intake.json"


def beside_of(wildcards):
    """List the studies whose headline numbers stand in a study's report: name, title, why."""
    return [
        {"study": name, "title": STUDIES[name].title, "why": why}
        for name, why in STUDIES[wildcards.study].beside.items()
    ]


def extras_of(wildcards):
    """Name the files of the optional sections of a study's report: `extra_NAME` and path."""
    study = wildcards.study
    found = {
        "search": searches_of(study),
        "curve": curve_of(study),
        "explain": explanations_of(study),
    }
    first = {f"extra_{name}": paths[0] for name, paths in found.items() if paths}
    return {**first, "further": explanations_of(study)[1:]}


def headlines():
    """Give title and question of each study, whether it trains, and whether it is simulated."""
    return {
        name: {
            "title": STUDIES[name].title,
            "question": STUDIES[name].question,
            "describes": STUDIES[name].describes,
            "simulated": CARDS[STUDIES[name].dataset].simulated,
        }
        for name in PROJECT.studies
    }


def all_folds(study, file):
    """List a file of every trained fold of every model of a study."""
    folder = f"results/{study}/models/{{model}}/fold-{{fold}}/{file}"
    return expand(folder, model=all_models(study), fold=folds(study))


def folds(study):
    """List the folds that a study trains."""
    return STUDIES[study].fold_numbers


def all_models(study):
    """Name the models of a study, the trivial baseline among them."""
    return list(STUDIES[study].all_models)


def training_settings(wildcards):
    """Write what a training depends on as JSON: the model's rules and what the card says."""
    settings = settings_of(wildcards, wildcards.model, int(wildcards.fold))
    return json.dumps(settings, sort_keys=True)


def settings_of(wildcards, model, fold):
    """Give what the training of a model of the wildcards' study on a fold depends on."""
    study, card = STUDIES[wildcards.study], card_of(wildcards)
    return {
        "task": study.task,
        "study": wildcards.study,
        "model": model,
        "fold": fold,
        "dataset": study.dataset,
        "rules": plain(study.all_models[model]),
        "classes": card.classes,
        "target": plain(study.target),
        "view": plain(study.input),
        "channels": card.channels,
        "modality": card.modality,
        "pixel_mm": card.pixel_mm,
    }


def point_settings(wildcards):
    """Give what the trainings of a point of the learning curve depend on: those of the first fold."""
    return settings_of(wildcards, wildcards.model, folds(wildcards.study)[0])


def start_of(wildcards, file="model.json"):
    """Find a file of the trained fold that a model starts from; none where it starts otherwise."""
    study = STUDIES[wildcards.study]
    start = study.all_models[wildcards.model].start_from
    if start is None or start.study is None:
        return []
    fold = int(wildcards.get("fold", study.fold_numbers[0]))
    fold = start_fold(study, STUDIES[start.study], fold)
    return [f"results/{start.study}/models/{start.model}/fold-{fold}/{file}"]


def started_weights(wildcards):
    """Find the weights of `start_of`."""
    return start_of(wildcards, "weights.safetensors")


def start_option(wildcards):
    """Tell a training where it starts, if it starts from a study's model."""
    return " ".join(f"--start {shlex.quote(model)}" for model in start_of(wildcards))


def points_of(study):
    """List the points of a study's learning curve."""
    curve = STUDIES[study].curve
    return expand(
        POINT,
        study=study,
        model=curve.models,
        size=curve.sizes,
        seed=range(curve.seeds),
    )


def curve_of(study):
    """List the learning curve of a study; none where it has none."""
    return [f"results/{study}/curve/curve.json"] if study in CURVED else []


def trial_settings(wildcards):
    """Write what a trial depends on as JSON: not how many there are."""
    search = STUDIES[wildcards.study].search
    settings = {
        "training": settings_of(wildcards, search.model, search.fold),
        "search": search.for_trials(),
        "number": int(wildcards.number),
    }
    return json.dumps(settings, sort_keys=True)


def trials_of(study, numbers=None):
    """List the records of a search's trials; of all, or of those numbered."""
    chosen = range(STUDIES[study].search.trials) if numbers is None else numbers
    return [f"results/{study}/search/trials/trial-{n:03d}/trial.json" for n in chosen]


def earlier_of(wildcards):
    """List the records of the trials that a trial is compared with."""
    prune = STUDIES[wildcards.study].search.prune
    return trials_of(wildcards.study, earlier_trials(prune, int(wildcards.number)))


def repeats_of(study):
    """List the records of the best trial's repetitions."""
    seeds = range(STUDIES[study].search.seeds)
    return [f"results/{study}/search/repeats/repeat-{n:03d}/trial.json" for n in seeds]


def searched_model(wildcards):
    """Find the model of a search as the study has it, to stand beside the best."""
    search = STUDIES[wildcards.study].search
    return (
        f"results/{wildcards.study}/models/{search.model}/fold-{search.fold}/model.json"
    )


def searches_of(study):
    """List the summary of a study's search, where it has one."""
    return [f"results/{study}/search/search.json"] if study in SEARCHED else []


def search_option(study):
    """Name to MLflow the model whose settings a study searches."""
    return f"--search={STUDIES[study].search.model}" if study in SEARCHED else ""


PREDICTIONS = "results/{study}/predictions/{model}/{part}/predictions.tsv"
POINT = "results/{study}/curve/points/{model}/n-{size}/seed-{seed}/point.json"
TARGETS = {
    "versions": ["results/versions.json"],
    "download": expand("data/raw/{dataset}.tar", dataset=DOWNLOADED),
    "simulate": [path for dataset in SIMULATED for path in archives(dataset)],
    "record": expand("data/raw/{dataset}.source.json", dataset=SIMULATED),
    "intake": expand("data/cases/{dataset}/cases.tsv", dataset=CARDS),
    "split": expand("results/{study}/split.tsv", study=TRAINED),
    "plan": expand("results/{study}/plan.json", study=TRAINED),
    "preprocess": [path for study in TRAINED for path in all_shards(study)],
    "patches": expand("data/patches/{study}/index.parquet", study=TRAINED),
    "train": [path for study in TRAINED for path in all_folds(study, "model.json")],
    "curve_point": [path for study in CURVED for path in points_of(study)],
    "curve": [path for study in CURVED for path in curve_of(study)],
    "trial": [path for study in SEARCHED for path in trials_of(study)],
    "repeat": [path for study in SEARCHED for path in repeats_of(study)],
    "search": [path for study in SEARCHED for path in searches_of(study)],
    "predict": [path for study in TRAINED for path in predictions_of(study)],
    "evaluate": [path for study in TRAINED for path in evaluations_of(study)],
    "explain": [path for study in TRAINED for path in explanations_of(study)],
    "compare": expand("results/{study}/metrics.json", study=TRAINED),
    "report": expand("results/{study}/report.html", study=TRAINED),
    "describe": expand("results/{study}/report.html", study=DESCRIBED),
    "index": ["results/index.html"],
}
PROGRAMS = {
    "train": "radflow.training.__main__",
    "trial": "radflow.search.__main__",
    "repeat": "radflow.search.__main__",
}
OF_FAMILIES = ("plan", "patches", *PROGRAMS, "predict", "evaluate", "compare", "report")
COMMON = sorted(set(TARGETS) - {"versions", *OF_FAMILIES})
VERSIONS = {
    **{step: code(step) for step in COMMON},
    **{
        family: {step: code(f"{family}/{step}") for step in OF_FAMILIES}
        for family in FAMILIES
    },
}
