"""Why a network said so: maps, features, patches that excite a unit, and checks of all that."""
