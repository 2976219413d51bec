"""Validation of what a viewer asks of the scores."""

import datetime

from django import forms


class DayForm(forms.Form):
    """Which day, and whether only what is live; anything unreadable falls back to today."""

    date = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    live = forms.BooleanField(required=False)

    def day(self, today: datetime.date) -> datetime.date:
        """Return the chosen day."""
        chosen: datetime.date | None = self.cleaned_data.get("date") if self.is_valid() else None
        return chosen or today
