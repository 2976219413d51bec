"""The clubs behind the game centre's codes, 2009 to 2019, moves and renamings included."""

from types import MappingProxyType

NAMES = MappingProxyType(
    {
        "ARI": "Arizona Cardinals",
        "ATL": "Atlanta Falcons",
        "BAL": "Baltimore Ravens",
        "BUF": "Buffalo Bills",
        "CAR": "Carolina Panthers",
        "CHI": "Chicago Bears",
        "CIN": "Cincinnati Bengals",
        "CLE": "Cleveland Browns",
        "DAL": "Dallas Cowboys",
        "DEN": "Denver Broncos",
        "DET": "Detroit Lions",
        "GB": "Green Bay Packers",
        "HOU": "Houston Texans",
        "IND": "Indianapolis Colts",
        "JAC": "Jacksonville Jaguars",
        "JAX": "Jacksonville Jaguars",
        "KC": "Kansas City Chiefs",
        "LA": "Los Angeles Rams",
        "LAC": "Los Angeles Chargers",
        "LV": "Las Vegas Raiders",
        "MIA": "Miami Dolphins",
        "MIN": "Minnesota Vikings",
        "NE": "New England Patriots",
        "NO": "New Orleans Saints",
        "NYG": "New York Giants",
        "NYJ": "New York Jets",
        "OAK": "Oakland Raiders",
        "PHI": "Philadelphia Eagles",
        "PIT": "Pittsburgh Steelers",
        "SD": "San Diego Chargers",
        "SEA": "Seattle Seahawks",
        "SF": "San Francisco 49ers",
        "STL": "St. Louis Rams",
        "TB": "Tampa Bay Buccaneers",
        "TEN": "Tennessee Titans",
        "WAS": "Washington",
    }
)

# Codes that statistic credits use for a club whose header has another one.
ALIASES = MappingProxyType(
    {
        "ARZ": "ARI",
        "BLT": "BAL",
        "CLV": "CLE",
        "HST": "HOU",
        "SL": "STL",
        "JAX": "JAC",
        "LAR": "LA",
    }
)


def club_name(code: str) -> str:
    """Return the club's name; a code nobody knows is its own name."""
    return NAMES.get(code, code)


def same_club(code: str, header: str) -> bool:
    """Say whether a credit's club code means the club of a header."""
    return code == header or ALIASES.get(code, code) == ALIASES.get(header, header)
