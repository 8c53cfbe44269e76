import pytest
from bids_tree import BidsFolder, bids_card


@pytest.fixture
def card():
    return bids_card()


@pytest.fixture
def bids(tmp_path):
    return BidsFolder(tmp_path / "unpacked/000")
