"""Forms about the viewer's own account."""

import zoneinfo
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.enums import KeyMode, KeyScope
from accounts.models import User
from accounts.rules import SCOPES, UnreadableNameError, readable_name
from config.sight import DELAY_STEP_S, MAX_DELAY_S, whole_delay_s


class LoginForm(AuthenticationForm):
    """E-mail address and password."""

    username = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )

    def clean_username(self) -> str:
        email: str = self.cleaned_data["username"]
        return email.lower()


# Nobody types more, and hashing has a price.
_LONGEST_PASSWORD: Final = 256


# What the page's script needs to offer that the password be shown.
_REVEALED: Final = {"data-reveal": _("Show password"), "data-conceal": _("Hide password")}


class NameMixin:
    """Takes only names that others can read."""

    def clean_display_name(self) -> str:
        name: str = self.cleaned_data["display_name"]  # type: ignore[attr-defined]
        try:
            return readable_name(name) if name else ""
        except UnreadableNameError as error:
            raise ValidationError(_("Use letters or numbers that others can read.")) from error


class SignUpForm(NameMixin, forms.Form):
    """What a new account needs.

    One field for the password: it can be shown, and managers of passwords fill it in.
    """

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("You log in with it. Nobody else sees it."),
        # Managers of passwords keep what stands here as the name of the login.
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=_LONGEST_PASSWORD,
        strip=False,
        help_text=_("At least 8 characters, not your name, not a common password."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", **_REVEALED}),
    )
    display_name = forms.CharField(
        label=_("Display name"),
        max_length=60,
        help_text=_("Others see it in fantasy leagues."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            self.refuse_address()
        return email

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "password" in data:
            user = User(email=data.get("email", ""), display_name=data.get("display_name", ""))
            _check_password(self, "password", user)
        return data

    def refuse_address(self) -> None:
        """Say at the field that somebody has the address."""
        self.add_error("email", _("There is an account with this address. Log in instead."))


class PasswordForm(forms.Form):
    """A new password of a user who knows his present one."""

    present = forms.CharField(
        label=_("Present password"),
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("New password"),
        max_length=_LONGEST_PASSWORD,
        strip=False,
        help_text=_("At least 8 characters, not your name, not a common password."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", **_REVEALED}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_present(self) -> str:
        present: str = self.cleaned_data["present"]
        if not self.user.check_password(present):
            raise ValidationError(_("This is not your present password."))
        return present

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "password" in data:
            _check_password(self, "password", self.user)
        return data


def _check_password(form: forms.Form, name: str, user: User) -> None:
    """Say at the field why a password is none."""
    try:
        validate_password(form.cleaned_data[name], user)
    except ValidationError as error:
        form.add_error(name, error)


class SpoilerForm(forms.Form):
    """How late a reader wants to be told, and whether he wants scores at all."""

    spoiler_delay_s = forms.IntegerField(
        label=_("Delay in seconds"),
        help_text=_("Up to 180. Scores, events and tables come that much later, on every page."),
        min_value=0,
        max_value=MAX_DELAY_S,
        required=False,
        widget=forms.NumberInput(attrs={"step": DELAY_STEP_S, "inputmode": "numeric"}),
    )
    hides_scores = forms.BooleanField(
        label=_("Hide scores"),
        help_text=_("Shows kick-off times and what is over; scores only when you ask for them."),
        required=False,
    )

    def clean_spoiler_delay_s(self) -> int:
        return whole_delay_s(self.cleaned_data["spoiler_delay_s"] or 0)


class ProfileForm(NameMixin, SpoilerForm, forms.ModelForm):
    """What others see of a user, in which zone the user sees times, and how he is spared."""

    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    field_order = ("display_name", "time_zone", "spoiler_delay_s", "hides_scores")

    class Meta:
        model = User
        fields = ("display_name", "time_zone", "spoiler_delay_s", "hides_scores")
        labels = {"display_name": _("Display name")}
        widgets = {"display_name": forms.TextInput(attrs={"autocomplete": "nickname"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]
        field = cast("forms.ChoiceField", self.fields["time_zone"])
        field.choices = [("", _("As this device")), *zones]


class KeyForm(forms.Form):
    """A new key for a partner's program."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("Which program uses it. You will know by it which key to revoke."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    mode = forms.ChoiceField(
        label=_("Mode"),
        choices=[
            (KeyMode.TEST, _("Test: with a sandbox")),
            (KeyMode.LIVE, _("Live: real data only")),
        ],
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it is good for"),
        choices=KeyScope.choices,
        initial=[KeyScope.READ.value],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=_("Good for"),
        coerce=int,
        choices=[(90, _("90 days")), (365, _("A year")), (30, _("30 days")), (0, _("No end"))],
    )

    def clean_name(self) -> str:
        try:
            return readable_name(self.cleaned_data["name"])
        except UnreadableNameError as error:
            raise ValidationError(_("Use letters or numbers that others can read.")) from error

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if {"mode", "scopes"} <= set(data):
            allowed = SCOPES[KeyMode(data["mode"])]
            beyond = [KeyScope(scope).label for scope in data["scopes"] if scope not in allowed]
            if beyond:
                mode = KeyMode.LIVE if data["mode"] == KeyMode.TEST else KeyMode.TEST
                told = {"mode": mode.label, "what": beyond[0]}
                fix = _("Only a key of the mode %(mode)s is good for this: %(what)s.") % told
                self.add_error("scopes", fix)
        return data

    def expires_at(self, at: datetime) -> datetime | None:
        """Return when the key ends that is made at a moment."""
        days: int = self.cleaned_data["days"]
        return at + timedelta(days=days) if days else None

    def refuse(self, code: str, most: int) -> None:
        """Say at the place what the service refused."""
        if code == "name_taken":
            self.add_error("name", _("You have a key with this name. Revoke it, or take another."))
        else:
            told = _("You have %(most)s keys, and cannot have more. Revoke one first.")
            self.add_error(None, told % {"most": most})
