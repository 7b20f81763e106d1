"""The application: agents, services, routes and what they share."""
