"""DICOM: folders of instances read with suspicion, checked, and converted to NIfTI."""
