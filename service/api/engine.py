"""Which fingerprints are taken instead of a text."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from service.api.dependencies import Context, anyone_known
from service.api.documented import problems
from service.api.formats.sale_output import MAX_FINGERPRINT_CHARS

router = APIRouter(tags=["attribution"])


class EngineInForce(BaseModel):
    """What a vendor that sends fingerprints must know of the engine."""

    fingerprint_version: str = Field(
        description="Fingerprints of this version are taken: normaliser, cutter, words, encoder."
    )
    max_fingerprint_chars: int = Field(description="Of base64, in one sale.")


@router.get(
    "/v1/engine",
    summary="The fingerprints that are taken",
    dependencies=[Depends(anyone_known)],
    responses=problems(401, 403),
)
def read_engine(context: Context) -> EngineInForce:
    """Say which version a fingerprint must be of; compare before you send many."""
    return EngineInForce(
        fingerprint_version=context.fingerprints.version,
        max_fingerprint_chars=MAX_FINGERPRINT_CHARS,
    )
