"""What is played and by whom: leagues, seasons, teams, players, venues and the packs of sports."""
