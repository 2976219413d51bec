"""Countries and what they are called."""

from fantasy.rules.countries import countries, country_name


def test_every_code_has_a_name():
    assert len(countries()) > 240
    assert all(len(code) == 2 and code.isupper() and name for code, name in countries().items())


def test_names_are_in_the_order_of_people():
    names = list(countries().values())

    assert names.index("Åland Islands") < names.index("Albania")
    assert names.index("Norway") < names.index("Oman")


def test_code_that_nobody_knows_stands_for_itself():
    assert [country_name(code) for code in ("NO", "XK", "QQ", "")] == ["Norway", "Kosovo", "QQ", ""]
