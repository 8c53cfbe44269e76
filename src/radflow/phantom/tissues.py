"""What tissues look like to a scanner: relaxation at 3 T, diffusion, perfusion, attenuation.

Sources, by the letter behind a row:

- (a) T1 and T2 of white matter, grey matter (bovine, at 37 C) and blood: Stanisz et al., Magn Reson
  Med 54, 2005, doi:10.1002/mrm.20605.
- (b) T2* of grey and white matter: Peters et al., Magn Reson Imaging 25, 2007,
  doi:10.1016/j.mri.2007.02.014.
- (c) T1 and T2 of fat: de Bazelaire et al., Radiology 230, 2004, doi:10.1148/radiol.2303021331.
- (d) T1 and T2 of cerebrospinal fluid, between those of the subarachnoid space and of the frontal
  horns at 3 T: PMC10696635.
- (e) Proton density of grey and white matter: Oros-Peusquens et al., Front Neurol 10, 2019,
  doi:10.3389/fneur.2019.01333.
- (f) Diffusion of grey and white matter: Helenius et al., AJNR 23, 2002 (at 1.5 T; diffusion does
  not depend on the field).
- (g) T2 of venous blood: Qin et al., Magn Reson Med 65, 2011, doi:10.1002/mrm.22556.
- (h) Attenuation of white matter: Cala et al., AJNR 2, 1981.

What has no letter, all lesions among it, is set so that contrasts have the sign and about the size
that textbooks give; no single measurement is claimed for it.
"""

from typing import NamedTuple


class Tissue(NamedTuple):
    """Properties of a tissue at 3 T.

    Attributes
    ----------
    t1, t2, t2star
        Relaxation times, ms.
    pd
        Proton density, share of that of water.
    adc
        Apparent diffusion coefficient, 10^-3 mm2/s.
    cbf
        Blood flow, ml/100 g/min.
    hu
        Attenuation of X-rays, HU.
    gadolinium
        Concentration of contrast agent after its injection, mmol/l.
    """

    t1: float
    t2: float
    t2star: float
    pd: float
    adc: float
    cbf: float
    hu: float
    gadolinium: float = 0.0


TISSUES: dict[str, Tissue] = {
    "air": Tissue(1000, 1, 1, 0.0, 0.0, 0, -1000),
    "csf": Tissue(4350, 2000, 1000, 1.0, 3.0, 0, 8),  # d
    "grey": Tissue(1820, 99, 66, 0.84, 0.86, 60, 37),  # a, b, e, f
    "white": Tissue(1084, 69, 53, 0.69, 0.70, 22, 30),  # a, b, e, f, h
    "bone": Tissue(400, 1, 0.5, 0.15, 0.0, 2, 1100),
    "marrow": Tissue(370, 60, 12, 0.6, 0.3, 8, 350),
    "scalp": Tissue(1300, 40, 25, 0.75, 1.2, 8, 45, 0.05),
    "fat": Tissue(382, 68, 30, 0.9, 0.05, 4, -90),  # c
    "vein": Tissue(1932, 62, 14, 0.85, 1.2, 30, 45, 0.5),  # a (T1), g
    "oedema": Tissue(1900, 175, 110, 0.86, 1.35, 15, 20),
    # The contrast agent brings the rim's T1 to about 840 ms.
    "enhancing": Tissue(1550, 125, 70, 0.84, 0.95, 95, 40, 0.17),
    "necrosis": Tissue(2900, 420, 250, 0.94, 2.2, 2, 16),
    # Cytotoxic oedema: diffusion falls at once, T2 and attenuation change little within hours.
    "core-grey": Tissue(1950, 116, 74, 0.86, 0.50, 7, 31),
    "core-white": Tissue(1300, 84, 60, 0.73, 0.42, 4, 26),
    # Too little blood, but cells that live: seen in perfusion alone.
    "penumbra-grey": Tissue(1820, 99, 66, 0.84, 0.84, 17, 36),
    "penumbra-white": Tissue(1084, 69, 53, 0.69, 0.69, 9, 30),
    "haematoma": Tissue(1450, 48, 9, 0.75, 0.6, 2, 68),
    "microbleed": Tissue(1200, 60, 9, 0.74, 0.6, 8, 46),
    "calcification": Tissue(1000, 45, 8, 0.50, 0.5, 5, 220),
}
"""Tissues by name; a voxel is a mixture of them."""
