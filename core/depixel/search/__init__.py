"""The latent search: `search` yields steps and ends with `Candidates`."""

from depixel.search.candidates import Candidates, Found, candidate_seed
from depixel.search.loop import DEFAULT_STEPS, finish, search
from depixel.search.step import SearchStep
from depixel.search.terms import Context, Term, standard_terms

__all__ = [
    "DEFAULT_STEPS",
    "Candidates",
    "Context",
    "Found",
    "SearchStep",
    "Term",
    "candidate_seed",
    "finish",
    "search",
    "standard_terms",
]
