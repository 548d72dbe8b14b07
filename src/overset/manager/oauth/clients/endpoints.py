"""REST: clients that operators make."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from overset.manager.oauth.clients.model import Client
from overset.manager.oauth.clients.schema import ClientCreate, ClientCreated, ClientView
from overset.manager.oauth.clients.service import ClientService
from overset.rest.http import Locator, PageOf, Paging, problems, served
from overset.rest.paging import Page

router = APIRouter(prefix="/clients", tags=["clients"])

Clients = Annotated[ClientService, Depends(served(ClientService))]


@router.get("", response_model=PageOf[ClientView], responses=problems(400))
def list_clients(clients: Clients, paging: Paging) -> Page[Client]:
    """List the clients that operators made, by name; others come and go by themselves."""
    return clients.page(limit=paging.limit, cursor=paging.cursor)


@router.post("", status_code=201, responses=problems(400))
def create_client(clients: Clients, body: ClientCreate, response: Response) -> ClientCreated:
    """Make a client."""
    response.headers["Cache-Control"] = "no-store"
    made = clients.create(
        body.name,
        redirect_uris=body.redirect_uris,
        post_logout_redirect_uris=body.post_logout_redirect_uris,
        confidential=body.confidential,
    )
    return ClientCreated(client=ClientView.model_validate(made.client), secret=made.secret)


@router.get("/{client_id}", response_model=ClientView, responses=problems(404))
def get_client(clients: Clients, client_id: Locator) -> Client:
    """Return one client."""
    return clients.get(client_id)


@router.delete("/{client_id}", status_code=204, responses=problems(404))
def remove_client(clients: Clients, client_id: Locator) -> None:
    """Remove a client; within a second nothing that it was given counts."""
    clients.remove(client_id)
