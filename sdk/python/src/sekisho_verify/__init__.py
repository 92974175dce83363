"""Verifies Sekisho access tokens without a call per request, and refuses a revoked one within a second."""

from ._claims import Claims, Proof
from ._refusal import Refusal, bearer
from ._verifier import OnStale, Status, Verifier, from_environment

__all__ = ["Claims", "OnStale", "Proof", "Refusal", "Status", "Verifier", "bearer", "from_environment"]
