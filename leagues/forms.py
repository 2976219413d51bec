"""Validation of what a viewer searches for."""

from django import forms
from django.utils.translation import gettext_lazy as _


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
