"""What a person says of his notices."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.enums import Medium, Preset
from notifications.models import Preference
from notifications.selectors import Subject, notices_for


class FollowForm(forms.Form):
    """How much of something is told, and by what media."""

    preset = forms.ChoiceField(
        label=_("How much"), choices=Preset.choices, widget=forms.RadioSelect
    )
    kinds = forms.MultipleChoiceField(
        label=_("What you choose"), required=False, widget=forms.CheckboxSelectMultiple
    )
    # `media` is Django's name for scripts and styles of a form.
    ways = forms.MultipleChoiceField(
        label=_("How it comes"), choices=Medium.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(notice.id, notice.label) for notice in notices_for(subject)]
        self.fields["kinds"].choices = choices  # type: ignore[attr-defined]


class QuietForm(forms.ModelForm):
    """When a user is not to be disturbed."""

    class Meta:
        model = Preference
        fields = ("quiet_from", "quiet_until")
        labels = {"quiet_from": _("From"), "quiet_until": _("Until")}
        widgets = {
            name: forms.TimeInput(format="%H:%M", attrs={"type": "time"})
            for name in ("quiet_from", "quiet_until")
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if (data.get("quiet_from") is None) != (data.get("quiet_until") is None):
            missing = "quiet_from" if data.get("quiet_from") is None else "quiet_until"
            if missing not in self.errors:
                self.add_error(missing, _("Give both ends of the quiet hours, or none."))
        return data
