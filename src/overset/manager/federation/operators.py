"""REST: what users are known as at the OpenID provider."""

from typing import Annotated

from fastapi import APIRouter, Depends

from overset.manager.federation.model import Identity
from overset.manager.federation.service import FederationService
from overset.rest.http import Locator, problems, served

router = APIRouter(prefix="/users/{user_id}/identities", tags=["users"])

Federation = Annotated[FederationService, Depends(served(FederationService))]


@router.get("", responses=problems(404))
def list_identities(federation: Federation, user_id: Locator) -> list[Identity]:
    """List what a user is known as; empty for who signs in with a password alone."""
    return federation.identities.known_as(user_id)


@router.delete("", status_code=204, responses=problems(404))
def unlink_user(federation: Federation, user_id: Locator) -> None:
    """Forget it, and sign the user out everywhere; the address decides again next time."""
    federation.identities.unlink(user_id)
