import pytest
import torch

from radflow.errors import ModelError
from radflow.inference.precision import autocast_dtype, best_device, device_named

CPU = torch.device("cpu")


def with_capabilities(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "bf16"])
def test_a_cpu_that_multiplies_in_bfloat16_uses_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with_capabilities(monkeypatch, **{name: True})
    assert autocast_dtype(CPU, "auto") is torch.bfloat16


def test_a_cpu_that_would_emulate_bfloat16_stays_in_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_capabilities(monkeypatch, avx512_f=True, avx512_bf16=False)
    assert autocast_dtype(CPU, "auto") is None


def test_a_stated_precision_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with_capabilities(monkeypatch, avx512_bf16=False)
    assert autocast_dtype(CPU, "bf16") is torch.bfloat16
    with_capabilities(monkeypatch, avx512_bf16=True)
    assert autocast_dtype(CPU, "float32") is None


def test_other_devices_stay_in_float32() -> None:
    assert autocast_dtype(torch.device("mps"), "auto") is None


def test_a_gpu_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    assert autocast_dtype(torch.device("cuda"), "auto") is torch.bfloat16


def test_the_best_device_is_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert best_device().type == "cuda"
    assert device_named("cpu").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert best_device().type == "cpu"


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="no GPU was found"):
        device_named("cuda")
