"""What the forms of the pages send; what a field means is the service's to check."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

_Field = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
"""Text of a field; PostgreSQL keeps no NUL."""


class SignInForm(BaseModel):
    """The sign-in page's."""

    email: _Field = ""
    password: _Field = ""
    csrf: _Field = ""
    next: _Field = ""
    authorization: _Field = ""


class InvitationForm(BaseModel):
    """That of an invitation's page."""

    name: _Field = ""
    password: _Field = ""
    repeated: _Field = ""
    csrf: _Field = ""


class PasswordForm(BaseModel):
    """That of the account page for a new password."""

    current: _Field = ""
    password: _Field = ""
    repeated: _Field = ""
    csrf: _Field = ""


class EndForm(BaseModel):
    """A button that ends one thing of a list."""

    id: _Field = ""
    csrf: _Field = ""


class SignOutForm(BaseModel):
    """The button "Sign out"."""

    csrf: _Field = ""
