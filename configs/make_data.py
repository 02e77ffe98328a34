"""Writes data/breast_cancer.csv: scikit-learn's own table, with a diagnosis in words.

Run it again with `python configs/make_data.py`; the file it writes is the one that ships.
"""

from pathlib import Path

from sklearn.datasets import load_breast_cancer

FILE = Path(__file__).parent / "data" / "breast_cancer.csv"


def content() -> bytes:
    """569 rows, 30 measurements of a cell sample's nuclei, and `diagnosis`."""
    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    frame["diagnosis"] = bunch.target_names[bunch.target]
    return frame.to_csv(index=False, lineterminator="\n").encode()


if __name__ == "__main__":
    FILE.write_bytes(content())
