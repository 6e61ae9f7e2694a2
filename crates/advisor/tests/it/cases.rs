//! Hand-worked figures, and what is missing when there are too few.
