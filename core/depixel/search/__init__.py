"""The latent search: `search` answers a `Question` with `Candidates`."""

from depixel.search.candidates import Candidates, Solution, candidate_seed
from depixel.search.loop import DEFAULT_STEPS, search
from depixel.search.question import Question
from depixel.search.terms import TERMS, Context, Term

__all__ = [
    "DEFAULT_STEPS",
    "TERMS",
    "Candidates",
    "Context",
    "Question",
    "Solution",
    "Term",
    "candidate_seed",
    "search",
]
