import pytest
from mlflow import MlflowClient

from radflow.tracking.parents import MODEL, find_runs, init, model_run


def experiment(client: MlflowClient, study: str = "hippocampus") -> str:
    found = client.get_experiment_by_name(study)
    assert found is not None
    return found.experiment_id


def test_each_model_has_one_finished_run_however_often_it_is_asked_for(
    client: MlflowClient, uri: str
) -> None:
    for _ in range(2):
        init("hippocampus", ["unet", "baseline"], uri=uri)
    runs = client.search_runs([experiment(client)])
    assert sorted(run.data.tags["model"] for run in runs) == ["baseline", "unet"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert len({run.data.tags["job_key"] for run in runs}) == 2


def test_no_tag_tells_who_or_where(client: MlflowClient, uri: str) -> None:
    init("hippocampus", ["unet"], uri=uri)
    [run] = client.search_runs([experiment(client)])
    assert set(run.data.tags) == {"role", "study", "model", "job_key", "mlflow.runName"}


def test_models_of_two_studies_do_not_mix(client: MlflowClient, uri: str) -> None:
    init("one", ["unet"], uri=uri)
    init("two", ["unet"], uri=uri)
    runs = [
        model_run(client, experiment(client, study), study=study, model="unet").info.run_id
        for study in ("one", "two")
    ]
    assert len(set(runs)) == 2
    assert find_runs(client, experiment(client, "one"), role=MODEL, model="other") == []


def test_a_store_that_can_not_be_written_costs_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    init("hippocampus", ["unet"], uri="sqlite:////proc/none/mlflow.db")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("not mirrored to MLflow (sqlite:////proc/none/mlflow.db: ")
    assert lines[0].endswith("the workflow goes on, and its files are the record")
