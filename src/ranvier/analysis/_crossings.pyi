import numpy as np
from numpy.typing import NDArray

def find(
    t_ms: NDArray[np.float64], values: NDArray[np.float64], threshold: float, rearm: float
) -> tuple[NDArray[np.int32], NDArray[np.float64]]: ...
