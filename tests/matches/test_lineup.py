"""Where players stand: formations, positions, lists."""

from leagues.packs.loader import load_pack
from matches.rules.lineup import Place, pitch_rows


def eleven(*positions: tuple[str, int]) -> list[Place]:
    names = [position for position, count in positions for _ in range(count)]
    return [
        Place(
            name=f"P{order}",
            slug=f"p{order}",
            shirt=str(order),
            position=position,
            order=order,
            is_starter=True,
            is_captain=False,
        )
        for order, position in enumerate(names)
    ]


def sizes(pack_id: str, starters: list[Place], formation: str = "") -> list[int]:
    return [len(row) for row in pitch_rows(load_pack(pack_id), starters, formation)]


def test_formation_makes_the_rows() -> None:
    starters = eleven(("GKP", 1), ("DEF", 4), ("MID", 5), ("FWD", 1))

    assert sizes("football", starters, "4-2-3-1") == [1, 4, 2, 3, 1]


def test_positions_make_the_rows_without_a_fitting_formation() -> None:
    starters = eleven(("GKP", 1), ("DEF", 3), ("MID", 5), ("FWD", 2))

    assert sizes("football", starters) == [1, 3, 5, 2]
    assert sizes("football", starters, "4-4-9") == [1, 3, 5, 2]


def test_five_starters_stand_in_a_list() -> None:
    assert sizes("basketball", eleven(("PG", 1), ("SG", 1), ("SF", 1), ("PF", 1), ("C", 1))) == []


def test_players_of_unknown_position_stand_in_a_list() -> None:
    assert sizes("football", eleven(("", 11))) == []
