"""Forms about the viewer's own account."""

import zoneinfo
from typing import Any, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts.models import User
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


class ProfileForm(SpoilerForm, forms.ModelForm):
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
