"""Validation of what a viewer searches for, and of teams that a curator pastes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from leagues.rules.pasting import PasteError, TypedTeam, read_teams


class SearchForm(forms.Form):
    """A few letters of a name."""

    q = forms.CharField(
        label=_("Team, player or league"),
        min_length=2,
        max_length=80,
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "enterkeyhint": "search"}
        ),
    )


class PasteForm(forms.Form):
    """Teams, one a line; `seen` says what was shown of them."""

    names = forms.CharField(
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "cols": 60, "spellcheck": "false"}),
        help_text="One team a line: its name, or name; short name; code. Columns copied from a "
        "spreadsheet do as well.",
    )
    are_others = forms.BooleanField(
        required=False,
        label="Names that resemble another one are other teams",
        help_text="Needed only when the preview finds such names.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_names(self) -> list[TypedTeam]:
        try:
            return read_teams(self.cleaned_data["names"])
        except PasteError as error:
            raise forms.ValidationError(f"{error}.".capitalize()) from error
