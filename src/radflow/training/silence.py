"""What Lightning says of itself is not for the log of a study."""

import logging
import warnings


def silence_lightning() -> None:
    """Silence what Lightning tells its own developers; errors still show."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    warnings.filterwarnings("ignore", module="lightning_fabric")
