"""Who uses the platform: users, their roles and what a role may do."""
